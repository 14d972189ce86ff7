"""Find a sphere between black bars: 2:1 inside a picture of another shape.

Editors put a sphere of 1920×960 into a film of 1920×1080. A dark scene must never be
cut: bars are black to the last pixel in every picture, as high above as below, end at
once, and leave a picture of 2:1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Brightness = NDArray[np.uint8]

ASPECT_TOLERANCE = 0.02
# Of 255 above black. Codecs keep what is black for good within two levels.
_MAX_MEAN, _MAX_LEVEL = 3.0, 12.0
# Behind an edge the picture begins, in one of the pictures at least.
_MIN_STEP = 12.0
_N_BLURRED, _N_BEHIND = 2, 4
# Bars above and below differ by no more rows: chroma comes in pairs.
_MAX_UNEVEN_PX = 2
# The seam of a sphere is no edge: neighbours differ there as they do elsewhere.
_MAX_SEAM_RATIO, _MAX_SEAM_STEP = 3.0, 12.0


def find_black_rows(
    pictures: Iterable[Brightness], *, pixel_aspect: float, is_known_sphere: bool
) -> int:
    """Return how many rows above a sphere, and as many below, are black; 0 for none.

    Parameters
    ----------
    pictures
        Shape (h, w), 0 black; no more are taken once one of them has no bars.
    pixel_aspect
        Width : height of a pixel.
    is_known_sphere
        The file says so; otherwise its left and right edge must fit together.
    """
    above = below = 0
    seen: list[Brightness] = []
    for picture in pictures:
        lit = np.flatnonzero(~_is_black(picture))
        if not lit.size:
            continue  # a fade tells nothing
        top, bottom = int(lit[0]), len(picture) - 1 - int(lit[-1])
        above, below = (min(above, top), min(below, bottom)) if seen else (top, bottom)
        seen.append(picture)
        if min(above, below) == 0:
            return 0
    if not seen or abs(above - below) > _MAX_UNEVEN_PX:
        return 0
    n_rows = max(above, below) + max(above, below) % 2
    if not _is_two_to_one(seen[0], n_rows, pixel_aspect):
        return 0
    if not any(_begins_at_once(picture, n_rows) for picture in seen):
        return 0
    if not is_known_sphere and not all(_fits_round(p, n_rows) for p in seen):
        return 0
    return n_rows


def _is_black(picture: Brightness) -> NDArray[np.bool_]:
    """Tell which rows are black, shape (h,)."""
    is_dark = picture.mean(axis=1) <= _MAX_MEAN
    return np.asarray(is_dark & (picture.max(axis=1) <= _MAX_LEVEL), np.bool_)


def _is_two_to_one(picture: Brightness, n_rows: int, pixel_aspect: float) -> bool:
    height, width = picture.shape
    inner = height - 2 * n_rows
    aspect = width * pixel_aspect / max(inner, 1)
    return bool(abs(aspect / 2.0 - 1.0) <= ASPECT_TOLERANCE)


def _begins_at_once(picture: Brightness, n_rows: int) -> bool:
    first = n_rows + _N_BLURRED
    behind = picture[first : first + _N_BEHIND], picture[-first - _N_BEHIND : -first]
    return all(float(rows.mean()) >= _MIN_STEP for rows in behind)


def _fits_round(picture: Brightness, n_rows: int) -> bool:
    inner = picture[n_rows : len(picture) - n_rows].astype(np.float32)
    seam = float(np.abs(inner[:, 0] - inner[:, -1]).mean())
    steps = np.abs(np.diff(inner[:, [0, 1, -2, -1]], axis=1))
    beside = float(steps[:, [0, 2]].mean())
    return bool(seam <= _MAX_SEAM_RATIO * beside + _MAX_SEAM_STEP)
