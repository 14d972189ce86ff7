"""Pooling of trunk frames over windows of a sound track.

A trunk frame stands for one stride of time around its centre; a window is the mean of
the frames weighted by how much of it they cover and, if asked, by how loud they are.
With prefix sums a window costs two look-ups, whatever its length, and thirty of them a
second next to nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from soundloc.network.trunks.frame_clock import FrameClock

_LONGEST = 22_050  # samples about its centre that tell how loud a frame is: a second
_BLOCK = 256  # samples whose power is summed up
# Of tracks at the reference level: what lies below counts alike.
_FAINTEST = 1e-4


def frame_span(clock: FrameClock, start: float, stop: float) -> tuple[float, float]:
    """Express the window from sample `start` to `stop` in frames of a layer.

    Frame k covers k to k + 1. Frames that hear over the ends of the window stay out of
    it, but for the one in the middle of a short window.
    """
    margin = (clock.receptive_field - clock.stride) / 2
    half = max((stop - start) / 2 - margin, clock.stride / 2)
    middle = ((start + stop) / 2 - clock.offset) / clock.stride + 0.5
    return middle - half / clock.stride, middle + half / clock.stride


def frame_rms(waveform: Tensor, clock: FrameClock, n_frames: int) -> Tensor:
    """Measure the RMS of sounds (b, n) about each of t frames: (b, t), above 0.

    Over what a frame hears, a second at most; of frames that lie beyond an end of the
    sound over what is nearest to them.
    """
    squares = waveform.square()[:, None]
    powers = F.avg_pool1d(squares, _BLOCK, ceil_mode=True)[:, 0].double()
    sums = F.pad(powers.cumsum(dim=1), (1, 0))
    n_blocks = powers.shape[1]
    centers = clock.offset + clock.stride * torch.arange(n_frames).to(sums)
    half = min(clock.receptive_field, _LONGEST) / 2
    begin = ((centers - half) / _BLOCK).clamp(0.0, n_blocks - 1.0)
    end = torch.maximum(((centers + half) / _BLOCK).clamp(max=n_blocks), begin + 1.0)
    power = (_sum_to(sums, end) - _sum_to(sums, begin)) / (end - begin)
    return (power.clamp(min=0.0).sqrt() + _FAINTEST).to(waveform)


def _sum_to(sums: Tensor, positions: Tensor) -> Tensor:
    """Read prefix sums (b, n + 1) at positions (t,) between 0 and n: (b, t)."""
    below = positions.long().clamp(max=sums.shape[1] - 2)
    step = sums[:, below + 1] - sums[:, below]
    return sums[:, below] + (positions - below) * step


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


class PrefixSums:
    """Means over any span of frames, in constant time.

    Parameters
    ----------
    frames
        (t, c), t > 0.
    weights
        (t,), above 0: how much each frame counts; None lets all count alike.
    """

    def __init__(
        self, frames: NDArray[np.float32], weights: NDArray[np.float32] | None = None
    ) -> None:
        if weights is None:
            weights = np.ones(len(frames), np.float32)
        # The weights' own sums stand in the last column. float64: the difference of two
        # sums over an hour of frames must stay exact.
        self._sums = np.zeros((len(frames) + 1, frames.shape[1] + 1))
        np.multiply(frames, weights[:, None], out=self._sums[1:, :-1])
        self._sums[1:, -1] = weights
        np.cumsum(self._sums, axis=0, out=self._sums)

    def mean(self, span: tuple[float, float]) -> NDArray[np.float64]:
        """Average over a span of frames, shape (c,), as `window_mean` does."""
        begin, end = span
        total = self._sum_to(end) - self._sum_to(begin)
        mean: NDArray[np.float64] = total[:-1] / total[-1]
        return mean

    def _sum_to(self, position: float) -> NDArray[np.float64]:
        # Beyond the ends the line through the outermost frame goes on.
        below = min(max(int(np.floor(position)), 0), len(self._sums) - 2)
        step = self._sums[below + 1] - self._sums[below]
        total: NDArray[np.float64] = self._sums[below] + (position - below) * step
        return total
