"""Cube faces in a picture: cubemaps, equi-angular cubemaps (EAC) and GoPro's strips.

An equi-angular face shows equal angles as equal lengths (Brown 2017, "Bringing pixels
front and center in VR video"); a plain one shows the flat picture. Orders and turns of
the faces are FFmpeg's (`v360`: `eac`, `c3x2`, `c6x1`), which YouTube's files follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pano.equirect.cube_axes import FACE_AXES
from pano.projections.stored_sphere import FloatArray, StoredSphere

_FRONT, _RIGHT, _BACK, _LEFT, _UP, _DOWN = range(6)
# Face and clockwise quarter turns, row by row.
_EAC_CELLS = (
    ((_LEFT, 0), (_FRONT, 0), (_RIGHT, 0)),
    ((_DOWN, 3), (_BACK, 1), (_UP, 3)),
)
_CUBE_3X2_CELLS = (
    ((_RIGHT, 0), (_LEFT, 0), (_UP, 0)),
    ((_DOWN, 0), (_FRONT, 0), (_BACK, 0)),
)
_CUBE_6X1_CELLS = (tuple((face, 0) for row in _CUBE_3X2_CELLS for face, _ in row),)
# FFmpeg leaves out two pixels at each edge of an equi-angular picture.
_EAC_PADDING_PX = 2.0

# Overlap in pixels by width and height of a GoPro track: Paul Bourke's max2sphere and
# the `gopromax` filters for FFmpeg; MAX and MAX2.
_GOPRO_OVERLAPS_PX = {(4096, 1344): 64, (2272, 736): 32, (5888, 1920): 96}

# A face is followed this far beyond its edge, at ±1, so that lines may cross it.
_MOST = np.float32(1.3)
_TINY = np.float32(1e-20)
_SLACK_RAD = 0.02

Cells = tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class CubeFace:
    """A face, or the half of one that a lens has seen.

    Parameters
    ----------
    axes
        The face's right, up and forward as rows, shape (3, 3).
    n_turns
        Clockwise quarter turns of the face in the picture.
    origin_px, size_px
        Left and top, width and height of the whole face in the picture.
    rectangle_px
        Left, top, right and bottom of the pixels that hold this part of it.
    half
        Which half of the face's columns this is, where there are two.
    overlap_px
        Columns that both halves hold.
    """

    axes: FloatArray
    n_turns: int
    is_equiangular: bool
    origin_px: tuple[float, float]
    size_px: tuple[float, float]
    rectangle_px: tuple[float, float, float, float]
    half: Literal["left", "right"] | None = None
    overlap_px: float = 0.0

    @property
    def cone(self) -> tuple[FloatArray, float]:
        """Middle and half the opening angle: the corners are the furthest."""
        return self.axes[2], float(np.arctan(np.sqrt(2.0)) + _SLACK_RAD)

    def project(self, rays: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Find rays, shape (3, ...): see `pano.projections.stored_sphere.Part`."""
        flat = self.axes @ rays.reshape(3, -1)
        x, y, z = flat.reshape(rays.shape)
        furthest = np.maximum(np.abs(x), np.abs(y))
        is_ahead = z * _MOST > furthest
        depth = np.where(is_ahead, z, furthest / _MOST + _TINY)
        u, v = x / depth, -y / depth
        if self.is_equiangular:
            u, v = _equal_angles(u), _equal_angles(v)
        for _ in range(self.n_turns):
            u, v = -v, u
        columns = (u + 1.0) / 2.0 * self.size_px[0] + self._left_px
        rows = (v + 1.0) / 2.0 * self.size_px[1] + self.origin_px[1]
        columns, rows = columns.astype(np.float32), rows.astype(np.float32)
        return columns, rows, self.cover(columns, rows)

    def cover(self, columns: FloatArray, rows: FloatArray) -> FloatArray:
        """Tell how far inside places are: see `pano.projections.stored_sphere.Part`."""
        columns = columns - np.float32(self._left_px)
        half_px = self.size_px[0] / 2.0, self.size_px[1] / 2.0
        # One pixel of blend where faces meet keeps the edge from showing steps.
        u = np.abs(columns * np.float32(1.0 / half_px[0]) - np.float32(1.0))
        v = (rows - np.float32(self.origin_px[1])) * np.float32(1.0 / half_px[1])
        v = np.abs(v - np.float32(1.0))
        cover = (np.float32(1.0) - np.maximum(u, v)) * np.float32(half_px[1])
        if self.half is not None:
            inwards = (np.float32(half_px[0]) - columns) / np.float32(self.overlap_px)
            cover = np.minimum(cover, -inwards if self.half == "right" else inwards)
        return np.asarray(cover, np.float32)

    @property
    def _left_px(self) -> float:
        """Where the first column of the face lies; that of a right half further on."""
        return self.origin_px[0] + (self.overlap_px if self.half == "right" else 0.0)


