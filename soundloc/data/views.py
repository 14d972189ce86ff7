"""Augmented views of a picture: mirrored, turned or cropped.

Where a sound comes from moves with the picture. Asking the network for that
(SSL-TIE, Liu et al. 2022: equivariance of the localization map) needs no label.
An equirectangular picture is turned about the vertical axis by any number of pixels,
an ordinary one is cropped and enlarged; either may be mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# A crop keeps at least this share of width and height.
_MIN_CROP = 0.6


@dataclass(frozen=True, slots=True)
class View:
    """How a picture is changed: mirrored last, after turning or cropping.

    Parameters
    ----------
    turn
        Share of the width by which the picture moves to the right, in [0, 1).
    left, top, size
        The crop in shares of width and height; size 1 keeps all.
    """

    is_mirrored: bool
    turn: float = 0.0
    left: float = 0.0
    top: float = 0.0
    size: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.turn < 1.0:
            raise ValueError(f"turn must be in [0, 1), got {self.turn}")
        inside = min(self.left, self.top) >= 0.0 and self.size > 0.0
        if not inside or max(self.left, self.top) + self.size > 1.0 + 1e-9:
            raise ValueError(f"the crop must lie in the picture, got {self}")


def draw_view(rng: np.random.Generator, *, wrap: bool) -> View:
    """Draw a view: a turn for a picture that wraps, a crop for one that does not."""
    is_mirrored = bool(rng.random() < 0.5)
    if wrap:
        return View(is_mirrored, turn=float(rng.random()))
    size = float(rng.uniform(_MIN_CROP, 1.0))
    left, top = rng.uniform(0.0, 1.0 - size, 2)
    return View(is_mirrored, left=float(left), top=float(top), size=size)


def apply_view(image: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """Change a picture (h, w, 3) to what the view shows, in the same size."""
    height, width = image.shape[:2]
    seen = np.roll(image, round(view.turn * width), axis=1)
    if view.size < 1.0:
        x0, y0 = round(view.left * width), round(view.top * height)
        w, h = max(1, round(view.size * width)), max(1, round(view.size * height))
        seen[:] = cv2.resize(
            seen[y0 : y0 + h, x0 : x0 + w],
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
    if view.is_mirrored:
        seen = seen[:, ::-1]
    return np.ascontiguousarray(seen, dtype=np.uint8)


def cells_behind(view: View, height: int, width: int) -> NDArray[np.int64]:
    """Name for each cell of the view (h·w,) the nearest cell of the whole picture."""
    x = (np.arange(width) + 0.5) / width
    y = (np.arange(height) + 0.5) / height
    if view.is_mirrored:
        x = 1.0 - x
    x = (view.left + view.size * x - view.turn) % 1.0
    y = view.top + view.size * y
    columns = np.minimum((x * width).astype(np.int64), width - 1)
    rows = np.minimum((y * height).astype(np.int64), height - 1)
    return np.asarray((rows[:, None] * width + columns).ravel())
