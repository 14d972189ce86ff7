"""The job `adapt`: pretrained trunks become trunks for scenes and for films' sound.

What comes out is a checkpoint with fresh heads, for `pano train --trunks`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.presets import PRESETS
from pipelines.trunks import load_trunks
from pipelines.yamnet import YamNet
from soundloc.adaptation.crops import CropDrawer
from soundloc.adaptation.descent import OnStep
from soundloc.adaptation.hearing import HearingSettings, adapt_hearing
from soundloc.adaptation.moments import Moments
from soundloc.adaptation.sight import SightSettings, adapt_sight
from soundloc.checkpoint import save_checkpoint
from soundloc.errors import CheckpointError
from soundloc.pairs import read_pair_set

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]

_TELL_EVERY = 100


@dataclass(frozen=True, slots=True)
class AdaptSettings:
    """What to adapt to, and for how long.

    Parameters
    ----------
    n_sight_steps, n_hearing_steps
        0 leaves that trunk as it is.
    teacher
        YAMNet's ONNX file; without one the sound trunk learns from kinds alone.
    trunks
        Start from the trunks of this checkpoint rather than from the published ones.
    """

    pair_set: Path
    target: Path
    n_sight_steps: int = 1600
    n_hearing_steps: int = 2500
    teacher: Path | None = None
    trunks: Path | None = None
    soundnet: Path | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AdaptResult:
    """Trunks were adapted."""

    target: Path
    n_sight_steps: int
    n_hearing_steps: int

    def words(self) -> str:
        """Say where the trunks are and what they are for."""
        return (
            f"{self.target}: {self.n_sight_steps} steps of seeing, "
            f"{self.n_hearing_steps} of hearing; train heads on them with "
            f"`pano train --trunks {self.target}`."
        )


def adapt(settings: AdaptSettings, *, on_step: Progress | None = None) -> AdaptResult:
    """Adapt the trunks and write them.

    Raises
    ------
    DatasetError, CheckpointError
        If the pair set, the pretrained trunks or the teacher cannot be read.
    """
    tell = on_step or (lambda what, done, total: None)
    if not settings.target.parent.is_dir():
        raise CheckpointError(
            f"the folder of {settings.target} does not exist; create it first."
        )
    teacher = None if settings.teacher is None else YamNet(settings.teacher)
    pair_set = read_pair_set(settings.pair_set)
    net = load_trunks(PRESETS["light"].config, settings.soundnet, settings.trunks)
    if n := settings.n_hearing_steps:
        hearing = HearingSettings()
        hearing = replace(hearing, descent=replace(hearing.descent, n_steps=n))
        moments = Moments(pair_set, "train", seed=settings.seed)
        adapt_hearing(net, moments, teacher, hearing, on_step=_note("hearing", n, tell))
    if n := settings.n_sight_steps:
        sight = SightSettings()
        sight = replace(sight, descent=replace(sight.descent, n_steps=n))
        crops = CropDrawer(pair_set, "train", seed=settings.seed)
        adapt_sight(net, crops, sight, on_step=_note("seeing", n, tell))
    n_steps = settings.n_sight_steps + settings.n_hearing_steps
    save_checkpoint(settings.target, net, step=n_steps, metrics={}, half_precision=True)
    return AdaptResult(
        settings.target, settings.n_sight_steps, settings.n_hearing_steps
    )


def _note(what: str, n_steps: int, tell: Progress) -> OnStep:
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
