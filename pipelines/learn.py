"""The job `train`: a pair set becomes a checkpoint.

The frozen trunks run once over the pair set, the heads train on what they gave, the
confidence is calibrated on the validation split, and the test split, which nothing was
chosen on, tells how good the result is. An interrupted training goes on where it was.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from pipelines.features import load_features
from pipelines.material import are_related
from soundloc.batches import BatchDrawer
from soundloc.cache import FeatureCache
from soundloc.calibrate import calibrate_confidence
from soundloc.checkpoint import save_checkpoint
from soundloc.engine import choose_engine
from soundloc.errors import CheckpointError
from soundloc.evaluate import Evaluation, evaluate
from soundloc.model import LocalizerConfig, SoundLocalizationNet
from soundloc.objective import LossWeights, StepReport
from soundloc.pairs import SPLITS, read_pair_set
from soundloc.train import Training, TrainSettings

logger = logging.getLogger(__name__)

# Saved this often; a killed training loses at most so many steps.
_SAVE_EVERY = 100


@dataclass(frozen=True, slots=True)
class Preset:
    """A network and how it is trained."""

    config: LocalizerConfig
    training: TrainSettings


PRESETS = {
    # The light trunk, a temperature that can select, and boxes where there are any.
    "light": Preset(
        LocalizerConfig(
            visual_trunk="efficientnet_lite0",
            sound_features="conv5+conv7",
            temperature=0.07,
            sound_norm="standardise",
            neck_dropout=0.1,
        ),
        TrainSettings(n_steps=2400),
    ),
    # Senocak et al. 2018: VGG-16, conv8, no temperature, their two losses, Adam 1e-4.
    "paper": Preset(
        LocalizerConfig(sound_norm="standardise"),
        TrainSettings(
            n_steps=5000,
            n_pictures=30,
            n_per_picture=1,
            n_foreign=4,
            learning_rate=1e-4,
            weight_decay=0.0,
            loss_weights=LossWeights(
                supervised=1.0, mass=0.0, contrast=0.0, ratio=1.0, kinds=0.0
            ),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class LearnSettings:
    """What to train on, what, and for how long.

    Parameters
    ----------
    soundnet
        The published SoundNet-8 weights; ``None`` asks the environment.
    n_steps
        ``None`` is the preset's.
    log
        Where the losses of every step go, as CSV.
    """

    pair_set: Path
    target: Path
    preset: str = "light"
    soundnet: Path | None = None
    n_steps: int | None = None
    seed: int = 0
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class LearnResult:
    """A checkpoint was trained; its figures are of the test split."""

    target: Path
    preset: str
    n_steps: int
    test: Evaluation

    def words(self) -> str:
        """Say where the checkpoint is and how well it points."""
        return f"{self.target}: {self.n_steps} steps; on the test split\n" + (
            self.test.words()
        )


Progress = Callable[[str, int, int], None]


def learn(
    settings: LearnSettings,
    *,
    on_step: Progress | None = None,
) -> LearnResult:
    """Train a localizer and write its checkpoint.

    Raises
    ------
    DatasetError, CheckpointError
        If the pair set or the pretrained trunks cannot be read.
    """
    tell = on_step or (lambda what, done, total: None)
    preset = PRESETS[settings.preset]
    state = _state_path(settings)
    pair_set = read_pair_set(settings.pair_set)
    torch.manual_seed(settings.seed)
    net = SoundLocalizationNet(preset.config)
    net.load_pretrained_trunks(soundnet_path=settings.soundnet)
    net.eval()
    engine = choose_engine(net.visual.trunk)
    caches = {
        split: load_features(net, pair_set, split, engine=engine, on_step=tell)
        for split in SPLITS
    }
    pooled = np.float32(caches["train"].sounds).reshape(-1, preset.config.sound_dim)
    if preset.config.sound_norm == "standardise":
        net.sound.head.fit(torch.from_numpy(pooled))
    training = _train(net, caches["train"], settings, tell)
    calibrate_confidence(net, caches["validation"], related=are_related)
    test = evaluate(net, caches["test"], related=are_related)
    save_checkpoint(
        settings.target,
        net,
        step=training.step,
        metrics=test.figures(),
        half_precision=True,
    )
    state.unlink(missing_ok=True)
    return LearnResult(settings.target, settings.preset, training.step, test)


def _train(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    settings: LearnSettings,
    tell: Progress,
) -> Training:
    preset = PRESETS[settings.preset].training
    n_steps = preset.n_steps if settings.n_steps is None else settings.n_steps
    train_settings = replace(preset, n_steps=n_steps, seed=settings.seed)
    drawer = BatchDrawer(cache, related=are_related, seed=settings.seed, mixes=True)
    training = Training(net, drawer, train_settings)
    state = _state_path(settings)
    if state.exists():
        training.resume(state)
        logger.info("resumed %s at step %d", state, training.step)

    def report(step: StepReport) -> None:
        tell("training", step.step + 1, n_steps)
        if settings.log is not None:
            _append_row(settings.log, step)

    while training.step < n_steps:
        training.run(until=min(n_steps, training.step + _SAVE_EVERY), on_step=report)
        training.save(state)
    training.finish()
    return training


def _append_row(log: Path, step: StepReport) -> None:
    row = asdict(step)
    with log.open("a", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(row))
        if lines.tell() == 0:
            writer.writeheader()
        writer.writerow(row)


def _state_path(settings: LearnSettings) -> Path:
    if not settings.target.parent.is_dir():
        raise CheckpointError(
            f"the folder of {settings.target} does not exist; create it first."
        )
    return settings.target.with_suffix(".training.safetensors")
