"""Metrics of every prediction: one column each, one row per question.

Whatever is reported is a statistic of these columns, so that a figure, its interval
and its difference between two checkpoints are all taken from the same place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.predictions import Predictions, Strength
from soundloc.evaluation.queries import NEGATIVES, Question, Relation, truth_of
from soundloc.scoring import (
    PAPER_TAU,
    Scores,
    ScoringProtocol,
    resize_response,
    score_picture,
)

Column = NDArray[np.float64]

_NUMBERS = {relation: number for number, relation in enumerate(Relation)}


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """The metrics of n questions.

    Parameters
    ----------
    relation
        (n,), of each the number of its `Relation`.
    picture, partner
        (n,), as in `Question`.
    group
        (n,), pictures of one source share a number and are resampled together.
    objects
        For each question the objects it is about.
    confidence
        (n,), in [0, 1].
    strength, cosine, relu_cosine
        Of the responses, under the network's own mechanism and under both.
    area, pointing
        (n,), the fields of `PictureScore` against the place of the question's objects;
        NaN where there is none.
    ciou
        For each protocol (n,), likewise.
    tau
        The threshold of FIXED, one for all pictures: see `universal_threshold`.
    above_tau
        (n,), the share of the picture that responds more than that: vssl_eval's pIA.
    """

    relation: NDArray[np.int64]
    picture: NDArray[np.int64]
    partner: NDArray[np.int64]
    group: NDArray[np.int64]
    objects: tuple[tuple[int, ...], ...]
    confidence: Column
    strength: Strength
    cosine: Strength
    relu_cosine: Strength
    area: Column
    pointing: Column
    ciou: Mapping[ScoringProtocol, Column]
    tau: float
    above_tau: Column

    def __len__(self) -> int:
        return len(self.relation)

    def are(self, *relations: Relation) -> NDArray[np.bool_]:
        """Tell which questions (n,) have one of some relations."""
        return np.asarray(np.isin(self.relation, [_NUMBERS[r] for r in relations]))

    @property
    def is_placed(self) -> NDArray[np.bool_]:
        """Tell which questions (n,) have a right place: own sounds, place known."""
        return np.asarray(self.are(Relation.OWN) & ~np.isnan(self.area))

    def scores(self, protocol: ScoringProtocol) -> Scores:
        """Return the scores of the questions that have a right place."""
        placed = self.is_placed
        return Scores(
            self.ciou[protocol][placed],
            self.pointing[placed],
            self.area[placed],
            self.group[placed],
        )


def measure(predictions: Predictions, *, tau: float | None = None) -> Measures:
    """Measure every prediction of a split.

    Parameters
    ----------
    tau
        The threshold of FIXED, from another split; None takes it from the
        negatives of these.
    """
    questions = predictions.questions
    if tau is None:
        tau = universal_threshold(predictions)
    n = len(questions)
    columns = {name: np.full(n, np.nan) for name in ("area", "pointing")}
    cious = {protocol: np.full(n, np.nan) for protocol in ScoringProtocol}
    above = np.zeros(n)
    for row, question in enumerate(questions):
        response = fine_response(predictions, row)
        above[row] = np.count_nonzero(response > tau) / response.size
        truth = _truth(predictions, question)
        if truth is None:
            continue
        for protocol, column in cious.items():
            level = tau if protocol is ScoringProtocol.FIXED else PAPER_TAU
            score = score_picture(response, truth, protocol, tau=level)
            column[row] = score.ciou
        columns["area"][row], columns["pointing"][row] = score.area, score.pointing
    return Measures(
        np.array([_NUMBERS[q.relation] for q in questions], dtype=np.int64),
        np.array([q.picture for q in questions], dtype=np.int64),
        np.array([q.partner for q in questions], dtype=np.int64),
        _groups(predictions),
        tuple(q.objects for q in questions),
        predictions.confidence.astype(np.float64),
        predictions.strength,
        predictions.cosine,
        predictions.relu_cosine,
        columns["area"],
        columns["pointing"],
        cious,
        tau,
        above,
    )


def universal_threshold(predictions: Predictions) -> float:
    """Return a response that three of four sounds that do not belong never reach.

    The third quartile of the maps' maxima, for silence, noise, off-screen and nowhere
    sounds each; the highest of them. After the universal threshold of Juanola et al.
    2025 (arXiv 2410.01020), whose release holds its values as constants, without a
    rule for sets of unlike sizes.
    """
    maxima = predictions.responses.max((1, 2)).astype(np.float64)
    relations = [q.relation for q in predictions.questions]
    quartiles = [
        float(np.percentile(maxima[[r is kind for r in relations]], 75))
        for kind in NEGATIVES
        if kind in relations
    ]
    return max(quartiles, default=float("nan"))


def fine_response(predictions: Predictions, row: int) -> NDArray[np.float32]:
    """Return the response to a question on the scoring grid (224, 224)."""
    entry = predictions.pair_set.pictures[predictions.questions[row].picture]
    return resize_response(predictions.responses[row], wrap=entry.wrap)


def _truth(predictions: Predictions, question: Question) -> NDArray[np.float64] | None:
    if question.relation not in (Relation.OWN, Relation.OFFSCREEN):
        return None
    entry = predictions.pair_set.pictures[question.picture]
    return truth_of(entry, question.objects)


def _groups(predictions: Predictions) -> NDArray[np.int64]:
    sources = [p.source for p in predictions.pair_set.pictures]
    _, codes = np.unique(sources, return_inverse=True)
    return np.array([codes[q.picture] for q in predictions.questions], dtype=np.int64)
