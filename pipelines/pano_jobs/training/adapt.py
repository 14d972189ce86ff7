"""The `adapt` job: fine-tune the pretrained trunks on a pair set.

What comes out is a checkpoint with fresh heads, for `pano train --trunks`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from pano_jobs.datasets.sources.unlabelled_sounds import read_sounds
from pano_jobs.training.presets import PRESETS, SoundTrunk
from pano_jobs.training.trunks import load_trunks, load_visual_trunk
from pano_jobs.training.yamnet import YamNet
from soundloc.adaptation.adapt_efficientnet import (
    VisualTrunkSettings,
    adapt_visual_trunk,
)
from soundloc.adaptation.adapt_soundnet import SoundTrunkSettings, adapt_sound_trunk
from soundloc.adaptation.crops import CropSampler
from soundloc.adaptation.distill_logmel import (
    TAUGHT_S,
    DistillationSet,
    DistillationSettings,
    PatchTeacher,
    distill,
)
from soundloc.adaptation.finetune import OnStep
from soundloc.adaptation.sound_excerpts import ExcerptSampler, ExcerptSettings
from soundloc.data.pairs import PairSet, read_pair_set
from soundloc.errors import CheckpointError
from soundloc.network.checkpoint import load_checkpoint, save_checkpoint
from soundloc.network.model import SoundLocalizationNet
from soundloc.network.trunks.logmel import LogMelNet
from soundloc.progress import StepProgress, untold

logger = logging.getLogger(__name__)

_TELL_EVERY = 100


@dataclass(frozen=True, slots=True)
class AdaptSettings:
    """Settings of the `adapt` job.

    Parameters
    ----------
    sound
        The sound trunk: SoundNet-8 is adapted, the log-mel trunk taught from nothing.
    n_sight_steps, n_hearing_steps
        0 leaves that trunk as it is.
    sight_share
        How far the visual trunk goes from what it was to what it became: weights half
        way keep more of what they knew (Wortsman et al. 2022, WiSE-FT).
    teacher
        YAMNet's ONNX file; without one SoundNet-8 learns from kinds alone. The log-mel
        trunk needs it.
    more_sounds
        A folder of further sounds, which nobody named, for the log-mel trunk.
    trunks
        Start from the trunks of this checkpoint rather than from the published ones.
    """

    pair_set: Path
    target: Path
    sound: SoundTrunk = SoundTrunk.SOUNDNET
    n_sight_steps: int = 3000
    n_hearing_steps: int | None = None
    sight_share: float = 1.0
    teacher: Path | None = None
    more_sounds: Path | None = None
    trunks: Path | None = None
    soundnet: Path | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AdaptResult:
    """Result of the `adapt` job."""

    target: Path
    n_sight_steps: int
    n_hearing_steps: int

    def words(self) -> str:
        """Return the output and how to use it, as text."""
        return (
            f"{self.target}: {self.n_sight_steps} steps of seeing, "
            f"{self.n_hearing_steps} of hearing; train heads on them with "
            f"`pano train --trunks {self.target}`."
        )


def adapt(settings: AdaptSettings, *, on_step: StepProgress = untold) -> AdaptResult:
    """Fine-tune the trunks and write them; an interrupted run is resumed.

    Raises
    ------
    DatasetError, CheckpointError
        If the pair set, the pretrained trunks or the teacher cannot be read.
    """
    if not settings.target.parent.is_dir():
        raise CheckpointError(
            f"the folder of {settings.target} does not exist; create it first."
        )
    pair_set = read_pair_set(settings.pair_set)
    net = _start(settings)
    n_hearing_steps = _n_hearing_steps(settings)
    if n_hearing_steps:
        _adapt_hearing(net, pair_set, settings, on_step)
    if n := settings.n_sight_steps:
        visual = VisualTrunkSettings(share=settings.sight_share)
        visual = replace(visual, finetuning=replace(visual.finetuning, n_steps=n))
        crops = CropSampler(pair_set, "train", seed=settings.seed)
        state = _unfinished_folder(settings) / f"seeing-{settings.seed}.safetensors"
        note = _note("seeing", n, on_step)
        adapt_visual_trunk(net, crops, visual, state=state, on_step=note)
    n_steps = settings.n_sight_steps + n_hearing_steps
    save_checkpoint(settings.target, net, step=n_steps, metrics={}, half_precision=True)
    if _unfinished_folder(settings).exists():
        shutil.rmtree(_unfinished_folder(settings))
    return AdaptResult(settings.target, settings.n_sight_steps, n_hearing_steps)


def _start(settings: AdaptSettings) -> SoundLocalizationNet:
    config = PRESETS["light"].with_sound_trunk(settings.sound).config
    if settings.sound is SoundTrunk.LOG_MEL:
        return load_visual_trunk(config, settings.trunks)
    return load_trunks(config, settings.soundnet, settings.trunks)


def _n_hearing_steps(settings: AdaptSettings) -> int:
    if settings.n_hearing_steps is not None:
        return settings.n_hearing_steps
    if settings.sound is SoundTrunk.LOG_MEL:
        return DistillationSettings().finetuning.n_steps
    return SoundTrunkSettings().finetuning.n_steps


def _adapt_hearing(
    net: SoundLocalizationNet,
    pair_set: PairSet,
    settings: AdaptSettings,
    tell: StepProgress,
) -> None:
    """Adapt what hears, unless that was done before seeing was interrupted."""
    n, folder = _n_hearing_steps(settings), _unfinished_folder(settings)
    done = folder / f"heard-{n}-{settings.seed}.safetensors"
    if done.exists():
        net.load_state_dict(load_checkpoint(done).net.state_dict())
        return
    teacher = None if settings.teacher is None else YamNet(settings.teacher)
    if isinstance(net.sound.trunk, LogMelNet):
        _teach(net.sound.trunk, pair_set, teacher, settings, tell)
    else:
        hearing = SoundTrunkSettings()
        hearing = replace(hearing, finetuning=replace(hearing.finetuning, n_steps=n))
        sampler = ExcerptSampler(pair_set, "train", seed=settings.seed)
        state, note = _hearing_state(settings), _note("hearing", n, tell)
        adapt_sound_trunk(net, sampler, teacher, hearing, state=state, on_step=note)
    if settings.n_sight_steps:
        folder.mkdir(parents=True, exist_ok=True)
        save_checkpoint(done, net, step=n, metrics={})


def _teach(
    trunk: LogMelNet,
    pair_set: PairSet,
    teacher: PatchTeacher | None,
    settings: AdaptSettings,
    tell: StepProgress,
) -> None:
    n = _n_hearing_steps(settings)
    if teacher is None:
        raise CheckpointError("the log-mel trunk starts from nothing; name a teacher.")
    distillation = DistillationSettings()
    distillation = replace(
        distillation, finetuning=replace(distillation.finetuning, n_steps=n)
    )
    others = [] if settings.more_sounds is None else read_sounds(settings.more_sounds)
    how = ExcerptSettings(length_s=TAUGHT_S, any_share=0.5)
    sampler = ExcerptSampler(
        pair_set, "train", seed=settings.seed, how=how, others=others
    )
    folder, n_excerpts = _unfinished_folder(settings), distillation.n_excerpts
    material = DistillationSet.prepare(
        folder,
        sampler,
        teacher,
        n_excerpts,
        on_step=lambda done: tell("asking the teacher", done, n_excerpts),
    )
    distill(
        trunk,
        material,
        distillation,
        seed=settings.seed,
        state=_hearing_state(settings),
        on_step=_note("hearing", n, tell),
    )


def _hearing_state(settings: AdaptSettings) -> Path:
    return _unfinished_folder(settings) / f"hearing-{settings.seed}.safetensors"


def _unfinished_folder(settings: AdaptSettings) -> Path:
    """Name the folder beside the target that an interrupted adaptation goes on from.

    Whatever changes what is adapted, and to what, changes the name.
    """
    told = (
        *(settings.pair_set, settings.teacher, settings.more_sounds),
        *(settings.soundnet, settings.trunks),
    )
    words = [str(path and path.resolve()) for path in told] + [str(settings.sound)]
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:12]
    return settings.target.with_suffix(f".{digest}.unfinished")


def _note(what: str, n_steps: int, tell: StepProgress) -> OnStep:
    start_s, losses = time.monotonic(), list[float]()

    def note(step: int, loss: float) -> None:
        tell(f"adapting {what}", step + 1, n_steps)
        losses.append(loss)
        if (step + 1) % _TELL_EVERY == 0:
            mean = sum(losses[-_TELL_EVERY:]) / _TELL_EVERY
            left_min = (time.monotonic() - start_s) / 60.0 * (n_steps / (step + 1) - 1)
            logger.info(
                "adapting %s, step %d of %d: loss %.3f; %.0f min left",
                *(what, step + 1, n_steps, mean, left_min),
            )

    return note
