"""Windows of sound pooled from trunk frames of the whole track.

A trunk frame stands for one stride of time around its centre; a window is the mean of
the frames weighted by how much of it they cover. With prefix sums a window costs two
look-ups, whatever its length, and thirty of them a second next to nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundloc.trunks.clock import FrameClock


def frame_span(clock: FrameClock, start: float, stop: float) -> tuple[float, float]:
    """Express the window from sample `start` to `stop` in frames of a layer.

    Frame k covers k to k + 1. Frames that hear over the ends of the window stay out of
    it, but for the one in the middle of a short window.
    """
    margin = (clock.receptive_field - clock.stride) / 2
    half = max((stop - start) / 2 - margin, clock.stride / 2)
    middle = ((start + stop) / 2 - clock.offset) / clock.stride + 0.5
    return middle - half / clock.stride, middle + half / clock.stride


def window_mean(frames: Tensor, span: tuple[float, float]) -> Tensor:
    """Average frames (b, c, t) over a span of frames to (b, c).

    The first and the last frame continue beyond the ends.
    """
    begin, end = span
    edges = torch.arange(frames.shape[-1] + 1, dtype=torch.float64)
    edges[0], edges[-1] = -torch.inf, torch.inf
    overlap = edges[1:].clamp(max=end) - edges[:-1].clamp(min=begin)
    weights = overlap.clamp(min=0.0) / (end - begin)
    return frames @ weights.to(frames)


class PrefixSums:
    """Means over any span of frames, in constant time.

    Parameters
    ----------
    frames
        (t, c), t > 0.
    """

    def __init__(self, frames: NDArray[np.float32]) -> None:
        # float64: the difference of two sums over an hour of frames must stay exact.
        self._sums = np.zeros((len(frames) + 1, frames.shape[1]))
        np.cumsum(frames, axis=0, dtype=np.float64, out=self._sums[1:])

    def mean(self, span: tuple[float, float]) -> NDArray[np.float64]:
        """Average over a span of frames, shape (c,), as `window_mean` does."""
        begin, end = span
        mean: NDArray[np.float64] = (self._sum_to(end) - self._sum_to(begin)) / (
            end - begin
        )
        return mean

    def _sum_to(self, position: float) -> NDArray[np.float64]:
        # Beyond the ends the line through the outermost frame goes on.
        below = min(max(int(np.floor(position)), 0), len(self._sums) - 2)
        step = self._sums[below + 1] - self._sums[below]
        total: NDArray[np.float64] = self._sums[below] + (position - below) * step
        return total
