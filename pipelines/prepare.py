"""The job `prepare`: raw material becomes a pair set that the localizer trains on.

Sounds are converted once to the pair set's format; pictures are composed scenes on
equirectangular backgrounds, boxed photographs, and nothing else. Every scene is a
pure function of the seed and its number, so a set can be rebuilt bit for bit.
"""

from __future__ import annotations

import functools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.errors import MediaError
from pano.media.sound import decode_sound
from pipelines.demo import synthesis
from pipelines.demo.drawing import SourceKind, sprite
from pipelines.demo.landscape import panorama
from pipelines.material import Material, PieceSource, are_related, read_material
from soundloc.errors import DatasetError
from soundloc.pairs import (
    SAMPLE_RATE_HZ,
    SPLITS,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)
from soundloc.scenes import Piece, SceneLayout, compose, soft_mask

logger = logging.getLogger(__name__)

SCENE_HEIGHT_PX, SCENE_WIDTH_PX = 480, 960
_JPEG_QUALITY = 93
# A drawn source keeps its seeds apart by split, as a recording would.
_DRAWN_SEEDS = {"train": 0, "validation": 10_000, "test": 20_000}
_N_DRAWN_SEEDS = 200
_N_DRAWN_WORLDS = 40
_N_DRAWN_SOUNDS = {"train": 24, "validation": 4, "test": 6}
_DRAWN_SOUND_S = 6.0

Picture = NDArray[np.uint8]


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
                seed = _DRAWN_SEEDS[split] + number
                name = f"sounds/drawn-{kind}-{seed}.wav"
                samples = synthesis.sound(kind, seed, _DRAWN_SOUND_S, SAMPLE_RATE_HZ)
                write_sound(target / name, samples)
                yield SoundEntry(name, kind_of_drawn(kind), split, f"drawn:{seed}")


def kind_of_drawn(kind: SourceKind) -> str:
    """Merge a drawn source's kind with the material's."""
    merged = {SourceKind.FOUNTAIN: "water", SourceKind.ALARM_CLOCK: "clock"}
    return merged.get(kind, str(kind))


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
        n_pairs = round(settings.n_photographs * n_scenes / max(1, settings.n_scenes))
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


def _stretch_at(y: float) -> float:
    """Widen things away from the horizon as an equirectangular picture does."""
    pitch_rad = (0.5 - y) * np.pi
    return float(min(3.0, 1.0 / max(np.cos(pitch_rad), 0.2)))


