"""The grid of candidate views, directions × lenses, and their footprints on maps.

Each knows which cells of a map the lens shows, by its true footprint on the sphere,
poles included; how far it is from its neighbours; and what showing a cell is worth.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.saliency_maps.saliency_map import view_coverage
from pano.sphere import (
    Direction,
    cell_solid_angles_sr,
    great_circle_deg,
    grid_unit_vectors,
    unit_vectors,
)

GRID_DEG = 12.0
_GRID_PITCHES_DEG = GRID_DEG * np.arange(-7, 8)
# What is at the centre counts full, at the corners this much: of two views that both
# hold a source, the one that frames it better wins.
_CORNER_WORTH = 0.6
# Of the worth of a view, this much is the share of the map that it shows, the rest
# how densely it shows it; without the latter the widest lens would always win.
_SHARE_WORTH = 0.5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ViewGrid:
    """Candidate views: n directions through each of m lenses, widest first.

    Parameters
    ----------
    hfov_deg
        Of the lenses, shape (m,).
    units
        The optical axes, shape (n, 3).
    coverage
        Which part of each cell a view shows, shape (m, n, h·w).
    worth
        The same by what showing it is worth, shape (m, n, h·w).
    apart_deg
        The angles between the axes, shape (n, n).
    lens
        How all of the fields of view unroll the sphere.
    """

    hfov_deg: FloatArray
    units: FloatArray
    coverage: NDArray[np.float32]
    worth: NDArray[np.float32]
    apart_deg: FloatArray
    lens: Lens = Lens.RECTILINEAR

    @classmethod
    def around(
        cls,
        start: Direction,
        shape: tuple[int, int],
        *,
        hfov_deg: Sequence[float],
        aspect: float,
        lens: Lens = Lens.RECTILINEAR,
    ) -> ViewGrid:
        """Lay the grid so that one column passes through the start.

        Columns are whole cells apart: one footprint per row, rolled, serves them all.
        """
        lenses_deg = np.array(sorted(hfov_deg, reverse=True))
        footprints = [
            _footprints(shape, start, float(lens_deg), aspect=aspect, lens=lens)
            for lens_deg in lenses_deg
        ]
        coverage, worth = np.stack(footprints, axis=1)
        solid_angle_sr = coverage @ _cells_sr(shape)
        density = solid_angle_sr.min(axis=0) / np.maximum(solid_angle_sr, 1e-9)
        worth *= (_SHARE_WORTH + (1.0 - _SHARE_WORTH) * density)[..., None]
        width = shape[1]
        columns = np.arange(0, width, _column_stride(width))
        yaw_deg = start.yaw_deg + columns * 360.0 / width
        units = unit_vectors(yaw_deg[None, :], _GRID_PITCHES_DEG[:, None])
        units = units.reshape(-1, 3)
        apart_deg = great_circle_deg(units[:, None], units[None, :])
        return cls(lenses_deg, units, coverage, worth, apart_deg, lens)

    def sphere_share(self, shape: tuple[int, int]) -> float:
        """Return the share of the sphere, of maps of a shape, in the widest views."""
        return float(np.mean(self.coverage[0] @ _cells_sr(shape))) / (4.0 * np.pi)

    def shown(self, masses: FloatArray) -> NDArray[np.float32]:
        """Return what the views show of maps (t, h, w), by worth, shape (t, m, n)."""
        flat = masses.reshape(-1, self.worth.shape[-1]).astype(np.float32)
        return np.asarray(np.moveaxis(flat @ self.worth.swapaxes(1, 2), 1, 0))


def _column_stride(width: int) -> int:
    """Return the most cells between columns that divide the width and fit the grid."""
    strides = [n for n in range(1, width + 1) if width % n == 0]
    return max(n for n in strides if n == 1 or n * 360.0 / width <= GRID_DEG)


@functools.lru_cache(maxsize=8)
def _footprints(
    shape: tuple[int, int],
    start: Direction,
    hfov_deg: float,
    *,
    aspect: float,
    lens: Lens,
) -> NDArray[np.float32]:
    """Return coverage and worth of all directions, shape (2, n, h·w), read-only."""
    width = shape[1]
    layers = []
    for pitch_deg in _GRID_PITCHES_DEG:
        pose = CameraPose(start.yaw_deg, float(pitch_deg), hfov_deg=hfov_deg)
        coverage = view_coverage(shape, pose, aspect=aspect, lens=lens)
        framing = _framing(shape, pose, aspect=aspect, lens=lens)
        both = np.stack([coverage, coverage * framing])
        columns = range(0, width, _column_stride(width))
        layers += [np.roll(both, n, axis=2) for n in columns]
    footprints = np.stack(layers, axis=1).reshape(2, len(layers), -1)
    footprints.setflags(write=False)
    return footprints


def _framing(
    shape: tuple[int, int], pose: CameraPose, *, aspect: float, lens: Lens
) -> NDArray[np.float32]:
    """Return what a cell is worth at its place in the picture, shape (h, w)."""
    reach = lens.half_width(pose.hfov_deg)
    x, y, z = np.moveaxis(grid_unit_vectors(*shape) @ pose.axes().T, -1, 0)
    if lens is Lens.RECTILINEAR:
        z = np.clip(z, 0.05, 1.0)
    radius = np.nan_to_num(np.hypot(*lens.plane(x, y, z)), nan=np.inf)
    # How far off the axis in the picture, relative to a corner.
    off_axis = np.minimum(radius / np.hypot(reach, reach / aspect), 1.0)
    framing = 1.0 - (1.0 - _CORNER_WORTH) * off_axis**2
    return np.asarray(framing, dtype=np.float32)


def _cells_sr(shape: tuple[int, int]) -> NDArray[np.float32]:
    rows_sr = np.broadcast_to(cell_solid_angles_sr(*shape), shape)
    return rows_sr.ravel().astype(np.float32)
