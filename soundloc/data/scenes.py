"""Composed scenes: objects pasted on a background, so that their place is known.

Attention can only be taught by place where the place is known, and boxes drawn by
hand are few. A scene holds several objects of different kinds at the sizes that
sources have in real footage; only one of them sounds at a time, so the sound alone
decides where to look. Cut-outs keep their alpha, photographs get a soft mask.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import Box, PlacedObject

Picture = NDArray[np.uint8]
# x, y, width and height in pixels; x + width may reach over the right edge.
_Rectangle = tuple[int, int, int, int]

# Below this overlap of boxes two objects count as apart.
_MAX_OVERLAP = 0.05
_PLACING_TRIES = 30


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Something to paste: RGBA (h, w, 4) uint8, and what it is.

    `kind` is None for a silent distractor.
    """

    image: Picture
    kind: str | None
    instance: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A composed RGB picture (H, W, 3) and where its objects are."""

    picture: Picture
    objects: tuple[PlacedObject, ...]


@dataclass(frozen=True, slots=True)
class SceneLayout:
    """How large objects are and where they lie.

    Parameters
    ----------
    min_size_px, max_size_px
        Range of the square root of an object's area, drawn log-uniformly.
    centre_y, spread_y
        Mean and standard deviation of the centre's height, in fractions.
    stretch_at
        Horizontal stretch at a height given as fraction; an equirectangular
        picture widens things away from its horizon.
    wrap
        Whether objects may straddle the left and right edge.
    """

    min_size_px: float = 28.0
    max_size_px: float = 230.0
    centre_y: float = 0.53
    spread_y: float = 0.11
    stretch_at: Callable[[float], float] = lambda _: 1.0
    wrap: bool = False


def soft_mask(height: int, width: int, rng: np.random.Generator) -> Picture:
    """Draw a mask for a photograph: ellipse, rectangle or feathered, (h, w) uint8."""
    style = rng.integers(3)
    mask = np.zeros((height, width), np.uint8)
    if style == 0:
        centre = (width // 2, height // 2)
        cv2.ellipse(mask, centre, (width // 2, height // 2), 0, 0, 360, 255, -1)
    elif style == 1:
        mask[:] = 255
    else:
        margin = max(1, min(height, width) // 8)
        mask[margin : height - margin, margin : width - margin] = 255
    blur_px = max(1, int(min(height, width) * rng.uniform(0.0, 0.12))) | 1
    return np.asarray(cv2.GaussianBlur(mask, (blur_px, blur_px), 0), dtype=np.uint8)


def compose(
    background: Picture,
    pieces: Sequence[Piece],
    *,
    layout: SceneLayout,
    rng: np.random.Generator,
) -> Scene:
    """Paste pieces on a background without overlap.

    A piece that finds no free place is left out. Objects of one kind are joined
    into one `PlacedObject` with several boxes.

    Parameters
    ----------
    background
        RGB, shape (H, W, 3), uint8; not changed.
    pieces
        What to paste, largest claims first.
    """
    picture = background.copy()
    height, width = picture.shape[:2]
    taken: list[_Rectangle] = []
    placed: dict[tuple[str, str], list[Box]] = {}
    for piece in pieces:
        spot = _find_spot(piece, (height, width), taken, layout, rng)
        if spot is None:
            continue
        x0, y0, w, h = spot
        taken.append((x0, y0, w, h))
        _paste(picture, _vary(piece.image, (w, h), rng), x0, y0)
        if piece.kind is not None:
            box = _fractions(x0, y0, w, h, height, width)
            placed.setdefault((piece.kind, piece.instance), []).append(box)
    objects = tuple(
        PlacedObject(kind, tuple(boxes), instance)
        for (kind, instance), boxes in placed.items()
    )
    return Scene(picture, objects)


def _find_spot(
    piece: Piece,
    shape: tuple[int, int],
    taken: Sequence[_Rectangle],
    layout: SceneLayout,
    rng: np.random.Generator,
) -> _Rectangle | None:
    height, width = shape
    piece_h, piece_w = piece.image.shape[:2]
    low, high = np.log(layout.min_size_px), np.log(layout.max_size_px)
    for _ in range(_PLACING_TRIES):
        side_px = float(np.exp(rng.uniform(low, high)))
        scale = side_px / np.sqrt(piece_h * piece_w)
        centre_y = rng.normal(layout.centre_y, layout.spread_y)
        h = max(4, round(piece_h * scale))
        w = max(4, round(piece_w * scale * layout.stretch_at(centre_y)))
        y0 = round(centre_y * height - h / 2)
        if h > 0.7 * height or w > 0.4 * width or y0 < 0 or y0 + h > height:
            continue
        x0 = int(rng.integers(0, width if layout.wrap else max(1, width - w)))
        if all(_overlap((x0, y0, w, h), t, width) < _MAX_OVERLAP for t in taken):
            return x0, y0, w, h
    return None


def _overlap(a: _Rectangle, b: _Rectangle, width: int) -> float:
    """Share of the smaller rectangle that the other covers."""
    rows = max(0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    columns = max(
        max(0, min(a[0] + a[2], b[0] + b[2] + turn) - max(a[0], b[0] + turn))
        for turn in (-width, 0, width)
    )
    return rows * columns / min(a[2] * a[3], b[2] * b[3])


def _vary(image: Picture, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Resize, mirror by chance and change brightness and contrast a little."""
    shrinking = size[1] < image.shape[0]
    how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    varied = cv2.resize(image, size, interpolation=how)
    if rng.random() < 0.5:
        varied = varied[:, ::-1].copy()
    gain, lift = rng.uniform(0.8, 1.2), rng.uniform(-18, 18)
    varied[..., :3] = np.clip(varied[..., :3] * gain + lift, 0, 255)
    return np.asarray(varied, dtype=np.uint8)


def _paste(picture: Picture, piece: Picture, x0: int, y0: int) -> None:
    h, w = piece.shape[:2]
    columns = (x0 + np.arange(w)) % picture.shape[1]
    alpha = piece[..., 3:].astype(np.float32) / 255.0
    rows = slice(y0, y0 + h)
    under = picture[rows, columns].astype(np.float32)
    blended = under + alpha * (piece[..., :3].astype(np.float32) - under)
    picture[rows, columns] = np.rint(blended).astype(np.uint8)


def _fractions(x0: int, y0: int, w: int, h: int, height: int, width: int) -> Box:
    left, right = x0 / width, ((x0 + w) / width)
    if right > 1.0:
        right -= 1.0
    return (left, y0 / height, right, (y0 + h) / height)
