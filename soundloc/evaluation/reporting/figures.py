"""The named figures that a checkpoint is judged by.

Each is a statistic of the measures and of how often a question counts, so that one
list serves the report, its bootstrap intervals and the paired comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.analyses import localization, negatives
from soundloc.evaluation.measures import Column, Measures
from soundloc.evaluation.queries import Relation
from soundloc.scoring import ScoringProtocol
from soundloc.scoring.intervals import Interval, bootstrap_statistic

# SLAVC scores under the first, which is hopeless where sources are small.
DETECTION_PROTOCOLS = (ScoringProtocol.TOP50, ScoringProtocol.ADAPTIVE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its name, how it is taken, and which questions it is about.

    `of` is told how often each question counts, (n,) or (..., n) for many resamples.
    """

    name: str
    of: Callable[[Measures, Column], Column]
    about: Callable[[Measures], NDArray[np.bool_]]

    def value(self, measures: Measures) -> float:
        """Measure the figure alone."""
        return float(self.of(measures, np.ones(len(measures))))

    def interval(self, measures: Measures) -> Interval:
        """Measure the figure, with an interval from resampling pictures."""
        whole = bootstrap_statistic(partial(self.of, measures), measures.group)
        return replace(whole, n=int(self.about(measures).sum()))


def figures_of(measures: Measures) -> tuple[Figure, ...]:
    """List the figures that apply to what was measured."""
    figures: list[Figure] = []
    is_placed = bool(measures.is_placed.any())
    if is_placed:
        figures += _localization()
    relations = negatives.present(measures)
    if measures.are(Relation.OWN).any():
        for relation in relations:
            figures += _against(relation, placed=is_placed)
    if is_placed and any(r in relations for r in negatives.JOINED):
        figures += [
            Figure("F_LOC", negatives.f_loc, _judged),
            Figure("F_AUC", negatives.f_auc, _judged),
        ]
    return tuple(figures)


def _localization() -> list[Figure]:
    figures = [Figure("pointing", localization.pointing_accuracy, _placed)]
    for protocol in ScoringProtocol:
        for name, figure in (
            ("cIoU@0.5", localization.success),
            ("AUC", localization.auc),
            ("mean cIoU", localization.mean_ciou),
        ):
            statistic = partial(figure, protocol=protocol)
            figures.append(Figure(f"{name} {protocol}", statistic, _placed))
    return figures


def _against(relation: Relation, *, placed: bool) -> list[Figure]:
    about = partial(_own_or, relation=relation)
    confidence = partial(negatives.confidence_auroc, relation=relation)
    lit = partial(negatives.lit_area, relation=relation)
    figures = [
        Figure(f"AUROC {relation}", confidence, about),
        Figure(f"pIA {relation}", lit, partial(_are, relation=relation)),
    ]
    for protocol in DETECTION_PROTOCOLS if placed else ():
        for name, figure in (
            ("AP", negatives.slavc_ap),
            ("max-F1", negatives.slavc_max_f1),
        ):
            statistic = partial(figure, relation=relation, protocol=protocol)
            about = partial(_placed_or, relation=relation)
            figures.append(Figure(f"{name} {protocol} {relation}", statistic, about))
    return figures


def _placed(measures: Measures) -> NDArray[np.bool_]:
    return measures.is_placed


def _are(measures: Measures, *, relation: Relation) -> NDArray[np.bool_]:
    return measures.are(relation)


def _own_or(measures: Measures, *, relation: Relation) -> NDArray[np.bool_]:
    return measures.are(Relation.OWN, relation)


def _placed_or(measures: Measures, *, relation: Relation) -> NDArray[np.bool_]:
    return measures.is_placed | measures.are(relation)


def _judged(measures: Measures) -> NDArray[np.bool_]:
    return measures.is_placed | measures.are(*negatives.JOINED)
