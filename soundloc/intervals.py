"""Means with intervals: no figure of this package stands without its uncertainty.

A share of successes gets Wilson's interval, which stays inside [0, 1] and is honest
near its ends, where the binomial interval of the paper's Table 1 is not; everything
else, and whatever was measured several times on one clip, is resampled by the group.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

_N_BOOTSTRAPS = 1000
_Z_95 = 1.959963984540054  # the 97.5 % point of the normal distribution


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval, from `n` measurements."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}] (n={self.n})"


def bootstrap(
    values: NDArray[np.float64], groups: NDArray[np.int64], *, seed: int = 0
) -> Interval:
    """Average, with a 95 % interval from resampling whole groups."""
    if len(values) == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(seed)
    _, codes = np.unique(groups, return_inverse=True)
    sums = np.bincount(codes, weights=values)
    counts = np.bincount(codes).astype(np.float64)
    means = np.empty(_N_BOOTSTRAPS)
    # One draw at a time: all at once would hold 1,000 indices per group.
    for i in range(_N_BOOTSTRAPS):
        drawn = rng.integers(len(sums), size=len(sums))
        means[i] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(float(values.mean()), float(low), float(high), len(values))


def wilson(n_successes: int, n: int) -> Interval:
    """Return the share of successes with Wilson's 95 % score interval (1927).

    Raises
    ------
    ValueError
        If there are more successes than trials, or fewer than none.
    """
    if not 0 <= n_successes <= n:
        raise ValueError(f"n_successes must be in [0, {n}], got {n_successes}")
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    share = n_successes / n
    scale = 1.0 + _Z_95**2 / n
    middle = (share + _Z_95**2 / (2 * n)) / scale
    reach = _Z_95 * sqrt(share * (1 - share) / n + _Z_95**2 / (4 * n**2)) / scale
    # At the ends the interval touches 0 or 1 exactly; rounding must not pass them.
    low = 0.0 if n_successes == 0 else middle - reach
    high = 1.0 if n_successes == n else middle + reach
    return Interval(share, low, high, n)
