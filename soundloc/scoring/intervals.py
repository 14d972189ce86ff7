"""Means with confidence intervals: bootstrap over groups, and Wilson's.

A share of successes gets Wilson's interval, which stays inside [0, 1] and is honest
near its ends, where the binomial interval of the paper's Table 1 is not; everything
else, and whatever was measured several times on one clip, is resampled by the group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

# What n measurements amount to that count so often each: from (..., n) to (...).
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_N_BOOTSTRAPS = 1000
_CHUNK = 50  # resamples drawn at once: a few megabytes
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
    """Average, with a 95 % interval from resampling whole groups.

    A single group says nothing about others: its interval is not a number.
    """
    if len(values) == 0:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(seed)
    _, codes = np.unique(groups, return_inverse=True)
    sums = np.bincount(codes, weights=values)
    counts = np.bincount(codes).astype(np.float64)
    if len(sums) == 1:
        return Interval(float(values.mean()), float("nan"), float("nan"), len(values))
    means = []
    for times in _resamples(len(sums), rng):
        means.append(times @ sums / (times @ counts))
    low, high = np.percentile(np.concatenate(means), (2.5, 97.5))
    return Interval(float(values.mean()), float(low), float(high), len(values))


def bootstrap_statistic(
    statistic: Statistic, groups: NDArray[np.int64], *, seed: int = 0
) -> Interval:
    """Measure any statistic, with a 95 % interval from resampling whole groups.

    It is told how often each measurement counts: once for the figure itself (n,), as
    often as its group was drawn for some resamples at once (k, n). Resamples where it
    is not a number, for instance because they hold no positive, are left out. A
    single group has no interval.
    """
    whole = float(statistic(np.ones(len(groups)))) if len(groups) else float("nan")
    if np.isnan(whole):
        return Interval(whole, whole, whole, len(groups))
    rng = np.random.default_rng(seed)
    _, codes = np.unique(groups, return_inverse=True)
    n_groups = int(codes.max()) + 1
    if n_groups == 1:
        return Interval(whole, float("nan"), float("nan"), len(groups))
    drawn = np.concatenate(
        [statistic(times[:, codes]) for times in _resamples(n_groups, rng)]
    )
    low, high = np.percentile(drawn[~np.isnan(drawn)], (2.5, 97.5))
    return Interval(whole, float(low), float(high), len(groups))


def _resamples(
    n_groups: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Draw groups with repetition: how often each (k, n_groups), some at a time."""
    for start in range(0, _N_BOOTSTRAPS, _CHUNK):
        k = min(_CHUNK, _N_BOOTSTRAPS - start)
        drawn = rng.integers(n_groups, size=(k, n_groups))
        drawn += n_groups * np.arange(k)[:, None]
        times = np.bincount(drawn.ravel(), minlength=k * n_groups)
        yield times.reshape(k, n_groups).astype(np.float64)


def share(reached: NDArray[np.bool_], groups: NDArray[np.int64]) -> Interval:
    """Return a share of successes: Wilson's interval, or over groups of several.

    Where all groups agree a bootstrap knows of nothing else; then the interval is that
    of as many trials as there are groups.
    """
    n_groups = len(np.unique(groups))
    if n_groups == len(reached):
        return wilson(int(reached.sum()), len(reached))
    if reached.all() or not reached.any():
        whole = wilson(n_groups if reached.all() else 0, n_groups)
        return replace(whole, n=len(reached))
    return bootstrap(reached.astype(np.float64), groups)


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
