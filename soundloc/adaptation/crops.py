"""Crops of a pair set's pictures with a class label for every cell.

A trunk learns things where they are: small, before any background, among others.
Crops about the objects hold far more of them than whole pictures do.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from soundloc.data.feature_cache import read_picture
from soundloc.data.pairs import Box, PairSet, PictureEntry
from soundloc.errors import DatasetError

# Strides of the cells that are told apart; see `EfficientNetLite0.see_late`.
CELL_PX = 32
IGNORE_INDEX = -100

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CropSettings:
    """How crops are drawn.

    Parameters
    ----------
    size_px
        Width and height of a crop, a multiple of 32.
    scale
        How much larger than in the picture things are shown, drawn log-uniformly:
        the network enlarges pictures, too.
    jitter
        How far the object may lie from the middle, as a share of the crop.
    n_least
        Kinds with fewer objects are not asked for, and are ignored.
    """

    size_px: int = 320
    scale: tuple[float, float] = (1.2, 3.6)
    jitter: float = 0.35
    n_least: int = 20

    def __post_init__(self) -> None:
        if self.size_px < CELL_PX or self.size_px % CELL_PX:
            raise ValueError(f"size_px must be a multiple of 32, got {self.size_px}")


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a crop lies in its picture: corner in pixels, and its scale."""

    left: float
    top: float
    scale: float
    is_mirrored: bool


class CropSampler:
    """Draws crops of one split's pictures; a pure function of the seed and the step."""

    def __init__(
        self,
        pair_set: PairSet,
        split: str,
        *,
        seed: int = 0,
        how: CropSettings | None = None,
    ) -> None:
        self._folder, self.seed = pair_set.folder, seed
        self.how = how or CropSettings()
        self._pictures = [p for p in pair_set.pictures if p.split == split]
        found = Counter(
            o.kind for p in self._pictures for o in p.objects if o.kind and o.boxes
        )
        self.kinds = tuple(sorted(k for k in found if found[k] >= self.how.n_least))
        if not self.kinds:
            raise DatasetError(
                f"{pair_set.folder} shows no kind {self.how.n_least} times with a box; "
                "there is nothing to adapt the picture's trunk to."
            )
        self._numbers = {kind: i for i, kind in enumerate(self.kinds)}
        self._objects = self._by_kind()
        # Between as often as they are and all alike.
        shares = np.sqrt([len(found_here) for found_here in self._objects])
        self._shares = shares / shares.sum()

    def _by_kind(self) -> list[list[tuple[int, Box]]]:
        objects: list[list[tuple[int, Box]]] = [[] for _ in self.kinds]
        for index, picture in enumerate(self._pictures):
            for placed in picture.objects:
                if placed.kind in self._numbers:
                    place = self._numbers[placed.kind]
                    objects[place] += [(index, box) for box in placed.boxes]
        return objects

    def draw(self, step: int, n: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Draw n crops.

        Returns
        -------
        pixels
            (n, 3, size, size) RGB in 0..255.
        shown
            (n, size / 32, size / 32), the number of the kind that each cell shows,
            `len(kinds)` where there is none, or `IGNORE_INDEX`.
        """
        rng = np.random.default_rng([self.seed, step])
        crops = [self._draw_one(rng) for _ in range(n)]
        pixels = np.stack([pixels.transpose(2, 0, 1) for pixels, _ in crops])
        return pixels.astype(np.float32), np.stack([shown for _, shown in crops])

    def _draw_one(self, rng: np.random.Generator) -> tuple[Picture, NDArray[np.int64]]:
        objects = self._objects[int(rng.choice(len(self.kinds), p=self._shares))]
        index, box = objects[int(rng.integers(len(objects)))]
        picture = self._pictures[index]
        image = read_picture(self._folder / picture.picture)
        frame = self._place(image.shape[:2], picture.wrap, box, rng)
        shown = self._shown(picture, image.shape[:2], frame)
        pixels = _recolored(_cut(image, picture.wrap, frame, self.how.size_px), rng)
        return pixels[:, ::-1] if frame.is_mirrored else pixels, shown

    def _place(
        self,
        size_px: tuple[int, int],
        wrap: bool,
        box: Box,
        rng: np.random.Generator,
    ) -> _Frame:
        height, width = size_px
        low, high = map(math.log, self.how.scale)
        scale = math.exp(rng.uniform(low, high))
        reach = self.how.size_px / scale
        dx, dy = rng.uniform(-self.how.jitter, self.how.jitter, 2) * reach
        left = (box[0] + _right_of(box)) / 2 * width + dx - reach / 2
        top = (box[1] + box[3]) / 2 * height + dy - reach / 2
        if not wrap:
            left = min(max(0.0, left), max(0.0, width - reach))
        top = min(max(0.0, top), max(0.0, height - reach))
        return _Frame(left, top, scale, bool(rng.random() < 0.5))

    def _shown(
        self, picture: PictureEntry, size_px: tuple[int, int], frame: _Frame
    ) -> NDArray[np.int64]:
        """Tell what is at the middle of each cell; smaller things stand in front."""
        height, width = size_px
        n_cells = self.how.size_px // CELL_PX
        # The gradients of the deep features have their centre of gravity there.
        middles = (np.arange(n_cells) + 0.5) * CELL_PX
        across = self.how.size_px - middles if frame.is_mirrored else middles
        x = (across / frame.scale + frame.left) / width
        y = (middles / frame.scale + frame.top) / height
        shown = np.full((n_cells, n_cells), len(self.kinds), dtype=np.int64)
        boxed = [
            (box, self._numbers.get(o.kind or "", IGNORE_INDEX))
            for o in picture.objects
            for box in o.boxes
        ]
        boxed.sort(key=lambda found: -_area(found[0]))
        for box, number in boxed:
            x0, x1 = box[0], _right_of(box)
            inside_y = (y >= box[1]) & (y < box[3])
            for turn in (-1.0, 0.0, 1.0) if picture.wrap else (0.0,):
                inside_x = (x >= x0 + turn) & (x < x1 + turn)
                shown[np.ix_(inside_y, inside_x)] = number
        return shown


def _right_of(box: Box) -> float:
    """Return the right edge, beyond 1 for a box that runs over the seam."""
    return box[2] if box[2] > box[0] else box[2] + 1.0


def _area(box: Box) -> float:
    return (_right_of(box) - box[0]) * (box[3] - box[1])


def _cut(image: Picture, wrap: bool, frame: _Frame, size_px: int) -> Picture:
    """Resample a crop; what lies beyond the edge repeats it, or the other side."""
    left = frame.left
    if wrap:
        image = np.concatenate([image, image, image], axis=1)
        left += image.shape[1] / 3
    step = 1.0 / frame.scale
    # A pixel's centre lies at half.
    to_picture = np.array(
        [
            [step, 0.0, left + 0.5 * step - 0.5],
            [0.0, step, frame.top + 0.5 * step - 0.5],
        ]
    )
    cut = cv2.warpAffine(
        image,
        to_picture,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, dtype=np.uint8)


def _recolored(image: Picture, rng: np.random.Generator) -> Picture:
    """Change light and tint, and soften by chance."""
    tint = rng.uniform(0.6, 1.25) * rng.uniform(0.88, 1.12, 3)
    pixels = np.asarray(np.clip(image * tint, 0.0, 255.0), dtype=np.float32)
    if rng.random() < 0.3:
        softness = float(rng.uniform(0.3, 1.2))
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), softness), np.float32)
    return np.asarray(np.rint(pixels), dtype=np.uint8)
