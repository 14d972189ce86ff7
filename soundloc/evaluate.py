"""How well the localizer points, and whether it knows when not to.

Every figure is measured on one split of a pair set, with a bootstrap interval over
pictures, and stands beside what a picture-only prior and chance would reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from soundloc.batches import Batch, BatchDrawer, Related
from soundloc.cache import FeatureCache
from soundloc.intervals import Interval, bootstrap
from soundloc.model import SoundLocalizationNet

_BATCH_PICTURES = 10


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one split says about a localizer.

    Parameters
    ----------
    pointing
        The peak of the response lies in the sounding object.
    choosing
        Among the objects of the picture that could sound, the sounding one holds the
        highest response.
    choosing_chance
        What choosing at random among them would reach.
    pointing_prior
        Pointing by a picture-only prior: the response averaged over all sounds.
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


@dataclass(frozen=True, slots=True)
class _Measurement:
    picture: int
    pointed: float
    chose: float
    chance: float
    prior: float
    area: float


def evaluate(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    *,
    related: Related,
    seed: int = 0,
    n_batches: int | None = None,
) -> Evaluation:
    """Measure a localizer on one split.

    Each object whose place is known is asked for with one sound of its kind.
    """
    net.eval()
    drawer = BatchDrawer(cache, related=related, seed=seed)
    measurements: list[_Measurement] = []
    own: list[float] = []
    foreign: list[float] = []
    nowhere: list[float] = []
    n_pictures = len(cache.pair_set.pictures)
    with torch.inference_mode():
        mean_h = _mean_sound(net, cache)
        for start in range(0, n_pictures, _BATCH_PICTURES):
            if n_batches is not None and start // _BATCH_PICTURES >= n_batches:
                break
            chosen = np.arange(start, min(start + _BATCH_PICTURES, n_pictures))
            batch = drawer.draw(
                start, pictures=chosen, n_per_picture=8, n_foreign=_BATCH_PICTURES
            )
            V = net.visual.neck(batch.pictures)
            h = net.sound.head(batch.sounds)
            responses = net.respond(V, h)  # b n h w
            confidence = net.confidence(responses).numpy()
            prior = net.respond(V, mean_h[None])[:, 0].numpy()
            measurements += _measure(batch, responses.numpy(), prior, start)
            _sort_confidence(batch, confidence, own, foreign, nowhere)
    return _summarise(measurements, own, foreign, nowhere)


def _mean_sound(net: SoundLocalizationNet, cache: FeatureCache) -> torch.Tensor:
    pooled = torch.from_numpy(np.float32(cache.sounds[:, 0]))
    return torch.nn.functional.normalize(net.sound.head(pooled).mean(0), dim=0)


def _measure(
    batch: Batch,
    responses: NDArray[np.float32],
    prior: NDArray[np.float32],
    start: int,
) -> Iterator[_Measurement]:
    targets = batch.targets.numpy() > 0
    for i, picture in enumerate(batch.picture_of.tolist()):
        if not targets[i].any():
            continue
        response = responses[picture, i]
        rivals = [
            targets[j]
            for j, other in enumerate(batch.picture_of.tolist())
            if other == picture and targets[j].any()
        ]
        best = max(float(response[r].max()) for r in rivals)
        yield _Measurement(
            picture=start + picture,
            pointed=float(targets[i].flat[response.argmax()]),
            chose=float(response[targets[i]].max() >= best),
            chance=1.0 / len(rivals),
            prior=float(targets[i].flat[prior[picture].argmax()]),
            area=float(targets[i].mean()),
        )


def _sort_confidence(
    batch: Batch,
    confidence: NDArray[np.float32],
    own: list[float],
    foreign: list[float],
    nowhere: list[float],
) -> None:
    belongs = batch.belongs.numpy()
    own += [float(confidence[p, i]) for i, p in enumerate(batch.picture_of.tolist())]
    for n in range(belongs.shape[1]):
        target = nowhere if batch.is_nowhere[n] else foreign
        target += confidence[belongs[:, n] < 0, n].tolist()


def _summarise(
    measurements: list[_Measurement],
    own: list[float],
    foreign: list[float],
    nowhere: list[float],
) -> Evaluation:
    pictures = np.array([m.picture for m in measurements])

    def interval(values: list[float]) -> Interval:
        return bootstrap(np.array(values), pictures)

    return Evaluation(
        pointing=interval([m.pointed for m in measurements]),
        choosing=interval([m.chose for m in measurements]),
        choosing_chance=interval([m.chance for m in measurements]),
        pointing_prior=interval([m.prior for m in measurements]),
        pointing_chance=interval([m.area for m in measurements]),
        foreign_auroc=auroc(own, foreign),
        nowhere_auroc=auroc(own, nowhere),
    )


def auroc(positives: list[float], negatives: list[float]) -> float:
    """Measure how often a positive outranks a negative; ties count half."""
    if not positives or not negatives:
        return float("nan")
    ranked = np.sort(np.array(negatives))
    below = np.searchsorted(ranked, positives, side="left")
    not_above = np.searchsorted(ranked, positives, side="right")
    return float((below + not_above).mean() / 2.0 / len(ranked))