@dataclass
class ScenePainter:
    """Paints scenes of one split from the pieces of that split alone."""

    material: Material
    sounds: Sequence[SoundEntry]
    split: str
    n_sounding: tuple[int, int] = (3, 5)
    _pieces: dict[str | None, list[PieceSource]] = field(init=False)
    _kinds: list[str] = field(init=False)
    _panoramas: list[Path] = field(init=False)

    def __post_init__(self) -> None:
        heard = {s.kind for s in self.sounds if s.split == self.split}
        self._pieces = defaultdict(list)
        for piece in self.material.pieces:
            if piece.split == self.split:
                self._pieces[piece.kind if piece.kind in heard else None].append(piece)
        self._kinds = sorted(
            {k for k in self._pieces if k is not None}
            | {kind_of_drawn(k) for k in SourceKind}
        )
        self._panoramas = [p for p, s in self.material.panoramas if s == self.split]

    def scene(
        self, rng: np.random.Generator
    ) -> tuple[Picture, tuple[PlacedObject, ...]]:
        """Compose one equirectangular scene of 480×960."""
        layout = SceneLayout(
            max_size_px=190.0,
            stretch_at=_stretch_at,
            wrap=True,
            spread_y=float(rng.uniform(0.05, 0.16)),
        )
        pieces = [self._piece(kind, rng) for kind in self._draw_kinds(rng)]
        if rng.random() < 0.2 and pieces:
            pieces.append(self._piece(pieces[0].kind, rng))
        silent = self._pieces[None]
        for _ in range(int(rng.integers(0, 4))):
            pieces.append(self._load(silent[rng.integers(len(silent))], rng))
        scene = compose(self._background(rng), pieces, layout=layout, rng=rng)
        return scene.picture, scene.objects

    def photograph_pair(
        self, rng: np.random.Generator
    ) -> tuple[Picture, tuple[PlacedObject, ...]]:
        """Put two boxed photographs side by side into one frame of 480×960."""
        chosen = [p for p in self.material.photographs if p.split == self.split]
        boxes: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
        halves = []
        for half, index in enumerate(rng.choice(len(chosen), 2, replace=False)):
            photograph = chosen[int(index)]
            image = _read_rgb(photograph.path)
            mirror = bool(rng.random() < 0.5)
            side = SCENE_WIDTH_PX // 2
            image = _resized(image, (side, SCENE_HEIGHT_PX))
            halves.append(image[:, ::-1] if mirror else image)
            for kind, (x0, y0, x1, y1) in photograph.boxes:
                if kind is not None:
                    left, right = (1 - x1, 1 - x0) if mirror else (x0, x1)
                    box = ((half + left) / 2, y0, (half + right) / 2, y1)
                    boxes[kind].append(box)
        objects = tuple(PlacedObject(kind, tuple(b)) for kind, b in boxes.items())
        return np.ascontiguousarray(np.concatenate(halves, axis=1)), objects

    def _draw_kinds(self, rng: np.random.Generator) -> list[str]:
        weights = np.array([self._weight(kind) for kind in self._kinds])
        chosen: list[str] = []
        wanted = int(rng.integers(self.n_sounding[0], self.n_sounding[1] + 1))
        order = rng.choice(
            self._kinds, len(self._kinds), replace=False, p=weights / weights.sum()
        )
        for kind in order:
            if not any(are_related(str(kind), other) for other in chosen):
                chosen.append(str(kind))
            if len(chosen) == wanted:
                break
        return chosen

    def _weight(self, kind: str) -> float:
        if kind == "person":
            return 30.0
        drawn = 4.0 if kind in map(kind_of_drawn, SourceKind) else 0.0
        return drawn + min(10.0, float(np.sqrt(len(self._pieces[kind]))))

    def _piece(self, kind: str | None, rng: np.random.Generator) -> Piece:
        drawable = [d for d in SourceKind if kind_of_drawn(d) == kind]
        found = self._pieces[kind]
        if drawable and (not found or rng.random() < 0.4):
            seed = _DRAWN_SEEDS[self.split] + int(rng.integers(_N_DRAWN_SEEDS))
            name = drawable[int(rng.integers(len(drawable)))]
            moment_s = float(rng.uniform(0, 10))
            return Piece(sprite(name, seed, moment_s), kind)
        cutouts = [p for p in found if p.has_alpha]
        # Cut-outs are few and photographs many; see each kind in both.
        pool = cutouts if cutouts and rng.random() < 0.35 else found
        return self._load(pool[int(rng.integers(len(pool)))], rng)

    def _load(self, source: PieceSource, rng: np.random.Generator) -> Piece:
        kind = source.kind if source in self._pieces[source.kind] else None
        if source.has_alpha:
            bgra = cv2.imread(str(source.path), cv2.IMREAD_UNCHANGED)
            if bgra is not None and bgra.ndim == 3 and bgra.shape[2] == 4:
                rgba = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA)
                return Piece(np.asarray(rgba, np.uint8), kind, source.instance)
        image = _crop(_read_rgb(source.path), source, rng)
        mask = soft_mask(image.shape[0], image.shape[1], rng)
        return Piece(np.dstack([image, mask]), kind, source.instance)

    def _background(self, rng: np.random.Generator) -> Picture:
        """Draw a background: a world of ours, a panorama, or any photograph.

        Panoramas are few, so they are turned, mirrored, tinted and brought nearer;
        photographs teach that a texture is not a source.
        """
        size = (SCENE_WIDTH_PX, SCENE_HEIGHT_PX)
        choice = rng.random()
        if choice < 0.15:
            seed = _DRAWN_SEEDS[self.split] + int(rng.integers(_N_DRAWN_WORLDS))
            image = _drawn_world(seed)
        elif choice < 0.65:
            path = self._panoramas[int(rng.integers(len(self._panoramas)))]
            image = _resized(_nearer(_read_rgb(path), rng), size)
        else:
            silent = [p for p in self._pieces[None] if not p.has_alpha]
            path = silent[int(rng.integers(len(silent)))].path
            image = _resized(_read_rgb(path), size)
        image = np.roll(image, int(rng.integers(SCENE_WIDTH_PX)), axis=1)
        if rng.random() < 0.5:
            image = image[:, ::-1]
        tint = rng.uniform(0.6, 1.2) * rng.uniform(0.85, 1.15, 3)
        return np.asarray(np.clip(image * tint, 0, 255), dtype=np.uint8)


def _nearer(image: Picture, rng: np.random.Generator) -> Picture:
    """Keep a part of an equirectangular picture about its horizon, half of the time.

    Its edges then no longer join; in a background that matters little.
    """
    if rng.random() < 0.5:
        return image
    height, width = image.shape[:2]
    share = rng.uniform(0.4, 1.0)
    top = int((1.0 - share) * rng.uniform(0.3, 0.7) * height)
    left = int(rng.integers(0, width - int(share * width) + 1))
    return image[top : top + int(share * height), left : left + int(share * width)]


@functools.lru_cache(maxsize=_N_DRAWN_WORLDS)
def _drawn_world(seed: int) -> Picture:
    return np.asarray(panorama(seed, SCENE_WIDTH_PX, SCENE_HEIGHT_PX), dtype=np.uint8)


def _crop(image: Picture, source: PieceSource, rng: np.random.Generator) -> Picture:
    """Cut the piece's box out, with a margin of up to 8 % drawn at random."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = source.box
    dx, dy = rng.uniform(-0.03, 0.08, 2) * (x1 - x0, y1 - y0)
    left, right = max(0.0, x0 - dx), min(1.0, x1 + dx)
    top, bottom = max(0.0, y0 - dy), min(1.0, y1 + dy)
    return image[
        int(top * height) : max(int(top * height) + 4, int(bottom * height)),
        int(left * width) : max(int(left * width) + 4, int(right * width)),
    ]


def _read_rgb(path: Path) -> Picture:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DatasetError(f"{path} cannot be read as a picture.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _resized(image: Picture, size: tuple[int, int]) -> Picture:
    """Resize to (width, height), averaging where it shrinks."""
    shrinks = size[1] < image.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), dtype=np.uint8)
