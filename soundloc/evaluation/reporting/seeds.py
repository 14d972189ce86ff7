"""Figures of one recipe over several seeds: their mean, and paired differences.

A single training tells as much about its seed as about its recipe. Figures are means
over seeds, and their intervals come from drawing both the seeds and the pictures
anew; two recipes are compared seed by seed on the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.measures import Column, Measures
from soundloc.evaluation.reporting.figures import Figure
from soundloc.scoring.intervals import Interval

Statistic = Callable[[NDArray[np.int64], Column], float]

_N_BOOTSTRAPS = 400


def over_seeds(figure: Figure, runs: Sequence[Measures], *, seed: int = 0) -> Interval:
    """Average a figure over trainings, with a 95 % interval over seeds and pictures."""
    values = [partial(figure.of, run) for run in runs]

    def mean(chosen: NDArray[np.int64], times: Column) -> float:
        return float(np.mean([values[i](times) for i in chosen]))

    return _drawn_anew(mean, runs, seed)


def paired_over_seeds(
    figure: Figure, firsts: Sequence[Measures], seconds: Sequence[Measures]
) -> Interval:
    """Average what the second recipe has more than the first, seed by seed.

    Raises
    ------
    ValueError
        If there are not as many trainings of both, or they answered other questions.
    """
    same = len(firsts) == len(seconds) and all(
        np.array_equal(a.relation, b.relation) and np.array_equal(a.picture, b.picture)
        for a, b in zip(firsts, seconds, strict=True)
    )
    if not same:
        raise ValueError("only trainings that answered the same can be compared")

    def gap(chosen: NDArray[np.int64], times: Column) -> float:
        gaps = [
            figure.of(seconds[i], times) - figure.of(firsts[i], times) for i in chosen
        ]
        return float(np.mean(gaps))

    return _drawn_anew(gap, firsts, 0)


def _drawn_anew(statistic: Statistic, runs: Sequence[Measures], seed: int) -> Interval:
    n = len(runs)
    _, codes = np.unique(runs[0].group, return_inverse=True)
    n_groups = int(codes.max()) + 1
    whole = statistic(np.arange(n), np.ones(len(codes)))
    rng = np.random.default_rng(seed)
    drawn = np.empty(_N_BOOTSTRAPS)
    for i in range(_N_BOOTSTRAPS):
        times = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
        chosen = rng.integers(n, size=n)
        drawn[i] = statistic(chosen, times[codes].astype(np.float64))
    kept = drawn[~np.isnan(drawn)]
    low, high = np.percentile(kept, (2.5, 97.5)) if len(kept) else (whole, whole)
    return Interval(whole, float(low), float(high), n)
