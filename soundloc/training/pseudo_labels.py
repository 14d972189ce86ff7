"""Pseudo-labels: places that two teachers agree on, where nobody annotated.

Two networks trained on the same few labels from different starts err differently;
where both are sure and point at the same cells, the place is probably right. What
they agree on is given to a student as if a subject had drawn it (Dual Mean-Teacher,
Guo et al. 2023, with one exchange of labels instead of a running one, so that the
training stays resumable).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundloc.data.feature_cache import FeatureCache
from soundloc.data.matching import Matching, Related
from soundloc.network import attention
from soundloc.network.model import SoundLocalizationNet
from soundloc.training.batch_sampler import PseudoPlaces

# Sounds that each object is asked for with; their responses are averaged.
_N_SOUNDS = 3
# A cell counts as pointed at from this share of the highest attention.
_SHARE_OF_PEAK = 0.5
# Attention falls to half within a twentieth of the response at temperature 0.07; a
# flatter map is sharpened to that, so that every teacher is asked the same question.
_TEMPERATURE = 0.07


@dataclass(frozen=True, slots=True)
class Agreement:
    """The pseudo-labels of both teachers.

    Parameters
    ----------
    places
        The cells both point at, by number of picture and of object.
    n_asked
        Objects without a place that answer to some sound.
    """

    places: PseudoPlaces
    n_asked: int

    def words(self) -> str:
        """Say how much was agreed on."""
        return f"the teachers agree on {len(self.places)} of {self.n_asked} places"


@torch.inference_mode()
def agree(
    first: SoundLocalizationNet,
    second: SoundLocalizationNet,
    cache: FeatureCache,
    *,
    related: Related,
    min_iou: float = 0.3,
    min_confidence: float = 0.5,
    seed: int = 0,
) -> Agreement:
    """Label objects of unknown place where both teachers point at the same cells.

    Parameters
    ----------
    min_iou
        Of the cells the two point at.
    min_confidence
        Of each teacher in the picture and the sound belonging together.
    """
    first.eval(), second.eval()
    matching = Matching(cache.pair_set, related=related)
    places: PseudoPlaces = {}
    n_asked = 0
    for number, entry in enumerate(cache.pair_set.pictures):
        asked = [
            (i, matching.own(o) or matching.kin(o.kind))
            for i, o in enumerate(entry.objects)
            if not o.has_place and matching.any(o)
        ]
        if not asked:
            continue
        rng = np.random.default_rng([seed, number])
        picture = torch.from_numpy(np.float32(cache.pictures[number]))[None]
        for i, pool in asked:
            n_asked += 1
            pooled = _pooled(cache, pool, rng)
            maps = [
                _points_at(
                    net,
                    net.visual.activate(picture.to(_device(net)), wrap=entry.wrap),
                    pooled,
                    min_confidence,
                )
                for net in (first, second)
            ]
            both, either = maps[0] & maps[1], maps[0] | maps[1]
            if both.any() and both.sum() >= min_iou * either.sum():
                places[number, i] = (both / both.sum()).astype(np.float32)
    return Agreement(places, n_asked)


def _device(net: SoundLocalizationNet) -> torch.device:
    return next(net.parameters()).device


def _pooled(cache: FeatureCache, pool: list[int], rng: np.random.Generator) -> Tensor:
    chosen = rng.choice(pool, min(_N_SOUNDS, len(pool)), replace=False)
    return torch.from_numpy(np.float32(cache.sounds[np.sort(chosen), 0]))


def _points_at(
    net: SoundLocalizationNet, V: Tensor, pooled: Tensor, min_confidence: float
) -> NDArray[np.bool_]:
    sound = net.sound.head.embed(pooled.to(V.device))
    mechanism = net.config.mechanism
    response = attention.respond(V, sound.h, mechanism=mechanism)[0].mean(0)  # h w
    alpha = (response / _TEMPERATURE).flatten().softmax(0).view_as(response)
    chosen = alpha >= _SHARE_OF_PEAK * alpha.max()
    if float(net.confidence(response, sound.presence.mean())) < min_confidence:
        chosen = torch.zeros_like(chosen)
    found: NDArray[np.bool_] = chosen.cpu().numpy()
    return found
