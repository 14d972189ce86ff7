"""How well a number tells two groups apart, each measurement counting so often."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def auroc(
    values: NDArray[np.floating],
    is_positive: NDArray[np.bool_],
    times: NDArray[np.float64] | None = None,
) -> float:
    """Measure how often a positive (n,) outranks a negative; ties count half.

    NaN where there are none of either.
    """
    counts = np.ones(len(values)) if times is None else times
    if len(values) == 0:
        return float("nan")
    _, codes = np.unique(values, return_inverse=True)
    n = int(codes.max()) + 1
    positive = np.bincount(codes, counts * is_positive, n)
    negative = np.bincount(codes, counts * ~is_positive, n)
    n_pairs = positive.sum() * negative.sum()
    if n_pairs == 0.0:
        return float("nan")
    below = np.cumsum(negative) - negative
    return float(positive @ (below + negative / 2.0) / n_pairs)
