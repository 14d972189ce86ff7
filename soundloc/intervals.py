"""Means with intervals: no figure of this package stands without its uncertainty.

A share of successes gets Wilson's interval, which stays inside [0, 1] and is honest
near its ends, where the binomial interval of the paper's Table 1 is not; everything
else, and whatever was measured several times on one clip, is resampled by the group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

# What measurements (n,) that count so often each amount to.
Statistic = Callable[[NDArray[np.float64]], float]

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


def bootstrap_statistic(
    statistic: Statistic, groups: NDArray[np.int64], *, seed: int = 0
) -> Interval:
    """Measure any statistic, with a 95 % interval from resampling whole groups.

    It is told how often each measurement counts: once for the figure itself, as often
    as its group was drawn for every resample. Resamples where it is not a number,
    for instance because they hold no positive, are left out.
    """
    whole = statistic(np.ones(len(groups))) if len(groups) else float("nan")
    if np.isnan(whole):
        return Interval(whole, whole, whole, len(groups))
    rng = np.random.default_rng(seed)
    _, codes = np.unique(groups, return_inverse=True)
    n_groups = int(codes.max()) + 1
    drawn = np.empty(_N_BOOTSTRAPS)
    for i in range(_N_BOOTSTRAPS):
        times = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
        drawn[i] = statistic(times[codes].astype(np.float64))
    low, high = np.percentile(drawn[~np.isnan(drawn)], (2.5, 97.5))
    return Interval(float(whole), float(low), float(high), len(groups))


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
