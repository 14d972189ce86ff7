"""Statistics of measurements that count several times, many resamples at once.

A resample counts some pictures twice and others not at all. `times` is (n,), how often
each of n measurements counts, or (..., n) for many resamples; the result is (...).
Sorting, the costly part of a ranking, is then done once for all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weighted_mean(
    values: NDArray[np.floating], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average values (n,); NaN where none of them counts."""
    with np.errstate(invalid="ignore"):
        return np.asarray(times @ values / times.sum(-1), dtype=np.float64)


def tied_sums(
    values: NDArray[np.floating], *weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Add up weights (..., n) over equal values (n,), from the lowest value on."""
    order = np.argsort(values, kind="stable")
    ranked = np.asarray(values)[order]
    starts = np.append(0, np.flatnonzero(ranked[1:] != ranked[:-1]) + 1)
    return tuple(np.add.reduceat(w[..., order], starts, axis=-1) for w in weights)


def auroc(
    values: NDArray[np.floating],
    is_positive: NDArray[np.bool_],
    times: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Measure how often a positive (n,) outranks a negative; ties count half.

    NaN where there are none of either.
    """
    if len(values) == 0:
        return np.asarray(np.nan)
    counts = np.ones(len(values)) if times is None else times
    positive, negative = tied_sums(values, counts * is_positive, counts * ~is_positive)
    below = np.cumsum(negative, axis=-1) - negative
    won = (positive * (below + negative / 2.0)).sum(-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(won / (positive.sum(-1) * negative.sum(-1)))
