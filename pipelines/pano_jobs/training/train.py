"""The `train` job: train a localizer on a pair set and write its checkpoint.

The frozen trunks run once over the pair set, the heads train on what they gave, the
confidence is calibrated on the validation split, and the test split, which nothing was
chosen on, tells how good the result is. An interrupted training goes on where it was.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, fields
from pathlib import Path

import torch

from pano_jobs.datasets.kinds import are_related
from pano_jobs.training.features import load_features
from pano_jobs.training.fit import Fitting, fit, forget_state
from pano_jobs.training.presets import PRESETS, Preset, SoundTrunk, Supervision
from pano_jobs.training.training_log import training_logs
from pano_jobs.training.trunks import load_trunks
from soundloc.architecture.config import VisualTrunk
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import SPLITS, PairSet, read_pair_set
from soundloc.data.supervision import label_only
from soundloc.errors import CheckpointError
from soundloc.evaluation.reporting.brief import Evaluation, evaluate
from soundloc.inference.torch_engine import choose_engine
from soundloc.network.checkpoint import load_checkpoint, save_checkpoint
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import StepProgress, untold
from soundloc.training.calibrate_confidence import calibrate_confidence
from soundloc.training.objective import LossWeights, StepReport
from soundloc.training.workers import Workers

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainJobSettings:
    """Settings of the `train` job: data, network, losses and length.

    Parameters
    ----------
    visual_trunk, sound
        The trunks; ``None`` are the preset's.
    supervision
        What the training is told of where things are.
    n_labels
        Training pictures that keep their boxes; ``None`` keeps all.
    loss_weights
        Weights that differ from the preset's, by the name of the loss.
    soundnet
        The published SoundNet-8 weights; ``None`` asks the environment.
    trunks
        A checkpoint whose trunks to start from, such as `pano adapt` writes; ``None``
        takes what `load_trunks` says.
    n_steps, picture_size_px
        ``None`` is the preset's.
    log, tensorboard
        Where the losses of every step go, as CSV and for TensorBoard; of several heads
        those of the first.
    """

    pair_set: Path
    target: Path
    preset: str = "light"
    visual_trunk: VisualTrunk | None = None
    sound: SoundTrunk | None = None
    supervision: Supervision = Supervision.SEMI_SUPERVISED
    n_labels: int | None = None
    loss_weights: dict[str, float] = field(default_factory=dict)
    soundnet: Path | None = None
    trunks: Path | None = None
    n_steps: int | None = None
    picture_size_px: tuple[int, int] | None = None
    seed: int = 0
    log: Path | None = None
    tensorboard: Path | None = None

    def recipe(self) -> Preset:
        """Return the preset with every change asked for.

        Given trunks decide what hears.

        Raises
        ------
        CheckpointError
            If the given trunks cannot be read.
        """
        preset = PRESETS[self.preset].with_loss_weights(self.loss_weights)
        if self.trunks is not None:
            given = load_checkpoint(self.trunks).net.config
            preset = preset.with_sound_trunk(SoundTrunk.of(given))
        elif self.sound is not None:
            preset = preset.with_sound_trunk(self.sound)
        preset = preset.with_supervision(self.supervision)
        return (
            preset
            if self.visual_trunk is None
            else preset.with_visual_trunk(self.visual_trunk)
        )


@dataclass(frozen=True, slots=True)
class TrainJobResult:
    """Result of the `train` job; its figures are of the test split."""

    target: Path
    preset: str
    n_steps: int
    test: Evaluation

    def words(self) -> str:
        """Return the output and the test figures as text."""
        return f"{self.target}: {self.n_steps} steps; on the test split\n" + (
            self.test.words()
        )


def train(
    settings: TrainJobSettings,
    *,
    on_step: StepProgress = untold,
) -> TrainJobResult:
    """Train a localizer and write its checkpoint.

    Raises
    ------
    DatasetError, CheckpointError
        If the pair set or the pretrained trunks cannot be read.
    """
    preset = settings.recipe()
    state = _state_path(settings)
    workers = Workers.of_torchrun()
    torch.manual_seed(settings.seed)
    trunks = load_trunks(preset.config, settings.soundnet, settings.trunks)
    caches = _load_all(trunks, preset, settings, workers, on_step)
    n_steps = settings.n_steps or preset.training.n_steps
    with training_logs(
        csv_file=settings.log if workers.rank == 0 else None,
        tensorboard=settings.tensorboard if workers.rank == 0 else None,
    ) as logs:
        step_log = _StepLog(on_step, n_steps)

        def note(what: str, report: StepReport) -> None:
            step_log.note(what, report)
            if what == "training":
                for log in logs:
                    log.write(report)

        fitting = Fitting(
            trunks, caches["train"], caches["validation"], state, workers, note
        )
        net = fit(preset, fitting, n_steps=n_steps, seed=settings.seed)
    calibrate_confidence(net, caches["validation"], related=are_related)
    test = evaluate(net, caches["test"], related=are_related)
    if workers.rank == 0:
        save_checkpoint(
            settings.target,
            net,
            step=n_steps,
            metrics=test.figures(),
            half_precision=True,
        )
        forget_state(state)
    return TrainJobResult(settings.target, settings.preset, n_steps, test)


def _load_all(
    trunks: SoundLocalizationNet,
    preset: Preset,
    settings: TrainJobSettings,
    workers: Workers,
    tell: StepProgress,
) -> dict[str, FeatureCache]:
    """Load the features of every split; one worker computes, the others read."""
    pair_set = read_pair_set(settings.pair_set)
    if settings.n_labels is not None:
        pair_set = label_only(pair_set, settings.n_labels, seed=settings.seed)
    if workers.rank > 0:
        workers.wait()
    caches = _load_splits(trunks, preset, settings, pair_set, tell)
    if workers.rank == 0:
        workers.wait()
    return caches


def _load_splits(
    trunks: SoundLocalizationNet,
    preset: Preset,
    settings: TrainJobSettings,
    pair_set: PairSet,
    tell: StepProgress,
) -> dict[str, FeatureCache]:
    engine = choose_engine(trunks.visual.trunk)
    caches = {
        split: load_features(
            trunks,
            pair_set,
            split,
            has_views=preset.has_views and split == "train",
            picture_size_px=settings.picture_size_px or preset.picture_size_px,
            engine=engine,
            on_step=tell,
        )
        for split in SPLITS
    }
    trunks.cpu()
    return caches


class _StepLog:
    """Reports training progress: the step, its losses and the speed."""

    def __init__(self, tell: StepProgress, n_steps: int) -> None:
        self._tell, self._n_steps = tell, n_steps
        self._start_s, self._n_told = time.monotonic(), 0

    def note(self, what: str, report: StepReport) -> None:
        """Report every step to the progress bar, every hundredth to the log."""
        self._tell(what, report.step + 1, self._n_steps)
        self._n_told += 1
        if (report.step + 1) % 100 == 0:
            per_s = self._n_told / max(time.monotonic() - self._start_s, 1e-9)
            logger.info("%s", _words(what, report, per_s, self._n_steps))


def _words(what: str, report: StepReport, per_s: float, n_steps: int) -> str:
    names = [f.name for f in fields(LossWeights)]
    losses = [f"{n} {v:.2f}" for n in names if (v := getattr(report, n)) > 0.0]
    left_min = (n_steps - report.step - 1) / per_s / 60.0
    return (
        f"{what}, step {report.step + 1} of {n_steps}: loss {report.total:.3f} "
        f"({', '.join(losses)}); {per_s:.1f} steps/s, {left_min:.0f} min left"
    )


def _state_path(settings: TrainJobSettings) -> Path:
    if not settings.target.parent.is_dir():
        raise CheckpointError(
            f"the folder of {settings.target} does not exist; create it first."
        )
    return settings.target.with_suffix(".training.safetensors")
