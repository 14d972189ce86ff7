"""Composes training scenes from cut-outs, photographs and backgrounds of one split.

A picture is a pure function of the random generator it is given. Backgrounds are few
and textures many, so that the localizer learns what a source is, not where a panorama
has corners.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.media.frames import ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX
from pano_jobs.datasets.kinds import APES, are_related
from pano_jobs.datasets.material import BoxedPhotograph, Material, PieceSource
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from soundloc.data.pairs import PlacedObject, SoundEntry
from soundloc.data.scenes import Piece, SceneLayout, compose, soft_mask
from soundloc.errors import DatasetError

# A drawn source keeps its seeds apart by split, as a recording would.
DRAWN_SEEDS = {"train": 0, "validation": 10_000, "test": 20_000}
_N_DRAWN_SEEDS = 200
_N_DRAWN_WORLDS = 40

# So many scenes have an ape in them, marked, and with no sound that it answers to.
_APE_SHARE = 0.2

Picture = NDArray[np.uint8]


def kind_of_drawn(kind: SourceKind) -> str:
    """Merge a drawn source's kind with the material's."""
    merged = {SourceKind.FOUNTAIN: "water", SourceKind.ALARM_CLOCK: "clock"}
    return merged.get(kind, str(kind))


def _stretch_at(y: float) -> float:
    """Widen things away from the horizon as an equirectangular picture does."""
    pitch_rad = (0.5 - y) * np.pi
    return float(min(3.0, 1.0 / max(np.cos(pitch_rad), 0.2)))


@dataclass
class ScenePainter:
    """Composes scenes of one split from the pieces of that split alone."""

    material: Material
    sounds: Sequence[SoundEntry]
    split: str
    n_sounding: tuple[int, int] = (3, 5)
    _pieces: dict[str | None, list[PieceSource]] = field(init=False)
    _kinds: list[str] = field(init=False)
    _panoramas: list[Path] = field(init=False)
    _photographs: list[BoxedPhotograph] = field(init=False)

    def __post_init__(self) -> None:
        heard = {s.kind for s in self.sounds if s.split == self.split}
        named = heard | {APES}
        self._pieces = defaultdict(list)
        for piece in self.material.pieces:
            if piece.split == self.split:
                self._pieces[piece.kind if piece.kind in named else None].append(piece)
        self._kinds = sorted(
            {k for k in self._pieces if k is not None and k != APES}
            | {kind_of_drawn(k) for k in SourceKind}
        )
        self._panoramas = [p for p, s in self.material.panoramas if s == self.split]
        self._photographs = [
            p for p in self.material.photographs if p.split == self.split
        ]

    @property
    def has_photographs(self) -> bool:
        """Tell whether there are two boxed photographs to pair."""
        return len(self._photographs) >= 2

    def scene(
        self, rng: np.random.Generator, *, kinds: Sequence[str] | None = None
    ) -> tuple[Picture, tuple[PlacedObject, ...]]:
        """Compose one equirectangular scene of 480×960.

        `kinds` names what shall be in it; chosen at random by default.
        """
        layout = SceneLayout(
            max_size_px=190.0,
            stretch_at=_stretch_at,
            wrap=True,
            spread_y=float(rng.uniform(0.05, 0.16)),
        )
        chosen = self._draw_kinds(rng) if kinds is None else kinds
        pieces = [self._piece(kind, rng) for kind in chosen]
        if rng.random() < 0.2 and pieces:
            pieces.append(self._piece(pieces[0].kind, rng))
        silent = self._pieces[None]
        for _ in range(int(rng.integers(0, 4)) if silent else 0):
            pieces.append(self._load(silent[rng.integers(len(silent))], rng))
        if self._pieces[APES] and rng.random() < _APE_SHARE:
            pieces.append(self._load(self._draw_ape(rng), rng))
        scene = compose(self._background(rng), pieces, layout=layout, rng=rng)
        return scene.picture, scene.objects

    def photograph_pair(
        self, rng: np.random.Generator
    ) -> tuple[Picture, tuple[PlacedObject, ...]]:
        """Put two boxed photographs side by side into one frame of 480×960."""
        chosen = self._photographs
        boxes: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
        halves = []
        for half, index in enumerate(rng.choice(len(chosen), 2, replace=False)):
            photograph = chosen[int(index)]
            image = _read_rgb(photograph.path)
            mirror = bool(rng.random() < 0.5)
            side = ANALYSIS_WIDTH_PX // 2
            image = _resized(image, (side, ANALYSIS_HEIGHT_PX))
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
            seed = DRAWN_SEEDS[self.split] + int(rng.integers(_N_DRAWN_SEEDS))
            name = drawable[int(rng.integers(len(drawable)))]
            moment_s = float(rng.uniform(0, 10))
            return Piece(sprite(name, seed, moment_s), kind)
        cutouts = [p for p in found if p.has_alpha]
        # Cut-outs are few and photographs many; see each kind in both.
        pool = cutouts if cutouts and rng.random() < 0.35 else found
        return self._load(pool[int(rng.integers(len(pool)))], rng)

    def _draw_ape(self, rng: np.random.Generator) -> PieceSource:
        """Draw an ape, as often from each folder: thumbnails are many, photos few."""
        folders = defaultdict(list)
        for piece in self._pieces[APES]:
            folders[piece.path.parent].append(piece)
        pool = list(folders.values())[int(rng.integers(len(folders)))]
        return pool[int(rng.integers(len(pool)))]

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
        size = (ANALYSIS_WIDTH_PX, ANALYSIS_HEIGHT_PX)
        photographs = [p.path for p in self._pieces[None] if not p.has_alpha]
        choice = rng.random()
        if 0.1 <= choice < 0.7 and self._panoramas:
            path = self._panoramas[int(rng.integers(len(self._panoramas)))]
            image = _resized(_nearer(_read_rgb(path), rng), size)
        elif choice >= 0.7 and photographs:
            path = photographs[int(rng.integers(len(photographs)))]
            image = _resized(_read_rgb(path), size)
        else:
            seed = DRAWN_SEEDS[self.split] + int(rng.integers(_N_DRAWN_WORLDS))
            image = _drawn_world(seed)
        image = np.roll(image, int(rng.integers(ANALYSIS_WIDTH_PX)), axis=1)
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
    return np.asarray(
        panorama(seed, ANALYSIS_WIDTH_PX, ANALYSIS_HEIGHT_PX), dtype=np.uint8
    )


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
