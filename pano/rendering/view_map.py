"""The remap coordinates of a view's pixels in the source, block by block.

The map of a view is smooth: it is computed at the centres of 8 × 8 pixels and lines
are drawn in between, which misses less than OpenCV's own rounding to 1/32 pixel. Where
that does not hold, in wide views, it is computed for every pixel, and for every sample
at a pole and behind the camera, where yaw jumps. 0.7 ms instead of 3.2 for 1280×720.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.equirect.planes import CENTRE, Siting
from pano.rendering.sampling import MAX_FACTOR, choose_sampling
from pano.sphere import angles_deg_to_pixel

Maps = NDArray[np.float32]
Levels: TypeAlias = NDArray[np.int64]
Factors: TypeAlias = NDArray[np.int64]

CELL_PX = 8
_TILE_CELLS = 8
# Nodes beyond the picture: one to draw lines to, one more for second differences.
_PAD = 2
# As in pano.draw.billboard: turning by whole source pixels must change no bit.
_COLUMN_STEPS = 4096
# OpenCV rounds places to 1/32 pixel, which is off by half of that at most.
_MAX_ERROR_PX = 1.0 / 64.0
# Of the circumference: a line misses as much only where yaw jumps or a pole is near.
_TORN = 1.0 / 64.0
_BLOCK_SAMPLES = 4_000_000


class Mesh(IntEnum):
    """Where the map is computed; in between it follows lines."""

    CELLS = 0
    PIXELS = 1
    SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the view whose pixels are sampled alike.

    Parameters
    ----------
    rows, columns
        First cell and the one behind the last.
    level
        How often the source is halved first.
    factor
        Samples per pixel and side, averaged afterwards.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    level: int
    factor: int
    mesh: Mesh


class ViewMap:
    """The remap coordinates of one view in its source.

    Parameters
    ----------
    viewport
        The whole picture in pixels of this plane: half the size for chroma.
    siting
        Of the samples, in the view and in the source.
    source_size
        Height and width of the equirectangular plane.
    """

    def __init__(
        self,
        viewport: Viewport,
        pose: CameraPose,
        source_size: tuple[int, int],
        *,
        siting: Siting = CENTRE,
        antialias: bool = True,
    ) -> None:
        self._viewport, self._siting = viewport, siting
        self._half_sides = viewport.half_sides(pose.hfov_deg)
        height, width = self._source_size = source_size
        ahead = CameraPose(0.0, pose.pitch_deg, pose.roll_deg, pose.hfov_deg)
        self._axes = ahead.axes()
        axis_x, _ = angles_deg_to_pixel(pose.yaw_deg, 0.0, width, height)
        steps = round((float(axis_x) + 0.5 - siting.x) * _COLUMN_STEPS)
        self.column = steps // _COLUMN_STEPS
        self._fraction = (steps % _COLUMN_STEPS) / _COLUMN_STEPS
        x, y, self._levels, self._factors = _plan(
            viewport, siting, pose.hfov_deg, max(width, 2 * height), antialias
        )
        self._nodes = self._places(x, y)
        self._meshes = _meshes(self._nodes, self._levels.shape, width)

    def blocks(self) -> Iterator[Block]:
        """Yield blocks that cover the view, each as large as can be."""
        n_rows, n_columns = (size - 2 * _PAD for size in self._nodes.shape[1:])
        kinds = (self._levels * MAX_FACTOR + self._factors) * len(Mesh) + self._meshes
        tops = np.flatnonzero(np.any(np.diff(kinds, axis=0), axis=1)) + 1
        for top, bottom in _spans(tops, len(kinds)):
            lefts = np.flatnonzero(np.diff(kinds[top])) + 1
            for left, right in _spans(lefts, kinds.shape[1]):
                factor = int(self._factors[top, left])
                level = int(self._levels[top, left])
                mesh = Mesh(int(self._meshes[top, left]))
                columns = left * _TILE_CELLS, min(right * _TILE_CELLS, n_columns)
                width = (columns[1] - columns[0]) * (CELL_PX * factor) ** 2
                step = max(1, _BLOCK_SAMPLES // width)
                end = min(bottom * _TILE_CELLS, n_rows)
                for row in range(top * _TILE_CELLS, end, step):
                    rows = row, min(row + step, end)
                    yield Block(rows, columns, level, factor, mesh)

    def nodes(self, block: Block) -> Maps:
        """Return the source's columns, from the camera's, and rows: (2, h, w).

        At the mesh of the block, one node further than the block where lines follow.
        """
        if block.mesh is Mesh.CELLS:
            rows, columns = (
                slice(first + _PAD - 1, last + _PAD + 1)
                for first, last in (block.rows, block.columns)
            )
            return self._nodes[:, rows, columns]
        factor = block.factor if block.mesh is Mesh.SAMPLES else 1
        beyond = 1 if block.mesh is Mesh.PIXELS and block.factor > 1 else 0

        def places(cells: tuple[int, int]) -> Maps:
            first, last = (cell * CELL_PX * factor for cell in cells)
            places = (np.arange(first - beyond, last + beyond) + 0.5) / factor - 0.5
            return places.astype(np.float32)

        x, y = _on_plane(
            self._viewport,
            self._siting,
            self._half_sides,
            places(block.columns),
            places(block.rows),
        )
        return self._places(x, y)

    def _places(self, x: Maps, y: Maps) -> Maps:
        height, width = self._source_size
        right, up, forward = self._axes.astype(np.float32)
        depth = self._viewport.lens.depth(x, y)
        side, rise, ahead = (
            x * right[i] + (y * up[i] + depth * forward[i]) for i in range(3)
        )
        # NumPy's float32 arctan2 takes 0.8 ms for 1280×720 with AVX-512; cv2.phase is
        # as fast everywhere but 0.1 px wrong at 3840 columns.
        yaw_rad = np.arctan2(side, ahead)
        pitch_rad = np.arctan2(rise, cv2.magnitude(side, ahead))
        places = np.empty((2, *yaw_rad.shape), np.float32)
        places[0] = yaw_rad * np.float32(width / (2.0 * np.pi))
        places[0] += np.float32(self._fraction)
        places[1] = pitch_rad * np.float32(-height / np.pi)
        places[1] += np.float32(height / 2.0 - self._siting.y)
        return places


def draw_lines(nodes: Maps, block: Block) -> list[Maps]:
    """Return the columns and the rows of a block's samples from those at its nodes.

    Each has shape (h·factor, w·factor) for the pixels of its cells, which may reach
    beyond the view.
    """
    spacing = {
        Mesh.CELLS: CELL_PX * block.factor,
        Mesh.PIXELS: block.factor,
        Mesh.SAMPLES: 1,
    }[block.mesh]
    if spacing == 1:
        return list(nodes)
    inner = slice(spacing, -spacing)
    return [
        np.asarray(
            cv2.resize(
                np.ascontiguousarray(places),
                None,
                fx=spacing,
                fy=spacing,
                interpolation=cv2.INTER_LINEAR,
            )[inner, inner]
        )
        for places in nodes
    ]


def _on_plane(
    viewport: Viewport,
    siting: Siting,
    half_sides: tuple[float, float],
    columns: Maps,
    rows: Maps,
) -> tuple[Maps, Maps]:
    x = ((columns + siting.x) / viewport.width_px - 0.5) * 2.0 * half_sides[0]
    y = (0.5 - (rows + siting.y) / viewport.height_px) * 2.0 * half_sides[1]
    return x[None, :].astype(np.float32), y[:, None].astype(np.float32)


@functools.lru_cache(maxsize=16)
def _plan(
    viewport: Viewport,
    siting: Siting,
    hfov_deg: float,
    circumference_px: int,
    antialias: bool,
) -> tuple[Maps, Maps, Levels, Factors]:
    """Return the nodes on the picture plane and how each tile is sampled.

    Only the lens decides both, so that they last for as long as it does not zoom.
    """
    counts = [-(-side // CELL_PX) for side in (viewport.width_px, viewport.height_px)]
    columns, rows = (
        ((np.arange(-_PAD, count + _PAD) + 0.5) * CELL_PX - 0.5).astype(np.float32)
        for count in counts
    )
    x, y = _on_plane(viewport, siting, viewport.half_sides(hfov_deg), columns, rows)
    n_tiles = -(-counts[1] // _TILE_CELLS), -(-counts[0] // _TILE_CELLS)
    levels, factors = np.zeros(n_tiles, np.int64), np.ones(n_tiles, np.int64)
    if antialias:
        px_per_rad = circumference_px / (2.0 * np.pi) / CELL_PX
        for row, column in np.ndindex(*n_tiles):
            part, across = _with_pad(row), _with_pad(column)
            sampling = choose_sampling(viewport.lens, x[:, across], y[part], px_per_rad)
            levels[row, column], factors[row, column] = sampling
    for array in (x, y, levels, factors):
        array.setflags(write=False)
    return x, y, levels, factors


def _with_pad(tile: int) -> slice:
    return slice(tile * _TILE_CELLS, (tile + 1) * _TILE_CELLS + 2 * _PAD)


def _meshes(nodes: Maps, n_tiles: tuple[int, ...], width: int) -> NDArray[np.int64]:
    """Choose the coarsest mesh for each tile on which lines do not miss the map.

    Between two nodes a line misses a curve by up to an eighth of its second
    difference; one along each axis adds up. Where yaw jumps no line helps at all.
    """
    middle = 2.0 * nodes[:, 1:-1, 1:-1]
    bend = np.abs(nodes[:, 2:, 1:-1] - middle + nodes[:, :-2, 1:-1])
    bend += np.abs(nodes[:, 1:-1, 2:] - middle + nodes[:, 1:-1, :-2])
    error_px = bend.max(axis=0) / 8.0
    meshes = np.full(n_tiles, Mesh.CELLS)
    if error_px.max() <= _MAX_ERROR_PX:
        return meshes
    for row, column in np.ndindex(*meshes.shape):
        top, left = row * _TILE_CELLS, column * _TILE_CELLS
        # The nodes around a tile bear its outer lines: one more on each side.
        worst_px = error_px[
            top : top + _TILE_CELLS + 2, left : left + _TILE_CELLS + 2
        ].max()
        if worst_px > width * _TORN:
            meshes[row, column] = Mesh.SAMPLES
        elif worst_px > _MAX_ERROR_PX:
            meshes[row, column] = Mesh.PIXELS
    return meshes


def _spans(inner: NDArray[np.int64], end: int) -> list[tuple[int, int]]:
    edges = [0, *inner.tolist(), end]
    return list(itertools.pairwise(edges))