def _fit_equal_angles() -> FloatArray:
    """Return atan(t)/t · 4/π as a polynomial of t², which misses 1e-6 up to ±1.3.

    NumPy's arctan takes ten times as long.
    """
    t = np.sqrt(np.linspace(1e-9, float(_MOST) ** 2, 2000))
    fit = np.polynomial.Chebyshev.fit(t * t, np.arctan(t) / t * (4.0 / np.pi), 10)
    return fit.convert(kind=np.polynomial.Polynomial).coef.astype(np.float32)


_EQUAL_ANGLES = _fit_equal_angles()


def _equal_angles(t: FloatArray) -> FloatArray:
    square = t * t
    total = np.full_like(t, _EQUAL_ANGLES[-1])
    for coefficient in _EQUAL_ANGLES[-2::-1]:
        total *= square
        total += coefficient
    total *= t
    return total


def equiangular(width_px: int, height_px: int) -> StoredSphere:
    """Return an equi-angular cubemap of 3 × 2 faces, as YouTube and `v360` store it."""
    return _grid(width_px, height_px, _EAC_CELLS, padding_px=_EAC_PADDING_PX)


def cubemap_3x2(width_px: int, height_px: int, padding_px: int = 0) -> StoredSphere:
    """Return a cubemap of 3 × 2 faces, `padding_px` pixels around each not shown."""
    return _cubemap(width_px, height_px, _CUBE_3X2_CELLS, padding_px)


def cubemap_6x1(width_px: int, height_px: int, padding_px: int = 0) -> StoredSphere:
    """Return a cubemap of 6 faces in a row, `padding_px` pixels around each."""
    return _cubemap(width_px, height_px, _CUBE_6X1_CELLS, padding_px)


def gopro_strips(width_px: int, height_px: int) -> StoredSphere:
    """Return the two strips of a GoPro MAX, one above the other.

    Each strip is a row of an equi-angular cubemap whose outer faces are made of two
    halves, one of each lens, that overlap. In overlap and gap GoPro's sizes differ.
    """
    height = height_px // 2
    overlap = _GOPRO_OVERLAPS_PX.get((width_px, height), (width_px - 3 * height) // 2)
    side = (width_px - height) / 2.0
    faces = [
        face
        for row, cells in enumerate(_EAC_CELLS)
        for face in _strip(
            cells, float(row * height), float(height), side, float(overlap)
        )
    ]
    return StoredSphere(tuple(faces), (width_px, height_px), 2.0 * height / np.pi)


def _strip(
    cells: tuple[tuple[int, int], ...],
    top: float,
    height: float,
    side: float,
    overlap: float,
) -> Iterator[CubeFace]:
    lefts, bottom = (0.0, side, side + height), top + height
    for (face, n_turns), left in zip(cells, lefts, strict=True):
        if left == side:
            rectangle = (left, top, left + height, bottom)
            size = height, height
            yield _face(face, n_turns, True, (left, top), size, rectangle)
            continue
        middle = left + side / 2.0
        for half, start, end in (
            ("left", left, middle),
            ("right", middle, left + side),
        ):
            yield CubeFace(
                FACE_AXES[face].astype(np.float32),
                n_turns,
                True,
                (left, top),
                (side - overlap, height),
                (start, top, end, bottom),
                half="left" if half == "left" else "right",
                overlap_px=overlap,
            )


def _face(
    face: int,
    n_turns: int,
    is_equiangular: bool,
    origin_px: tuple[float, float],
    size_px: tuple[float, float],
    rectangle_px: tuple[float, float, float, float],
) -> CubeFace:
    axes = FACE_AXES[face].astype(np.float32)
    return CubeFace(axes, n_turns, is_equiangular, origin_px, size_px, rectangle_px)


def _grid(
    width_px: int, height_px: int, cells: Cells, *, padding_px: float
) -> StoredSphere:
    """Return equi-angular faces whose picture as a whole is padded."""
    width = (width_px - 2.0 * padding_px) / len(cells[0])
    # FFmpeg pads each of the two rows at its own top and bottom.
    height = height_px / len(cells) - 2.0 * padding_px
    faces = []
    for row, column in np.ndindex(len(cells), len(cells[0])):
        left = padding_px + column * width
        outer = row * height_px / len(cells)
        rectangle = left, outer, left + width, outer + height_px / len(cells)
        origin = left, outer + padding_px
        faces.append(
            _face(*cells[row][column], True, origin, (width, height), rectangle)
        )
    px_per_rad = 2.0 * max(width, height) / np.pi
    return StoredSphere(tuple(faces), (width_px, height_px), px_per_rad)


def _cubemap(
    width_px: int, height_px: int, cells: Cells, padding_px: int
) -> StoredSphere:
    width, height = width_px / len(cells[0]), height_px / len(cells)
    size = width - 2.0 * padding_px, height - 2.0 * padding_px
    faces = []
    for row, column in np.ndindex(len(cells), len(cells[0])):
        left, top = column * width, row * height
        rectangle = left, top, left + width, top + height
        origin = left + padding_px, top + padding_px
        faces.append(_face(*cells[row][column], False, origin, size, rectangle))
    return StoredSphere(tuple(faces), (width_px, height_px), 2.0 * size[1] / np.pi)
