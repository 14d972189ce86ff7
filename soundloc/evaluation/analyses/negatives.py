"""Sounds whose source is not in the picture: silence, noise, off-screen.

Two protocols of the field, and the plain AUROC of confidence. SLAVC (Mo and Morgado
2022) wants a localizer to find the source and to keep silent where there is none;
vssl_eval (Juanola et al. 2025) asks how much of the picture lights up under one
threshold for all pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.analyses.localization import area_under
from soundloc.evaluation.measures import Column, Measures
from soundloc.evaluation.queries import NEGATIVES, Relation
from soundloc.evaluation.weighted_statistics import auroc, tied_sums, weighted_mean
from soundloc.scoring import BARS, SUCCESS_CIOU, ScoringProtocol

# What vssl_eval asks with; a set may also hold wind and rain.
JOINED = (Relation.SILENCE, Relation.NOISE, Relation.OFFSCREEN)

_COMPAT_STEPS_AP, _COMPAT_STEPS_F1 = 200, 10


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What SLAVC's metrics are taken from: n pictures, some without their source.

    Parameters
    ----------
    confidence
        (n,), how sure the localizer is that the source is there.
    is_right
        (n,), it is there and was found: cIoU at least 0.5.
    is_there
        (n,).
    """

    confidence: NDArray[np.floating]
    is_right: NDArray[np.bool_]
    is_there: NDArray[np.bool_]


def detections(
    measures: Measures,
    *relations: Relation,
    protocol: ScoringProtocol = ScoringProtocol.TOP50,
) -> tuple[Detections, NDArray[np.bool_]]:
    """Join the questions with a right place and negatives; also tell which they are.

    Their confidence is SLAVC's, the mean of the strongest quarter of the response.
    (It rescales the response to [0, 1] first, which changes no rank.)
    """
    chosen = measures.is_placed | measures.are(*relations)
    placed = measures.is_placed[chosen]
    ciou = np.nan_to_num(measures.ciou[protocol][chosen])
    return (
        Detections(
            measures.strength.top_quarter[chosen],
            placed & (ciou >= SUCCESS_CIOU),
            placed,
        ),
        chosen,
    )


def _curve(found: Detections, times: Column) -> tuple[Column, Column]:
    """Return precision and recall at every threshold, from the highest to the lowest.

    A source found in the wrong place is a false alarm and no miss; one below the
    threshold is a miss. Equal confidences pass together. Both (..., m) for m levels.
    """
    right, wrong, there = tied_sums(
        -found.confidence,
        times * found.is_right,
        times * ~found.is_right,
        times * found.is_there,
    )
    hits, alarms = np.cumsum(right, axis=-1), np.cumsum(wrong, axis=-1)
    missed = there.sum(-1, keepdims=True) - np.cumsum(there, axis=-1)
    return _share(hits, alarms, default=0.0), _share(hits, missed, default=1.0)


def _share(part: Column, rest: Column, *, default: float) -> Column:
    total = part + rest
    return np.divide(part, total, out=np.full_like(total, default), where=total > 0.0)


def average_precision(found: Detections, times: Column | None = None) -> Column:
    """Measure the area under precision over recall, precision made monotone.

    SLAVC's AP with every threshold and all of the recall; compare `compat_ap`.
    """
    if not len(found.confidence):
        return np.asarray(np.nan)
    counts = np.ones(len(found.confidence)) if times is None else times
    precision, recall = _curve(found, counts)
    best = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray((best * np.diff(recall, prepend=0.0)).sum(-1))


def max_f1(found: Detections, times: Column | None = None) -> Column:
    """Measure the best harmonic mean of precision and recall over all thresholds."""
    if not len(found.confidence):
        return np.asarray(np.nan)
    counts = np.ones(len(found.confidence)) if times is None else times
    precision, recall = _curve(found, counts)
    return np.asarray(_harmonic(precision, recall).max(-1))


def compat_ap(found: Detections) -> float:
    """Measure AP as SLAVC's release does: about 200 thresholds, a part left out.

    The highest confidence is no threshold, the recall up to the first threshold does
    not count, and each step of recall has the precision before it.
    """
    n = len(found.confidence)
    step = max(1, n // _COMPAT_STEPS_AP)
    points = [_at(found, t) for t in sorted(found.confidence.tolist())[:-1][::-step]]
    if not points:
        return 0.0
    precision, recall = np.array(points).T
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[:-1] @ np.diff(recall))


