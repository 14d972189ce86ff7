"""Means of trunk frames over windows of a track, from prefix sums.

A window costs two look-ups, whatever its length, and thirty of them a second next to
nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
