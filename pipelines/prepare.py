"""The job `prepare`: raw material becomes a pair set that the localizer trains on.

Sounds are converted once to the pair set's format; pictures are composed scenes on
equirectangular backgrounds, boxed photographs, and nothing else. Every scene is a
pure function of the seed and its number, so a set can be rebuilt bit for bit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from pano.errors import MediaError
from pano.media.sound import decode_sound
from pipelines.compose import DRAWN_SEEDS, Picture, ScenePainter, kind_of_drawn
from pipelines.demo import synthesis
from pipelines.demo.drawing import SourceKind
from pipelines.material import Material, read_material
from soundloc.errors import DatasetError
from soundloc.pairs import (
    SAMPLE_RATE_HZ,
    SPLITS,
    PictureEntry,
    SoundEntry,
    write_sound,
    write_tables,
)

logger = logging.getLogger(__name__)

_JPEG_QUALITY = 93
_N_DRAWN_SOUNDS = {"train": 24, "validation": 4, "test": 6}
_DRAWN_SOUND_S = 6.0


@dataclass(frozen=True, slots=True)
class PrepareSettings:
    """What to prepare.

    Parameters
    ----------
    n_scenes
        Composed training scenes; validation and test get a tenth each.
    n_photographs
        Frames made of two boxed photographs side by side, likewise.
    """

    material: Path
    target: Path
    n_scenes: int = 3000
    n_photographs: int = 400
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PrepareResult:
    """A pair set was written."""

    target: Path
    n_pictures: int
    n_sounds: int
    n_kinds: int

    def words(self) -> str:
        """Say what the pair set holds."""
        return (
            f"{self.target}: {self.n_pictures} pictures and {self.n_sounds} sounds "
            f"of {self.n_kinds} kinds"
        )


def prepare(
    settings: PrepareSettings, *, on_step: Callable[[str, int, int], None] | None = None
) -> PrepareResult:
    """Write a pair set.

    `on_step` is told what is done, how many, of how many.

    Raises
    ------
    DatasetError
        If the material lacks a class table or the target holds a pair set already.
    """
    if (settings.target / "pictures.jsonl").exists():
        raise DatasetError(
            f"{settings.target} already holds a pair set; choose another folder."
        )
    tell = on_step or (lambda what, done, total: None)
    material = read_material(settings.material)
    (settings.target / "sounds").mkdir(parents=True, exist_ok=True)
    (settings.target / "pictures").mkdir(exist_ok=True)
    sounds = list(_convert_sounds(material, settings.target, tell))
    sounds += list(_synthesise_sounds(settings.target))
    pictures = list(_compose_all(material, sounds, settings, tell))
    write_tables(settings.target, pictures, sounds)
    kinds = {sound.kind for sound in sounds} - {None}
    return PrepareResult(settings.target, len(pictures), len(sounds), len(kinds))


def _convert_sounds(
    material: Material, target: Path, tell: Callable[[str, int, int], None]
) -> Iterator[SoundEntry]:
    n_unreadable = 0
    for number, source in enumerate(material.sounds):
        name = f"sounds/{source.path.parent.name}-{source.path.stem}.wav"
        try:
            sound = decode_sound(
                source.path, start=Fraction(0), sample_rate_hz=SAMPLE_RATE_HZ
            )
        except MediaError:
            n_unreadable += 1
            continue
        write_sound(target / name, sound.samples)
        yield SoundEntry(
            name, source.kind, source.split, source.source, source.instance
        )
        tell("sounds", number + 1, len(material.sounds))
    if n_unreadable:
        logger.warning("%d sounds could not be read and are left out", n_unreadable)


def _synthesise_sounds(target: Path) -> Iterator[SoundEntry]:
    for kind in SourceKind:
        for split in SPLITS:
            for number in range(_N_DRAWN_SOUNDS[split]):
                seed = DRAWN_SEEDS[split] + number
                name = f"sounds/drawn-{kind}-{seed}.wav"
                samples = synthesis.sound(kind, seed, _DRAWN_SOUND_S, SAMPLE_RATE_HZ)
                write_sound(target / name, samples)
                yield SoundEntry(name, kind_of_drawn(kind), split, f"drawn:{seed}")


def _compose_all(
    material: Material,
    sounds: Sequence[SoundEntry],
    settings: PrepareSettings,
    tell: Callable[[str, int, int], None],
) -> Iterator[PictureEntry]:
    counts = {"train": settings.n_scenes}
    counts |= dict.fromkeys(("validation", "test"), settings.n_scenes // 10)
    for order, (split, n_scenes) in enumerate(counts.items()):
        painter = ScenePainter(material, sounds, split)
        share = n_scenes / settings.n_scenes
        n_pairs = round(settings.n_photographs * share) * painter.has_photographs
        for number in range(n_scenes + n_pairs):
            rng = np.random.default_rng([settings.seed, order, number])
            name = f"pictures/{split}-{number:05d}.jpg"
            is_scene = number < n_scenes
            picture, objects = (
                painter.scene(rng) if is_scene else painter.photograph_pair(rng)
            )
            _write_picture(settings.target / name, picture)
            yield PictureEntry(
                name, split, f"composed:{number}", objects, wrap=is_scene
            )
            tell(f"{split} pictures", number + 1, n_scenes + n_pairs)


def _write_picture(path: Path, picture: Picture) -> None:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]):
        raise DatasetError(f"{path} cannot be written.")