def compat_max_f1(found: Detections) -> float:
    """Measure the best F1 over the about ten thresholds of SLAVC's release."""
    step = max(1, len(found.confidence) // _COMPAT_STEPS_F1)
    points = [_at(found, t) for t in sorted(found.confidence.tolist())[::step]]
    return max((2 * p * r / (p + r) if p + r else 0.0 for p, r in points), default=0.0)


def _at(found: Detections, threshold: float) -> tuple[float, float]:
    passed = found.confidence.astype(np.float64) >= threshold
    hits = int((passed & found.is_right).sum())
    alarms = int(passed.sum()) - hits
    missed = int((~passed & found.is_there).sum())
    precision = hits / (hits + alarms) if hits + alarms else 1.0
    return precision, hits / (hits + missed) if hits + missed else 1.0


def balanced(times: Column, is_there: NDArray[np.bool_]) -> Column:
    """Let those that are there and those that are not weigh the same in total."""
    there = (times * is_there).sum(-1, keepdims=True)
    absent = (times * ~is_there).sum(-1, keepdims=True)
    scale = np.where(is_there, absent, there)
    # Where there are none of one sort, the other stays as it is.
    return np.asarray(times * np.where(there * absent > 0.0, scale, 1.0))


@dataclass(frozen=True, slots=True)
class CompatFigures:
    """What SLAVC's release would print: figures of its protocol, without intervals.

    Over all negatives together, the lists being ours, as many as there happen to be.
    `localization_accuracy` wants more than 0.5, as its `precision_at_50` does.
    """

    average_precision: float
    max_f1: float
    localization_accuracy: float
    n_placed: int
    n_negative: int


def compat_figures(measures: Measures) -> CompatFigures:
    """Measure as SLAVC's release does; see `compat_ap` for what that leaves out."""
    found, _ = detections(measures, *NEGATIVES)
    strict = measures.scores(ScoringProtocol.TOP50).success(strict=True)
    n_placed = int(found.is_there.sum())
    return CompatFigures(
        compat_ap(found),
        compat_max_f1(found),
        strict.mean,
        n_placed,
        len(found.is_there) - n_placed,
    )


def confidence_auroc(
    measures: Measures, times: Column, *, relation: Relation
) -> Column:
    """Measure how often an own sound has more confidence than one of a relation."""
    own = measures.are(Relation.OWN)
    chosen = own | measures.are(relation)
    return auroc(measures.confidence[chosen], own[chosen], times[..., chosen])


def slavc_ap(
    measures: Measures, times: Column, *, relation: Relation, protocol: ScoringProtocol
) -> Column:
    """Measure AP against one kind of negatives, as many as there are positives."""
    found, chosen = detections(measures, relation, protocol=protocol)
    return average_precision(found, balanced(times[..., chosen], found.is_there))


def slavc_max_f1(
    measures: Measures, times: Column, *, relation: Relation, protocol: ScoringProtocol
) -> Column:
    """Measure max-F1 against one kind of negatives, as many as positives."""
    found, chosen = detections(measures, relation, protocol=protocol)
    return max_f1(found, balanced(times[..., chosen], found.is_there))


def lit_area(measures: Measures, times: Column, *, relation: Relation) -> Column:
    """Measure the mean share of the picture above the universal threshold: pIA."""
    chosen = measures.are(relation)
    return weighted_mean(measures.above_tau[chosen], times[..., chosen])


def f_loc(
    measures: Measures, times: Column, *, relations: tuple[Relation, ...] = JOINED
) -> Column:
    """Join place and restraint in a harmonic mean: vssl_eval's F_LOC.

    Of the mean cIoU under the universal threshold, and the mean share of the picture
    that stays dark over the kinds of negatives.
    """
    placed = measures.is_placed
    ciou = measures.ciou[ScoringProtocol.FIXED][placed]
    place = weighted_mean(ciou, times[..., placed])
    dark = [
        1.0 - lit_area(measures, times, relation=r)
        for r in present(measures, relations)
    ]
    return _harmonic(place, np.asarray(np.mean(dark, axis=0)))


def f_auc(
    measures: Measures, times: Column, *, relations: tuple[Relation, ...] = JOINED
) -> Column:
    """Join the AUC of cIoU and of the dark share likewise: vssl_eval's F_AUC.

    The latter is the area under the share of pictures lit at most so far, from 0 to
    the whole picture.
    """
    placed = measures.is_placed
    ciou = measures.ciou[ScoringProtocol.FIXED][placed]
    place = weighted_mean(area_under(ciou[:, None] >= BARS), times[..., placed])
    dark = []
    for relation in present(measures, relations):
        chosen = measures.are(relation)
        lit = measures.above_tau[chosen][:, None] <= BARS
        dark.append(weighted_mean(area_under(lit), times[..., chosen]))
    return _harmonic(place, np.asarray(np.mean(dark, axis=0)))


def present(
    measures: Measures, relations: tuple[Relation, ...] = NEGATIVES
) -> tuple[Relation, ...]:
    """Return those relations that any question has."""
    return tuple(r for r in relations if measures.are(r).any())


def _harmonic(a: Column, b: Column) -> Column:
    total = a + b
    return np.divide(
        2.0 * a * b, total, out=np.zeros_like(total), where=~(total == 0.0)
    )
