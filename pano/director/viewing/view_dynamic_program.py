"""Viterbi dynamic program over views, lenses and shot ages: when to turn, zoom, cut.

A turn goes from view to neighbouring view and costs its angle; a cut goes anywhere that
looks different, costs more, and is not open to a shot that has only begun. Where the
source itself cuts, any view is free. Long clips are decided in overlapping windows,
each beginning in the state that the one before settled on well before its end: by then
all good futures share one past, and memory does not grow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.director.viewing.view_grid import GRID_DEG, ViewGrid
from pano.director.wishes import CutRules

# A second of what this clip shows at its best is worth a turn of 100°.
_TURN_COST_S_PER_DEG = 0.01
# Going from a lens to one half or twice as wide.
_ZOOM_COST_S_PER_OCTAVE = 1.0
# Of equally good views, the nearest; far below any real difference.
_TIE_S_PER_DEG = 1e-7
_WINDOW = 600  # steps decided at once,
_SETTLED = 450  # and how many of them are kept

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ViewPlan:
    """View, lens and whether a shot begins, in each step; each of shape (t,)."""

    views: IntArray
    lenses: IntArray
    is_cut: NDArray[np.bool_]


class ViewDynamicProgram:
    """Viterbi search in steps of `step_s`, in which a turn reaches `reach_deg`."""

    def __init__(
        self, grid: ViewGrid, *, step_s: float, reach_deg: float, cuts: CutRules
    ) -> None:
        reach_deg = max(reach_deg, 1.01 * GRID_DEG)
        self._neighbours = _neighbours(grid.apart_deg, reach_deg)
        apart_deg = np.take_along_axis(grid.apart_deg, self._neighbours, axis=1)
        self._turn_costs = np.where(
            apart_deg <= reach_deg, _TURN_COST_S_PER_DEG * apart_deg, np.inf
        )
        octaves = np.log2([grid.lens.half_width(deg) for deg in grid.hfov_deg])
        apart = np.abs(octaves[:, None] - octaves[None, :])
        self._zoom_costs = _ZOOM_COST_S_PER_OCTAVE * apart
        self._release_costs = _TIE_S_PER_DEG * grid.apart_deg
        is_other = grid.apart_deg >= cuts.min_change_deg
        self._cut_costs = np.where(is_other, cuts.cost_s + self._release_costs, np.inf)
        may_cut = math.isfinite(cuts.cost_s)
        n_ages = max(2, math.ceil(cuts.min_shot_s / step_s - 1e-6)) if may_cut else 1
        self._shape = (n_ages, *grid.coverage.shape[:2])

    def decide(
        self,
        gains_of: Callable[[int, int], FloatArray],
        n_steps: int,
        *,
        start_costs: FloatArray,
        source_cuts: Collection[int] = (),
    ) -> ViewPlan:
        """Choose the plan with the largest sum of gains less costs.

        Parameters
        ----------
        gains_of
            Returns the gains from one step to before another, shape (s, m, n).
        start_costs
            Of beginning in a direction, shape (n,).
        source_cuts
            Steps with which a shot of the source begins.
        """
        value = np.full(self._shape, -np.inf)
        value[0] = -start_costs
        states = np.empty(n_steps, dtype=np.int64)
        begin = 0
        while True:
            end = min(begin + _WINDOW, n_steps)
            cuts = {step - begin for step in source_cuts}
            found = self._solve(value, gains_of(begin, end), cuts)
            states[begin:end] = found
            if end == n_steps:
                break
            begin += _SETTLED
            value = np.full(self._shape, -np.inf)
            value.flat[states[begin]] = 0.0
        ages, lenses, views = np.unravel_index(states, self._shape)
        is_cut = np.isin(np.arange(n_steps), list(source_cuts))
        if self._shape[0] > 1:
            is_cut |= ages == 0
        is_cut[0] = False
        return ViewPlan(views, lenses, is_cut)

    def _solve(
        self, value: FloatArray, gains: FloatArray, source_cuts: Collection[int]
    ) -> IntArray:
        """Return the best states, indices into the flat program, shape (s,)."""
        came_from = np.zeros((len(gains), *self._shape), dtype=np.int32)
        value = value + gains[0]
        for step in range(1, len(gains)):
            if step in source_cuts:
                value, came_from[step] = self._released(value)
            else:
                value, came_from[step] = self._advanced(value)
            value += gains[step]
        chosen = np.empty(len(gains), dtype=np.int64)
        chosen[-1] = int(np.argmax(value))
        for step in range(len(gains) - 1, 0, -1):
            chosen[step - 1] = came_from[step].flat[chosen[step]]
        return chosen

    def _advanced(self, value: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Make one step by turning and zooming, or by cutting; and where from."""
        n_ages = self._shape[0]
        moved, origin = self._moved(value)
        if n_ages == 1:
            return moved, origin
        shifted, shifted_origin = self._cut(value[-1])
        aged = np.concatenate([shifted[None], moved[:-1]])
        aged_origin = np.concatenate([shifted_origin[None], origin[:-1]])
        stays = moved[-1] > aged[-1]
        aged[-1] = np.where(stays, moved[-1], aged[-1])
        aged_origin[-1] = np.where(stays, origin[-1], aged_origin[-1])
        return aged, aged_origin

    def _moved(self, value: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Turn to a neighbour, then zoom."""
        candidates = value[..., self._neighbours] - self._turn_costs
        nearest = np.argmax(candidates, axis=-1)
        turned = np.take_along_axis(candidates, nearest[..., None], axis=-1)[..., 0]
        views = self._neighbours[np.arange(self._shape[2]), nearest]
        zoomed = turned[:, None] - self._zoom_costs[:, :, None]  # (age, to, from, n)
        lenses = np.argmax(zoomed, axis=2)
        best = np.take_along_axis(zoomed, lenses[:, :, None], axis=2)[:, :, 0]
        views = np.take_along_axis(views, lenses, axis=1)
        ages = np.arange(self._shape[0])[:, None, None]
        return best, np.ravel_multi_index((ages, lenses, views), self._shape)

    def _cut(self, value: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Cut from a shot that is old enough, shape (m, n), to any other view."""
        lenses = np.argmax(value, axis=0)
        candidates = value.max(axis=0)[None, :] - self._cut_costs
        views = np.argmax(candidates, axis=1)
        best = np.take_along_axis(candidates, views[:, None], axis=1)[:, 0]
        ages = np.full_like(views, self._shape[0] - 1)
        origin = np.ravel_multi_index((ages, lenses[views], views), self._shape)
        every_lens = self._shape[1:]
        return np.broadcast_to(best, every_lens), np.broadcast_to(origin, every_lens)

    def _released(self, value: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """Let the source's own cut lead from the best state to any view."""
        best = int(np.argmax(value))
        released = np.full(self._shape, -np.inf)
        _, lens, view = np.unravel_index(best, self._shape)
        zoom_costs = _TIE_S_PER_DEG * self._zoom_costs[:, lens, None]
        released[0] = value.flat[best] - self._release_costs[view] - zoom_costs
        return released, np.full(self._shape, best)


def _neighbours(apart_deg: FloatArray, reach_deg: float) -> IntArray:
    """Return each view's neighbours, nearest first, padded with farther ones."""
    n_reached = int(np.count_nonzero(apart_deg <= reach_deg, axis=1).max())
    # Rounded, so that equal angles keep one order whichever way they were computed.
    nearest = np.argsort(apart_deg.round(6), axis=1, kind="stable")
    return nearest[:, :n_reached]
