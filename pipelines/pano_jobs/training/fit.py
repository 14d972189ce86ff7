"""Trains heads on cached features: one network, or two teachers and a student.

What `pano train` and the sweeps share. An interrupted training goes on where it was,
teachers included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from pano_jobs.datasets.kinds import are_related, must_not_meet
from pano_jobs.training.presets import Preset
from soundloc.data.feature_cache import FeatureCache
from soundloc.network.ensemble import join_heads
from soundloc.network.model import SoundLocalizationNet
from soundloc.training.batch_sampler import BatchSampler, PseudoPlaces
from soundloc.training.calibrate_confidence import calibrate_confidence
from soundloc.training.objective import StepReport
from soundloc.training.pseudo_labels import agree
from soundloc.training.train import Training
from soundloc.training.workers import Workers

logger = logging.getLogger(__name__)

# Saved this often; a killed training loses at most so many steps.
SAVE_EVERY = 100

OnStep = Callable[[str, StepReport], None]


@dataclass(frozen=True, slots=True)
class Fitting:
    """Inputs that all trainings of one job share.

    Parameters
    ----------
    trunks
        A network with the frozen trunks; it is not trained itself.
    train, validation
        Features to train on, and to calibrate the confidence of teachers with.
    state
        Where an interrupted training is kept; None keeps nothing.
    on_step
        Told what is trained and what the step did.
    """

    trunks: SoundLocalizationNet
    train: FeatureCache
    validation: FeatureCache
    state: Path | None = None
    workers: Workers = field(default_factory=Workers)
    on_step: OnStep = lambda what, report: None


def fit(
    preset: Preset, fitting: Fitting, *, n_steps: int | None = None, seed: int = 0
) -> SoundLocalizationNet:
    """Train one network as its preset says, teachers first where it asks for them.

    Several heads are trained one after another, each from a beginning of its own.
    """
    n_steps = preset.training.n_steps if n_steps is None else n_steps
    n_heads = preset.config.n_heads
    preset = preset.with_heads(1)
    places: PseudoPlaces = {}
    if preset.has_teachers and _is_partly_placed(fitting.train):
        # Far from the seeds of the heads, which must not begin as their teachers did.
        teachers = [
            _fit_one(
                preset,
                fitting,
                n_steps,
                1_000 * (seed + 1) + number,
                f"teacher {number}",
            )
            for number in (1, 2)
        ]
        for teacher in teachers:
            calibrate_confidence(teacher, fitting.validation, related=are_related)
        first, second = teachers
        agreement = agree(first, second, fitting.train, related=are_related)
        logger.info("%s", agreement.words())
        places = agreement.places
    heads = [
        _fit_one(
            preset,
            fitting,
            n_steps,
            seed * n_heads + number,
            "training" if number == 0 else f"head {number + 1}",
            places,
        )
        for number in range(n_heads)
    ]
    return heads[0] if n_heads == 1 else join_heads(heads)


def _is_partly_placed(cache: FeatureCache) -> bool:
    placed = [o.has_place for p in cache.pair_set.pictures for o in p.objects]
    return any(placed) and not all(placed)


def new_net(
    preset: Preset, trunks: SoundLocalizationNet, pooled: torch.Tensor, *, seed: int
) -> SoundLocalizationNet:
    """Build a network with fresh heads on given trunks.

    Parameters
    ----------
    pooled
        (n, c), the training sounds, whose mean and deviation standardise f_s.
    """
    torch.manual_seed(seed)
    net = SoundLocalizationNet(preset.config)
    net.copy_trunks(trunks)
    if preset.config.sound_norm == "standardise":
        net.sound.head.fit(pooled)
    return net


def _fit_one(
    preset: Preset,
    fitting: Fitting,
    n_steps: int,
    seed: int,
    what: str,
    places: PseudoPlaces | None = None,
) -> SoundLocalizationNet:
    cache, workers = fitting.train, fitting.workers
    pooled = np.float32(cache.sounds).reshape(-1, cache.sounds.shape[-1])
    net = new_net(preset, fitting.trunks, torch.from_numpy(pooled), seed=seed)
    settings = replace(preset.training, n_steps=n_steps, seed=seed)
    sampler = BatchSampler(
        cache,
        related=are_related,
        never=must_not_meet,
        seed=seed,
        how=preset.drawing,
        pseudo=places,
    )
    training = Training(net.to(workers.device()), sampler, settings, workers=workers)
    state = _state_of(fitting.state, what)
    if state is not None and state.exists():
        training.resume(state)
        logger.info("resumed %s at step %d", state, training.step)
    while training.step < n_steps:
        training.run(
            until=min(n_steps, training.step + SAVE_EVERY),
            on_step=lambda report: fitting.on_step(what, report),
        )
        if state is not None:
            training.save(state)
    training.finish()
    return net.cpu()


def _state_of(state: Path | None, what: str) -> Path | None:
    if state is None or what == "training":
        return state
    return state.with_suffix(f".{what.replace(' ', '')}{state.suffix}")


def forget_state(state: Path) -> None:
    """Delete the files for resuming an interrupted training."""
    for path in state.parent.glob(f"{state.stem}*{state.suffix}"):
        path.unlink()
