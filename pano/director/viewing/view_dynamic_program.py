"""Viterbi dynamic program over views, lenses and shot ages: when to turn, zoom, cut.

A turn goes from view to neighbouring view and costs its angle; a cut goes anywhere that
looks different, costs more, and is not open to a shot that has only begun. Where the
source itself cuts, any view is free; where a person asks for a cut, any that looks
different. Long clips are decided in overlapping windows,
each beginning in the state that the one before settled on well before its end: by then
all good futures share one past, and memory does not grow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pano.director.viewing.view_grid import GRID_DEG, ViewGrid
from pano.director.wishes import CutRules

# A second of what this clip shows at its best is worth a turn of 100°.
_TURN_COST_S_PER_DEG = 0.01
# Going from a lens to one half or twice as wide.
_ZOOM_COST_S_PER_OCTAVE = 1.0
# A cut that was asked for should show another view, unless a pin says otherwise.
_SAME_VIEW_COST_S = 30.0
_MAX_CHANGE_DEG = 90.0
# And then linger there for a shot's least time instead of turning back at once.
_LINGERING = 10.0
# Of equally good views, the nearest; far below any real difference.
_TIE_S_PER_DEG = 1e-7
_WINDOW = 600  # steps decided at once,
_SETTLED = 450  # and how many of them are kept

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
# Leads from the values of one step to those of the next, and says where from.
_Way: TypeAlias = Callable[[FloatArray], tuple[FloatArray, IntArray]]


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
        # What a cut that was asked for shows should not be half of what was shown.
        least_deg = np.clip(grid.hfov_deg.max(), cuts.min_change_deg, _MAX_CHANGE_DEG)
        is_same = grid.apart_deg < least_deg
        self._asked_costs = self._release_costs + _SAME_VIEW_COST_S * is_same
        may_cut = math.isfinite(cuts.cost_s)
        self._n_young = max(2, math.ceil(cuts.min_shot_s / step_s - 1e-6))
        n_ages = self._n_young if may_cut else 1
        self._shape = (n_ages, *grid.coverage.shape[:2])

    def decide(
        self,
        gains_of: Callable[[int, int], FloatArray],
        n_steps: int,
        *,
        start_costs: FloatArray,
        source_cuts: Collection[int] = (),
        asked_cuts: Collection[int] = (),
        uncut: Collection[int] = (),
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
        asked_cuts
            Steps with which another view shall be cut to.
        uncut
            Steps with which the camera shall not cut of its own accord.
        """
        ways: dict[int, _Way] = dict.fromkeys(uncut, self._uncut)
        for step in asked_cuts:
            young = range(step + 1, step + self._n_young)
            ways |= dict.fromkeys(young, partial(self._uncut, turning=_LINGERING))
        ways |= dict.fromkeys(source_cuts, self._released)
        asked_cuts = set(asked_cuts) - set(source_cuts)
        value = np.full(self._shape, -np.inf)
        value[0] = -start_costs
        states = np.empty(n_steps, dtype=np.int64)
        begin = 0
        while True:
            end = min(begin + _WINDOW, n_steps)
            gains, steps = gains_of(begin, end), range(begin, end)
            for step in asked_cuts.intersection(steps):
                ways[step] = partial(self._cut_as_asked, gains[step - begin :])
            found = self._solve(
                value, gains, [ways.get(step, self._advanced) for step in steps]
            )
            states[begin:end] = found
            if end == n_steps:
                break
            begin += _SETTLED
            value = np.full(self._shape, -np.inf)
            value.flat[states[begin]] = 0.0
        ages, lenses, views = np.unravel_index(states, self._shape)
        is_cut = np.isin(np.arange(n_steps), [*source_cuts, *asked_cuts])
        if self._shape[0] > 1:
            is_cut |= ages == 0
        is_cut[0] = False
        return ViewPlan(views, lenses, is_cut)

    def _solve(
        self, value: FloatArray, gains: FloatArray, ways: Sequence[_Way]
    ) -> IntArray:
        """Return the best states, indices into the flat program, shape (s,).

        `ways` leads into each step, but the first, from the one before.
        """
        came_from = np.zeros((len(gains), *self._shape), dtype=np.int32)
        value = value + gains[0]
        for step in range(1, len(gains)):
            value, came_from[step] = ways[step](value)
            value += gains[step]
        chosen = np.empty(len(gains), dtype=np.int64)
        chosen[-1] = int(np.argmax(value))
        for step in range(len(gains) - 1, 0, -1):
            chosen[step - 1] = came_from[step].flat[chosen[step]]
        return chosen

    def _advanced(self, value: FloatArray) -> tuple[FloatArray, IntArray]:
        """Make one step by turning and zooming, or by cutting; and where from."""
        return self._aged(self._moved(value), self._cut(value[-1]))

    def _uncut(
        self, value: FloatArray, *, turning: float = 1.0
    ) -> tuple[FloatArray, IntArray]:
        """Make one step by turning, for so many times its cost, and zooming alone."""
        nowhere = np.full(self._shape[1:], -np.inf), np.zeros(self._shape[1:], np.int64)
        return self._aged(self._moved(value, turning), nowhere)

    def _aged(
        self, gone_on: tuple[FloatArray, IntArray], begun: tuple[FloatArray, IntArray]
    ) -> tuple[FloatArray, IntArray]:
        """Let all shots grow a step older, and others begin, where any may be."""
        n_ages = self._shape[0]
        moved, origin = gone_on
        if n_ages == 1:
            return moved, origin
        shifted, shifted_origin = begun
        aged = np.concatenate([shifted[None], moved[:-1]])
        aged_origin = np.concatenate([shifted_origin[None], origin[:-1]])
        stays = moved[-1] > aged[-1]
        aged[-1] = np.where(stays, moved[-1], aged[-1])
        aged_origin[-1] = np.where(stays, origin[-1], aged_origin[-1])
        return aged, aged_origin

    def _moved(
        self, value: FloatArray, turning: float = 1.0
    ) -> tuple[FloatArray, IntArray]:
        """Turn to a neighbour, then zoom."""
        candidates = value[..., self._neighbours] - turning * self._turn_costs
        nearest = np.argmax(candidates, axis=-1)
        turned = np.take_along_axis(candidates, nearest[..., None], axis=-1)[..., 0]
        views = self._neighbours[np.arange(self._shape[2]), nearest]
        zoomed = turned[:, None] - self._zoom_costs[:, :, None]  # (age, to, from, n)
        lenses = np.argmax(zoomed, axis=2)
        best = np.take_along_axis(zoomed, lenses[:, :, None], axis=2)[:, :, 0]
        views = np.take_along_axis(views, lenses, axis=1)
        ages = np.arange(self._shape[0])[:, None, None]
        return best, np.ravel_multi_index((ages, lenses, views), self._shape)

    def _cut(self, value: FloatArray) -> tuple[FloatArray, IntArray]:
        """Cut from a shot that is old enough, shape (m, n), to any other view."""
        lenses = np.argmax(value, axis=0)
        candidates = value.max(axis=0)[None, :] - self._cut_costs
        views = np.argmax(candidates, axis=1)
        best = np.take_along_axis(candidates, views[:, None], axis=1)[:, 0]
        ages = np.full_like(views, self._shape[0] - 1)
        origin = np.ravel_multi_index((ages, lenses[views], views), self._shape)
        every_lens = self._shape[1:]
        return np.broadcast_to(best, every_lens), np.broadcast_to(origin, every_lens)

    def _cut_as_asked(
        self, ahead: FloatArray, value: FloatArray
    ) -> tuple[FloatArray, IntArray]:
        """Cut to the other view that gains most in the steps ahead, (s, m, n)."""
        freed, origin = self._freed(value, self._asked_costs)
        worth = freed[0] + ahead[: self._n_young].sum(axis=0)
        is_other = np.arange(worth.size).reshape(worth.shape) != np.argmax(worth)
        freed[0, is_other] = -np.inf
        return freed, origin

    def _released(self, value: FloatArray) -> tuple[FloatArray, IntArray]:
        """Let the source's own cut lead from the best state to any view."""
        return self._freed(value, self._release_costs)

    def _freed(
        self, value: FloatArray, costs: FloatArray
    ) -> tuple[FloatArray, IntArray]:
        """Begin a shot after the best one so far, which ends as if no more came."""
        best = int(np.argmax(value))
        freed = np.full(self._shape, -np.inf)
        _, lens, view = np.unravel_index(best, self._shape)
        zoom_costs = _TIE_S_PER_DEG * self._zoom_costs[:, lens, None]
        freed[0] = value.flat[best] - costs[view] - zoom_costs
        return freed, np.full(self._shape, best)


def _neighbours(apart_deg: FloatArray, reach_deg: float) -> IntArray:
    """Return each view's neighbours, nearest first, padded with farther ones."""
    n_reached = int(np.count_nonzero(apart_deg <= reach_deg, axis=1).max())
    # Rounded, so that equal angles keep one order whichever way they were computed.
    nearest = np.argsort(apart_deg.round(6), axis=1, kind="stable")
    return nearest[:, :n_reached]
