"""The `prepare` job: make a pair set for training of raw material.

Sounds are converted once to the pair set's format; pictures are composed scenes on
equirectangular backgrounds, boxed photographs, and nothing else. Every scene is a
pure function of the seed and its number, so a set can be rebuilt bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pano.errors import MediaError
from pano_jobs.datasets.compose import DRAWN_SEEDS, ScenePainter, kind_of_drawn
from pano_jobs.datasets.material import Material, read_material
from pano_jobs.datasets.pair_writer import PairWriter, PrepareResult, writing_pairs
from pano_jobs.datasets.sources.clips import read_track
from pano_jobs.synthetic import synthesis
from pano_jobs.synthetic.sprites import SourceKind
from soundloc.audit.inspection import is_silent
from soundloc.data.pairs import SAMPLE_RATE_HZ, SPLITS
from soundloc.progress import StepProgress, untold

__all__ = ["PrepareResult", "PrepareSettings", "prepare"]

_N_DRAWN_SOUNDS = {"train": 24, "validation": 4, "test": 6}
_DRAWN_SOUND_S = 6.0


@dataclass(frozen=True, slots=True)
class PrepareSettings:
    """Settings of the `prepare` job.

    Parameters
    ----------
    n_scenes
        Composed training scenes; validation and test get a tenth each.
    n_photographs
        Frames made of two boxed photographs side by side, likewise.
    panoramas
        A folder of further stills to compose training scenes on.
    """

    material: Path
    target: Path
    n_scenes: int = 3000
    n_photographs: int = 400
    seed: int = 0
    overwrite: bool = False
    panoramas: Path | None = None


def prepare(
    settings: PrepareSettings, *, on_step: StepProgress = untold
) -> PrepareResult:
    """Make a pair set of raw material.

    `on_step` is told what is done, how many, of how many.

    Raises
    ------
    DatasetError
        If the material lacks a class table or the target holds something.
    """
    with writing_pairs(settings.target, overwrite=settings.overwrite) as writer:
        material = read_material(settings.material, settings.panoramas)
        _convert_sounds(material, writer, on_step)
        _synthesise_sounds(writer)
        _compose_all(material, settings, writer, on_step)
    return writer.result(settings.target)


def _convert_sounds(material: Material, writer: PairWriter, tell: StepProgress) -> None:
    for number, source in enumerate(material.sounds, start=1):
        try:
            samples = read_track(source.path)
        except MediaError as error:
            writer.leave_out("corrupt sound", str(error))
            continue
        if is_silent(samples) and source.kind is not None:
            writer.leave_out("silent", str(source.path))
            continue
        writer.add_sound(
            samples,
            name=f"{source.path.parent.name}-{source.path.stem}",
            kind=source.kind,
            split=source.split,
            source=source.source,
            instance=source.instance,
        )
        tell("sounds", number, len(material.sounds))


def _synthesise_sounds(writer: PairWriter) -> None:
    for kind in SourceKind:
        for split in SPLITS:
            for number in range(_N_DRAWN_SOUNDS[split]):
                seed = DRAWN_SEEDS[split] + number
                writer.add_sound(
                    synthesis.sound(kind, seed, _DRAWN_SOUND_S, SAMPLE_RATE_HZ),
                    name=f"drawn-{kind}-{seed}",
                    kind=kind_of_drawn(kind),
                    split=split,
                    source=f"drawn:{seed}",
                )


def _compose_all(
    material: Material,
    settings: PrepareSettings,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    counts = {"train": settings.n_scenes}
    counts |= dict.fromkeys(("validation", "test"), settings.n_scenes // 10)
    for order, (split, n_scenes) in enumerate(counts.items()):
        painter = ScenePainter(material, writer.sounds, split)
        share = n_scenes / settings.n_scenes
        n_pairs = round(settings.n_photographs * share) * painter.has_photographs
        for number in range(n_scenes + n_pairs):
            rng = np.random.default_rng([settings.seed, order, number])
            is_scene = number < n_scenes
            picture, objects = (
                painter.scene(rng) if is_scene else painter.photograph_pair(rng)
            )
            name = f"{split}-{number:05d}"
            writer.add_picture(
                picture,
                name=name,
                split=split,
                source=f"composed:{name}",
                objects=objects,
                wrap=is_scene,
            )
            tell(f"{split} pictures", number + 1, n_scenes + n_pairs)
