"""Localization scores of the network beside baselines that do not listen.

One table per protocol: the network, its own object prior, which answers every sound
alike, the predictors that see nothing, and the oracle that knows the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.measures import Column, Measures
from soundloc.evaluation.predictions import Predictions
from soundloc.evaluation.queries import truth_of
from soundloc.evaluation.weighted_statistics import weighted_mean
from soundloc.scoring import (
    BARS,
    PAPER_TAU,
    SUCCESS_CIOU,
    Scores,
    ScoringProtocol,
    SourceSize,
    resize_response,
)
from soundloc.scoring.baselines import Predictor, score_trivial
from soundloc.scoring.intervals import Interval

NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Localization:
    """The scores of every predictor on the same questions, by protocol and name.

    The names are `NETWORK` and those of `baselines.Predictor`; the object prior is the
    network's mean response to many sounds.
    """

    scores: Mapping[ScoringProtocol, Mapping[str, Scores]]

    def __len__(self) -> int:
        rows = next(iter(self.scores.values()), {})
        return len(rows[NETWORK]) if rows else 0


@dataclass(frozen=True, slots=True)
class LocalizationRow:
    """What one predictor scores under one protocol; `curve` is Figure 9's.

    `success` is the field's "cIoU": the share of pictures that reach 0.5. `auc` is the
    customary trapezoid over 21 bars, `mean_ciou` the exact area.
    """

    protocol: ScoringProtocol
    predictor: str
    success: Interval
    auc: Interval
    mean_ciou: Interval
    pointing: Interval
    curve: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SizeRow:
    """What one predictor scores on the sources of one size."""

    protocol: ScoringProtocol
    predictor: str
    size: SourceSize
    success: Interval
    pointing: Interval


def rows_of(table: Localization) -> tuple[LocalizationRow, ...]:
    """Sum every predictor up."""
    return tuple(
        LocalizationRow(
            protocol,
            name,
            scores.success(),
            scores.auc(),
            scores.auc_exact(),
            scores.pointing_accuracy(),
            tuple(scores.success_curve().tolist()),
        )
        for protocol, predictors in table.scores.items()
        for name, scores in predictors.items()
        if len(scores)
    )


def size_rows_of(
    table: Localization, *, protocol: ScoringProtocol = ScoringProtocol.ADAPTIVE
) -> tuple[SizeRow, ...]:
    """Sum the network and its object prior up by the size of the source."""
    return tuple(
        SizeRow(protocol, name, size, part.success(), part.pointing_accuracy())
        for name in (NETWORK, str(Predictor.OBJECT_PRIOR))
        if name in table.scores[protocol]
        for size, part in table.scores[protocol][name].by_size().items()
    )


def localize_all(
    predictions: Predictions,
    measures: Measures,
    *,
    protocols: tuple[ScoringProtocol, ...] = tuple(ScoringProtocol),
    seed: int = 0,
) -> Localization:
    """Score the predictors that do not listen where the network was scored.

    The object prior takes the network's own τ under FIXED, where the others, whose
    scale means nothing, take 0.5.
    """
    tables: dict[ScoringProtocol, dict[str, Scores]] = {}
    for protocol in protocols:
        network = measures.scores(protocol)
        rows = {NETWORK: network}
        if len(network):
            tau = measures.tau if protocol is ScoringProtocol.FIXED else PAPER_TAU
            trivial = score_trivial(
                _truths(predictions, measures),
                protocol,
                priors=_priors(predictions, measures),
                prior_tau=tau,
                seed=seed,
            )
            for predictor, scores in trivial.items():
                rows[str(predictor)] = Scores(
                    scores.ciou, scores.pointing, scores.area, network.groups
                )
        tables[protocol] = rows
    return Localization(tables)


def _truths(
    predictions: Predictions, measures: Measures
) -> Iterator[NDArray[np.float64]]:
    for row in np.flatnonzero(measures.is_placed):
        question = predictions.questions[row]
        entry = predictions.pair_set.pictures[question.picture]
        truth = truth_of(entry, question.objects)
        if truth is not None:
            yield truth


def _priors(
    predictions: Predictions, measures: Measures
) -> Iterator[NDArray[np.float32]]:
    for row in np.flatnonzero(measures.is_placed):
        yield prior_response(predictions, predictions.questions[row].picture)


def prior_response(predictions: Predictions, picture: int) -> NDArray[np.float32]:
    """Return the object prior of a picture on the scoring grid (224, 224)."""
    wrap = predictions.pair_set.pictures[picture].wrap
    return resize_response(predictions.priors[picture], wrap=wrap)


def success(measures: Measures, times: Column, *, protocol: ScoringProtocol) -> Column:
    """Measure the share of questions whose cIoU reaches 0.5: the field's "cIoU"."""
    placed = measures.is_placed
    reached = measures.ciou[protocol][placed] >= SUCCESS_CIOU
    return weighted_mean(reached.astype(np.float64), times[..., placed])


def mean_ciou(
    measures: Measures, times: Column, *, protocol: ScoringProtocol
) -> Column:
    """Measure the mean of Eq. (10), which is the exact AUC."""
    placed = measures.is_placed
    return weighted_mean(measures.ciou[protocol][placed], times[..., placed])


def auc(measures: Measures, times: Column, *, protocol: ScoringProtocol) -> Column:
    """Measure the area under the success curve by trapezoids over 21 bars."""
    placed = measures.is_placed
    reached = measures.ciou[protocol][placed][:, None] >= BARS
    return weighted_mean(area_under(reached), times[..., placed])


def area_under(reached: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Measure the area under each of n curves over the bars, told what they reach.

    From (n, 21) to (n,), by trapezoids; the area under their mean is the mean of these.
    """
    weights = np.full(len(BARS), 1.0 / (len(BARS) - 1))
    weights[[0, -1]] /= 2.0
    return np.asarray(reached @ weights)


def pointing_accuracy(measures: Measures, times: Column) -> Column:
    """Measure how often the peak lies in the source, weighed by consensus."""
    placed = measures.is_placed
    return weighted_mean(measures.pointing[placed], times[..., placed])
