"""The default director: keep the sound in the picture, well framed and calmly.

First the big decision, which way to look when: one dynamic program over a coarse grid
of views, weighing the saliency each view would show against the turning it costs. It
sees the whole clip, ignores flashes that are over before a turn would pay, and leaves
in time for what comes. Then the fine one: inside the chosen view the saliency-weighted
mean of directions (Senocak et al., §6). Taken over the whole sphere that mean would
point between two sources, at neither; inside a view it points at what is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera import CameraPose, MotionLimits
from pano.director.choose import choose
from pano.director.evidence import STEP_S, Evidence
from pano.director.smooth import Targets
from pano.saliency import view_coverage
from pano.sphere import (
    Direction,
    great_circle_deg,
    grid_unit_vectors,
    to_angles_deg,
    unit_vectors,
)

_GRID_DEG = 12.0
_GRID_PITCHES_DEG = _GRID_DEG * np.arange(-7, 8)
# A second of what this clip shows at its best is worth a turn of 100°.
_TURN_COST_S_PER_DEG = 0.01
# What is at the centre counts full, at the corners this much: of two views that both
# hold a source, the one that frames it better wins.
_CORNER_WORTH = 0.6
# Even in pure clutter one view shows a few hundredths more than the others.
_MIN_CONVINCING_SHARE = 0.1
_MIN_STEPS_PER_DECISION = 2
# The window of the weighted mean falls off with this deviation, and follows the mean.
_AIM_SIGMA_DEG = 22.0
_N_AIM_ITERATIONS = 4
_CHUNK = 256  # maps worked on at once, to bound memory

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ViewGrid:
    """The views to choose from.

    Their axes `units` (n, 3); which part of each cell they show, `coverage`, and what
    that is worth, `worth`, both (n, h·w); their mutual distances `apart_deg` (n, n).
    """

    units: FloatArray
    coverage: NDArray[np.float32]
    worth: NDArray[np.float32]
    apart_deg: FloatArray

    @classmethod
    def around(
        cls, start: Direction, shape: tuple[int, int], *, hfov_deg: float, aspect: float
    ) -> ViewGrid:
        """Lay the grid so that one column passes through the start.

        Columns are whole cells apart: one footprint per row, rolled, serves them all.
        """
        width = shape[1]
        stride = max(n for n in range(1, width + 1) if _is_column_stride(n, width))
        layers = []
        for pitch_deg in _GRID_PITCHES_DEG:
            pose = CameraPose(start.yaw_deg, float(pitch_deg), hfov_deg=hfov_deg)
            coverage = view_coverage(shape, pose, aspect=aspect)
            both = np.stack([coverage, coverage * _framing(shape, pose, aspect=aspect)])
            layers += [np.roll(both, n, axis=2) for n in range(0, width, stride)]
        coverages, worths = np.stack(layers, axis=1).reshape(2, len(layers), -1)
        yaw_deg = start.yaw_deg + np.arange(0, width, stride) * 360.0 / width
        units = unit_vectors(yaw_deg[None, :], _GRID_PITCHES_DEG[:, None])
        units = units.reshape(-1, 3)
        apart_deg = great_circle_deg(units[:, None], units[None, :])
        return cls(units, coverages, worths, apart_deg)


def follow(
    evidence: Evidence, *, limits: MotionLimits, hfov_deg: float, aspect: float
) -> Targets:
    """Choose views and aim inside them; one target per map of the evidence."""
    shape = (evidence.density.shape[1], evidence.density.shape[2])
    grid = ViewGrid.around(evidence.start, shape, hfov_deg=hfov_deg, aspect=aspect)
    reach_deg = limits.max_speed_deg_per_s * STEP_S
    n_steps = max(_MIN_STEPS_PER_DECISION, int(np.ceil(1.01 * _GRID_DEG / reach_deg)))
    shown = _shown(evidence, grid)
    convincing = _convincing_share(shown, evidence.weight)
    shown *= (STEP_S / convincing * evidence.weight)[:, None]
    gains = np.add.reduceat(shown, np.arange(0, len(evidence), n_steps), axis=0)
    chosen = choose(
        gains.astype(np.float64),
        turn_costs=_TURN_COST_S_PER_DEG * grid.apart_deg,
        is_reachable=grid.apart_deg <= max(n_steps * reach_deg, 1.01 * _GRID_DEG),
        start_costs=1e-6 * great_circle_deg(grid.units, evidence.start.unit()),
    )
    views = np.repeat(chosen, n_steps)[: len(evidence)]
    aims, shares = _aims(evidence, grid, views)
    yaw_deg, pitch_deg = to_angles_deg(aims)
    weight = evidence.weight * np.minimum(shares / convincing, 1.0)
    return Targets(STEP_S, yaw_deg, pitch_deg, weight)


def _is_column_stride(n_cells: int, width: int) -> bool:
    return width % n_cells == 0 and (
        n_cells == 1 or n_cells * 360.0 / width <= _GRID_DEG
    )


def _framing(
    shape: tuple[int, int], pose: CameraPose, *, aspect: float
) -> NDArray[np.float32]:
    """Return what a cell is worth at its place in the picture, shape (h, w)."""
    cosine = grid_unit_vectors(*shape) @ pose.axes()[2]
    reach = np.tan(np.radians(pose.hfov_deg) / 2.0)
    # Tangent of the angle off the axis, relative to a corner's.
    tangent = np.sqrt(1.0 / np.clip(cosine, 0.05, 1.0) ** 2 - 1.0)
    off_axis = np.minimum(tangent / np.hypot(reach, reach / aspect), 1.0)
    framing = 1.0 - (1.0 - _CORNER_WORTH) * off_axis**2
    return np.asarray(framing, dtype=np.float32)


def _shown(evidence: Evidence, grid: ViewGrid) -> NDArray[np.float32]:
    """Return what each view shows of each map, framing counted, shape (t, n)."""
    n = len(evidence)
    shown = np.empty((n, len(grid.units)), dtype=np.float32)
    for begin in range(0, n, _CHUNK):
        end = min(begin + _CHUNK, n)
        masses = evidence.excess_masses(begin, end).reshape(end - begin, -1)
        shown[begin:end] = masses.astype(np.float32) @ grid.worth.T
    return shown


def _convincing_share(shown: NDArray[np.float32], weight: FloatArray) -> float:
    """Return how far the best view typically stands out in this clip.

    A network may spread a tenth or nine tenths of each map over the rest of the scene;
    what a turn is worth must not depend on that.
    """
    if not np.any(weight > 0.0):
        return 1.0
    trusted = shown[weight > 0.0]
    lead = trusted.max(axis=1) - np.median(trusted, axis=1)
    return max(float(np.percentile(lead, 75.0)), _MIN_CONVINCING_SHARE)


def _aims(
    evidence: Evidence, grid: ViewGrid, views: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Move each view's axis onto the saliency it shows; also that share of the map.

    A mean shift on the sphere: a window that falls off like a von Mises–Fisher density
    is weighted with the saliency in the view and moved to their mean.
    """
    kappa = 1.0 / np.radians(_AIM_SIGMA_DEG) ** 2
    cells = grid_unit_vectors(*evidence.density.shape[1:]).reshape(-1, 3)
    aims, shares = grid.units[views], np.zeros(len(views))
    for begin in range(0, len(views), _CHUNK):
        part = slice(begin, min(begin + _CHUNK, len(views)))
        masses = evidence.excess_masses(part.start, part.stop)
        shown = masses.reshape(len(aims[part]), -1) * grid.coverage[views[part]]
        shares[part] = shown.sum(axis=1)
        for _ in range(_N_AIM_ITERATIONS):
            mean = (shown * np.exp(kappa * (aims[part] @ cells.T - 1.0))) @ cells
            length = np.linalg.norm(mean, axis=1, keepdims=True)
            moved = mean / np.maximum(length, 1e-12)
            aims[part] = np.where(length > 1e-12, moved, aims[part])
    return aims, shares
