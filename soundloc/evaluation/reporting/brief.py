"""A short evaluation in a few figures, for the end of a training.

The same questions and definitions as the whole report, so that what a training says
about its checkpoint is what `pano evaluate` will say about it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from soundloc.data.feature_cache import FeatureCache
from soundloc.evaluation.analyses.interaction import choose_source
from soundloc.evaluation.analyses.localization import prior_response
from soundloc.evaluation.measures import Column, Measures, measure
from soundloc.evaluation.predictions import Predictions, predict
from soundloc.evaluation.queries import Related, Relation, ask, truth_of
from soundloc.evaluation.weighted_statistics import auroc
from soundloc.network.model import SoundLocalizationNet
from soundloc.scoring import pointing
from soundloc.scoring.intervals import Interval, bootstrap

_BATCH_PICTURES = 10


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one split says about a localizer.

    Parameters
    ----------
    pointing
        The peak of the response lies in the sounding object.
    choosing
        Among the sources of a picture with several, the sounding one responds most.
    choosing_chance
        What choosing at random among them would reach.
    pointing_prior
        Pointing by a picture-only prior: the response averaged over many sounds.
    pointing_chance
        The area of the sounding objects as a share of the picture.
    foreign_auroc
        Confidence for own sounds against sounds of absent kinds.
    nowhere_auroc
        Confidence for own sounds against wind, rain and synthetic noise.
    """

    pointing: Interval
    choosing: Interval
    choosing_chance: Interval
    pointing_prior: Interval
    pointing_chance: Interval
    foreign_auroc: float
    nowhere_auroc: float

    def words(self) -> str:
        """Say the figures in lines, the prior and chance beside them."""
        return (
            f"peak in the sounding object   {self.pointing}\n"
            f"  a picture-only prior        {self.pointing_prior}\n"
            f"  chance                      {self.pointing_chance}\n"
            f"right one of the objects      {self.choosing}\n"
            f"  chance                      {self.choosing_chance}\n"
            f"confidence, AUROC             "
            f"{self.foreign_auroc:.3f} against sounds of absent things, "
            f"{self.nowhere_auroc:.3f} against wind, rain and noise"
        )

    def figures(self) -> dict[str, float]:
        """Return the figures without intervals, for a checkpoint."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {
            name: value.mean if isinstance(value, Interval) else value
            for name, value in values
        }


def evaluate(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    *,
    related: Related,
    seed: int = 0,
    n_batches: int | None = None,
) -> Evaluation:
    """Measure a localizer on one split, or on its first `n_batches` of ten pictures.

    Each object whose place is known is asked for with one sound of its own or its
    kind; of several variations in the cache the first is heard.
    """
    if n_batches is not None:
        cache = _first(cache, n_batches * _BATCH_PICTURES)
    questions = ask(
        cache.pair_set, related=related, seed=seed, n_noises=len(cache.noises)
    )
    predictions = predict(net, cache, questions, seed=seed)
    return _sum_up(predictions, measure(predictions))


def _first(cache: FeatureCache, n: int) -> FeatureCache:
    pairs = replace(cache.pair_set, pictures=cache.pair_set.pictures[:n])
    return FeatureCache(pairs, cache.pictures[:n], cache.sounds, cache.noises)


def _sum_up(predictions: Predictions, measures: Measures) -> Evaluation:
    placed = measures.is_placed
    groups = measures.group[placed]
    choosing, chance = choose_source(predictions, measures)
    return Evaluation(
        pointing=bootstrap(measures.pointing[placed], groups),
        choosing=choosing,
        choosing_chance=chance,
        pointing_prior=bootstrap(_prior_pointing(predictions, measures), groups),
        pointing_chance=bootstrap(measures.area[placed], groups),
        foreign_auroc=_against(measures, Relation.OFFSCREEN),
        nowhere_auroc=_against(measures, Relation.NOWHERE, Relation.NOISE),
    )


def _prior_pointing(predictions: Predictions, measures: Measures) -> Column:
    points = []
    for row in np.flatnonzero(measures.is_placed):
        question = predictions.questions[row]
        entry = predictions.pair_set.pictures[question.picture]
        truth = truth_of(entry, question.objects)
        if truth is not None:
            response = prior_response(predictions, question.picture)
            points.append(pointing(response, truth))
    return np.array(points, dtype=np.float64)


def _against(measures: Measures, *relations: Relation) -> float:
    own = measures.are(Relation.OWN)
    chosen = own | measures.are(*relations)
    return float(auroc(measures.confidence[chosen], own[chosen]))
