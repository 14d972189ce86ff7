"""Calibration of the confidence: of those given p, p should be right.

Asked in two ways. *Belongs*: the sound is of something in the picture; what the
confidence was fitted to, own and foreign sounds weighing the same. *Found*: the peak
lies in the source, over own sounds and foreign ones, which are never found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.analyses.negatives import balanced
from soundloc.evaluation.measures import Column, Measures
from soundloc.evaluation.queries import NEGATIVES, Relation
from soundloc.scoring.intervals import Interval, bootstrap_statistic

N_BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability curve over ten bins of confidence.

    Parameters
    ----------
    outcome
        "belongs" or "found".
    error
        The expected calibration error: the mean gap between confidence and outcome,
        bins weighed by what is in them.
    mean_confidence, share_right
        By bin; NaN where it is empty.
    weight
        By bin, sums to 1.
    """

    outcome: str
    error: Interval
    mean_confidence: tuple[float, ...]
    share_right: tuple[float, ...]
    weight: tuple[float, ...]


def calibrate(measures: Measures) -> tuple[Reliability, ...]:
    """Draw the curves that apply: there must be own sounds, and places for the second.

    Off-screen sounds are foreign here, and wind, noise and silence too, each kind of
    them once per picture.
    """
    own, foreign = measures.are(Relation.OWN), measures.are(*NEGATIVES)
    if not own.any():
        return ()
    curves = [_reliability("belongs", measures, own, own | foreign)]
    if measures.is_placed.any():
        found = np.nan_to_num(measures.pointing) * own
        asked = measures.is_placed | foreign
        curves.append(_reliability("found", measures, found, asked))
    return tuple(curves)


def _reliability(
    outcome: str,
    measures: Measures,
    is_right: NDArray[np.bool_] | Column,
    asked: NDArray[np.bool_],
) -> Reliability:
    confidence = measures.confidence[asked]
    right = is_right[asked].astype(np.float64)
    own = measures.are(Relation.OWN)[asked]
    error = bootstrap_statistic(
        partial(_weighed_error, confidence, right, own), measures.group[asked]
    )
    weights = balanced(np.ones(len(confidence)), own)
    mean, share, weight = curve(confidence, right, weights)
    return Reliability(
        outcome,
        replace(error, n=len(confidence)),
        tuple(mean.tolist()),
        tuple(share.tolist()),
        tuple(weight.tolist()),
    )


def _weighed_error(
    confidence: Column, right: Column, own: NDArray[np.bool_], times: Column
) -> Column:
    return expected_error(confidence, right, balanced(times, own))


def curve(
    confidence: Column, right: Column, weights: Column
) -> tuple[Column, Column, Column]:
    """Return the mean confidence, the share right and the weight of each bin.

    Weights may be (..., n), one set for each of many resamples.
    """
    bins = np.minimum((confidence * N_BINS).astype(np.int64), N_BINS - 1)
    falls_in = (bins[:, None] == np.arange(N_BINS)).astype(np.float64)  # n, bins
    total = weights @ falls_in
    with np.errstate(invalid="ignore"):  # an empty bin has no mean
        mean = (weights * confidence) @ falls_in / total
        share = (weights * right) @ falls_in / total
    return mean, share, total / total.sum(-1, keepdims=True)


def expected_error(confidence: Column, right: Column, weights: Column) -> Column:
    """Measure the expected calibration error."""
    mean, share, weight = curve(confidence, right, weights)
    return np.asarray(np.nansum(weight * np.abs(mean - share), axis=-1))
