"""Scores against each annotator alone, and how well they agree: the paper's Table 3.

The consensus of Eq. (9) forgives what one subject marked; a localizer that no single
subject would agree with can still do well under it. What subjects score against each
other is what no localizer needs to exceed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import Opinion
from soundloc.evaluation.measures import Measures, fine_response
from soundloc.evaluation.predictions import Predictions
from soundloc.scoring import (
    PAPER_TAU,
    Scores,
    ScoringProtocol,
    box_map,
    ciou,
    subject_ious,
)
from soundloc.scoring.intervals import Interval


@dataclass(frozen=True, slots=True)
class Subject:
    """What the localizer scores against one subject; `number` counts from 1."""

    number: int
    success: Interval
    auc: Interval


@dataclass(frozen=True, slots=True)
class Subjects:
    """Table 3, and how often one subject's boxes reach an IoU of 0.5 with another's.

    `mean_success` and `mean_auc` are the plain means over subjects, as the paper has
    them, whoever answered more often.
    """

    protocol: ScoringProtocol
    subjects: tuple[Subject, ...]
    mean_success: float
    mean_auc: float
    agreement: Interval


def judge_by_subjects(
    predictions: Predictions, measures: Measures, protocol: ScoringProtocol
) -> Subjects | None:
    """Score the network against each subject; None where none or one was asked.

    Subjects are told apart by their place in an object's list of opinions; a data set
    that does not keep that order has no Table 3, only the mean.
    """
    rows, ious, agreed = [], [], []
    tau = measures.tau if protocol is ScoringProtocol.FIXED else PAPER_TAU
    for row in np.flatnonzero(measures.is_placed):
        opinions = _opinions(predictions, int(row))
        if len(opinions) < 2:
            continue
        response = fine_response(predictions, int(row))
        drawn = [opinion.boxes for opinion in opinions]
        rows.append(int(row))
        ious.append(subject_ious(response, drawn, protocol, tau=tau))
        agreed.append(mutual_iou(opinions))
    if not rows:
        return None
    groups = measures.group[rows]
    subjects = tuple(_subjects(ious, groups))
    return Subjects(
        protocol,
        subjects,
        float(np.mean([s.success.mean for s in subjects])),
        float(np.mean([s.auc.mean for s in subjects])),
        _success(np.array(agreed), groups),
    )


def _opinions(predictions: Predictions, row: int) -> tuple[Opinion, ...]:
    question = predictions.questions[row]
    if len(question.objects) != 1:
        return ()
    return (
        predictions.pair_set.pictures[question.picture]
        .objects[question.objects[0]]
        .opinions
    )


def _subjects(
    ious: Sequence[NDArray[np.float64]], groups: NDArray[np.int64]
) -> list[Subject]:
    found = []
    for number in range(max(map(len, ious))):
        column = np.array([i[number] if number < len(i) else np.nan for i in ious])
        known = ~np.isnan(column)
        if known.any():
            scores = _scores(column[known], groups[known])
            found.append(Subject(number + 1, scores.success(), scores.auc()))
    return found


def mutual_iou(opinions: Sequence[Opinion]) -> float:
    """Measure the mean IoU over all pairs of subjects who drew something.

    NaN where fewer than two did.
    """
    maps = [box_map(o.boxes) for o in opinions if o.boxes]
    maps = [drawn for drawn in maps if drawn.any()]
    ious = [
        ciou(maps[i], maps[j].astype(np.float64))
        for i in range(len(maps))
        for j in range(i)
    ]
    return float(np.mean(ious)) if ious else float("nan")


def _success(values: NDArray[np.float64], groups: NDArray[np.int64]) -> Interval:
    known = ~np.isnan(values)
    return _scores(values[known], groups[known]).success()


def _scores(values: NDArray[np.float64], groups: NDArray[np.int64]) -> Scores:
    unknown = np.zeros(len(values))
    return Scores(values, unknown, unknown, groups)
