"""Patches: the part of an equirectangular picture that a view reads, prefiltered.

Columns are counted from the camera's: so nothing here knows of the seam, and turning
camera and source by the same whole number of pixels gives identical patches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.unsignedinteger[Any]]

# Beyond this the source is averaged along its rows first: see `_smooth_polar_rows`.
_POLAR_STRETCH = 2.0
_MAX_POLAR_SPAN_PX = 65
# What the widest kernel (Lanczos, 8 × 8) reads beside a place, and the rows' average.
_MARGIN_ROWS = 5
_MARGIN_COLUMNS = _MARGIN_ROWS + _MAX_POLAR_SPAN_PX // 2


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A part of the source, halved `level` times.

    Parameters
    ----------
    left, top
        Source coordinates of its first pixel's outer corner, in whole pixels.
    """

    pixels: Image
    left: int
    top: int
    level: int

    @property
    def scale(self) -> np.float32:
        """Pixels of the patch per pixel of the source."""
        return np.float32(1.0 / (1 << self.level))

    @property
    def offset(self) -> NDArray[np.float32]:
        """Where the source's pixel centre (0, 0) lies: column and row, (2, 1, 1)."""
        corner = np.array([self.left, self.top])[:, None, None]
        return ((0.5 - corner) * self.scale - 0.5).astype(np.float32)


def cut_patch(
    image: Image,
    box: tuple[float, float, float, float],
    column: int,
    *,
    level: int = 0,
    smooth_poles: bool = True,
) -> Patch:
    """Cut out what is read between the corners of a box and around it.

    Parameters
    ----------
    image
        Equirectangular, shape (H, W) or (H, W, 3); only read.
    box
        Left, top, right and bottom in pixels; columns count from `column`.
    level
        How often the patch is halved by averaging 2 × 2 pixels.
    smooth_poles
        Average rows near a pole along themselves.
    """
    step = 1 << level
    margins = _MARGIN_COLUMNS * step, _MARGIN_ROWS * step
    left, top = (
        (int(np.floor(low)) - margin) // step * step
        for low, margin in zip(box[:2], margins, strict=True)
    )
    right, bottom = (
        -(-(int(np.ceil(high)) + margin + 1) // step) * step
        for high, margin in zip(box[2:], margins, strict=True)
    )
    pixels = _cut(image, column + left, right - left, top, bottom)
    if smooth_poles:
        pixels = _smooth_polar_rows(pixels, top, len(image))
    if level:
        size = (right - left) // step, (bottom - top) // step
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return Patch(pixels, left, top, level)


def _cut(image: Image, start: int, n_columns: int, top: int, bottom: int) -> Image:
    height, width = image.shape[:2]
    pieces = []
    for turns in range(top // height, (bottom - 1) // height + 1):
        # Beyond a pole the same meridian goes on, half a turn away and upside down.
        first = max(top - turns * height, 0)
        last = min(bottom - turns * height, height)
        is_beyond = turns % 2 == 1
        rows = image[height - last : height - first] if is_beyond else image[first:last]
        shift = width // 2 if is_beyond else 0
        piece = _wrapped(rows, start + shift, n_columns)
        pieces.append(piece[::-1] if is_beyond else piece)
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _wrapped(rows: Image, start: int, count: int) -> Image:
    """Return `count` columns from `start` on, going round as often as needed."""
    width = rows.shape[1]
    start %= width
    if start + count <= width:
        return rows[:, start : start + count]
    pieces = [rows[:, start:]]
    missing = count - (width - start)
    while missing > 0:
        pieces.append(rows[:, :missing])
        missing -= pieces[-1].shape[1]
    return np.concatenate(pieces, axis=1)


def _smooth_polar_rows(pixels: Image, top: int, height: int) -> Image:
    """Average rows near a pole along themselves, where columns crowd together.

    A row at pitch φ holds 1/cos φ times the columns it can show. Real cameras leave
    nothing finer there, but captions and noise would alias. Rows of like stretch are
    averaged together, over an odd number of columns so that nothing shifts.
    """
    n_rows = len(pixels)
    pitch_rad = (0.5 - (np.arange(n_rows) + top + 0.5) / height) * np.pi
    stretch = 1.0 / np.maximum(np.abs(np.cos(pitch_rad)), 1.0 / height)
    octave = np.floor(np.log2(np.maximum(stretch / _POLAR_STRETCH, 0.5))).astype(int)
    if octave.max() < 0:
        return pixels
    smoothed = pixels.copy()
    edges = np.flatnonzero(np.diff(octave)) + 1
    for rows in np.split(np.arange(n_rows), edges):
        if octave[rows[0]] < 0:
            continue
        span = min(2 ** (int(octave[rows[0]]) + 1) + 1, _MAX_POLAR_SPAN_PX)
        band = pixels[rows[0] : rows[-1] + 1]
        smoothed[rows[0] : rows[-1] + 1] = cv2.blur(
            band, (span, 1), borderType=cv2.BORDER_REPLICATE
        )
    return smoothed
