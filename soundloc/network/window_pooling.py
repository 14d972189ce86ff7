"""Pooling of trunk frames over windows of a sound.

A trunk frame stands for one stride of time around its centre; a window is the mean of
the frames weighted by how much of it they cover and, if asked, by how loud they are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from soundloc.architecture import frame_loudness
from soundloc.architecture.frame_clock import FrameClock


def frame_rms(waveform: Tensor, clock: FrameClock, n_frames: int) -> Tensor:
    """Measure the RMS of sounds (b, n) about each of t frames: (b, t), above 0."""
    heard = waveform.detach().cpu().numpy()
    return torch.from_numpy(frame_loudness.frame_rms(heard, clock, n_frames)).to(
        waveform
    )


def window_mean(
    frames: Tensor, span: tuple[float, float], frame_weights: Tensor | None = None
) -> Tensor:
    """Average frames (b, c, t) over a span of frames to (b, c).

    The first and the last frame continue beyond the ends.

    Parameters
    ----------
    frame_weights
        (b, t), above 0: how much each frame counts; None lets all count alike.
    """
    begin, end = span
    edges = torch.arange(frames.shape[-1] + 1, dtype=torch.float64)
    edges[0], edges[-1] = -torch.inf, torch.inf
    overlap = edges[1:].clamp(max=end) - edges[:-1].clamp(min=begin)
    weights = (overlap.clamp(min=0.0) / (end - begin)).to(frames)
    if frame_weights is None:
        return frames @ weights
    weights = weights * frame_weights
    total = torch.einsum("bct,bt->bc", frames, weights)
    return total / weights.sum(dim=1, keepdim=True)
