"""The default director: choose views by a dynamic program, then aim inside them.

The program runs over a coarse grid of views and weighs the saliency each view would
show against the turning it costs. It sees the whole clip, ignores flashes that are over
before a turn would pay, and leaves in time for what comes. The aim then keeps the sound
well framed inside the chosen view.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.motion_limits import MotionLimits
from pano.director.cut_places import CutPlaces
from pano.director.evidence import STEP_S, Evidence
from pano.director.smoothing.smooth_path import Shot, Targets
from pano.director.viewing.aim import Framing, aims, framed
from pano.director.viewing.bounds import kept_inside
from pano.director.viewing.eye_level import leaning, near_eye_level
from pano.director.viewing.turn_timing import HELD_S, find_turns, wait
from pano.director.viewing.view_dynamic_program import ViewDynamicProgram, ViewPlan
from pano.director.viewing.view_grid import GRID_DEG, ViewGrid
from pano.director.wishes import PIN_WEIGHT, CutRules, Wishes
from pano.equirect.layouts import FULL_SPHERE, SphereBounds
from pano.sphere import great_circle_deg, to_angles_deg

# Even in pure clutter one view shows a few hundredths more than the others.
_MIN_CONVINCING_SHARE = 0.1
_MIN_STEPS_PER_DECISION = 2
# What another take shows already is worth this much less.
_SEEN_DISCOUNT = 0.85
_CHUNK = 256  # maps worked on at once, to bound memory

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Order:
    """What a path is asked for, in the evidence's frame of reference.

    Parameters
    ----------
    hfov_deg
        The lenses to choose from.
    aspect, lens
        The picture's width over its height, and how it unrolls the sphere.
    bounds, middle_yaw_deg
        The part of the sphere that was filmed, and where the middle of the full
        sphere's picture lies.
    limits
        Of the motion.
    """

    hfov_deg: tuple[float, ...]
    aspect: float
    limits: MotionLimits
    cuts: CutRules = field(default_factory=CutRules)
    wishes: Wishes = field(default_factory=Wishes)
    framing: Framing = field(default_factory=Framing)
    lens: Lens = Lens.RECTILINEAR
    bounds: SphereBounds = FULL_SPHERE
    middle_yaw_deg: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One take: its shots, and the view chosen in each step, shape (t,)."""

    shots: tuple[Shot, ...]
    views: IntArray


class Follower:
    """The default director for one clip and one order; chooses once for each take."""

    def __init__(self, evidence: Evidence, order: Order) -> None:
        self._evidence, self._order = evidence, order
        self._heard = order.wishes.heard_cells(evidence.shape)
        self._grid = ViewGrid.around(
            evidence.start,
            evidence.shape,
            hfov_deg=order.hfov_deg,
            aspect=order.aspect,
            lens=order.lens,
        )
        self._axes_deg = np.stack(to_angles_deg(self._grid.units), axis=1)
        reach_deg = order.limits.max_speed_deg_per_s * STEP_S
        self._stride = max(
            _MIN_STEPS_PER_DECISION, int(np.ceil(1.01 * GRID_DEG / reach_deg))
        )
        self._program = ViewDynamicProgram(
            self._grid,
            step_s=self._stride * STEP_S,
            reach_deg=self._stride * reach_deg,
            cuts=order.cuts,
        )
        self._convincing = self._convincing_share()

    def choose(self, others: Sequence[Choice] = ()) -> Choice:
        """Choose views and aim inside them, away from what other takes show."""
        n_moments, evidence = len(self._evidence), self._evidence
        places = CutPlaces.of(self._order.cuts, evidence, self._stride)
        plan = self._program.decide(
            lambda begin, end: self._gains(begin, end, others),
            -(-n_moments // self._stride),
            start_costs=1e-6
            * great_circle_deg(self._grid.units, evidence.start.unit()),
            source_cuts=places.steps(places.source_s),
            asked_cuts=places.steps(places.asked_s),
            uncut=places.uncut,
        )
        views = np.repeat(plan.views, self._stride)[:n_moments]
        lenses = np.repeat(plan.lenses, self._stride)[:n_moments]
        exact_s = places.exact_s
        begins = self._placed_cuts(plan, views, lenses, places.steps(exact_s))
        ends = [*begins[1:], n_moments]
        aimed, is_held = views.copy(), np.zeros(n_moments, dtype=np.bool_)
        for begin, end in zip(begins, ends, strict=True):
            part = slice(begin, end)
            self._postpone_turns(begin, aimed[part], lenses[part], is_held[part])
        shots = tuple(
            Shot(
                begin_s=exact_s.get(begin, max(begin - 0.5, 0.0) * STEP_S),
                first=begin,
                targets=self._targets(begin, end, aimed, lenses, is_held),
                hfov_deg=self._grid.hfov_deg[lenses[begin:end]],
                axes_deg=self._axes_deg[views[begin:end]],
            )
            for begin, end in zip(begins, ends, strict=True)
        )
        return Choice(shots, plan.views)

    def _masses(self, begin: int, end: int) -> Iterator[tuple[slice, FloatArray]]:
        for first in range(begin, end, _CHUNK):
            part = slice(first, min(first + _CHUNK, end))
            yield part, self._heard_masses(part.start, part.stop)

    def _heard_masses(self, begin: int, end: int) -> FloatArray:
        """Return what counts in the maps of some moments, shape (end - begin, h, w)."""
        masses = self._evidence.excess_masses(begin, end)
        sureness = self._evidence.sureness[begin:end]
        counted = leaning(self._evidence.shape[0], sureness)
        return np.asarray(masses * self._heard * counted)

    def _gains(self, begin: int, end: int, others: Sequence[Choice]) -> FloatArray:
        """Return each view's gain in each step, in seconds of the best, (s, m, n)."""
        first = begin * self._stride
        last = min(end * self._stride, len(self._evidence))
        shown = np.empty((last - first, *self._grid.coverage.shape[:2]))
        for part, masses in self._masses(first, last):
            weight = self._evidence.weight[part] * STEP_S / self._convincing
            rows = slice(part.start - first, part.stop - first)
            shown[rows] = self._grid.shown(masses) * weight[:, None, None]
        gains = np.add.reduceat(shown, np.arange(0, last - first, self._stride))
        for other in others:
            apart_deg = self._grid.apart_deg[other.views[begin:end]]
            near = np.maximum(1.0 - (apart_deg / self._grid.hfov_deg[0]) ** 2, 0.0)
            gains *= 1.0 - _SEEN_DISCOUNT * near[:, None, :]
        step_s = self._stride * STEP_S
        middles_s = (np.arange(begin, end) + 0.5) * step_s - STEP_S / 2.0
        time_s = np.asarray(self._evidence.first_s + middles_s)
        costs = self._order.wishes.costs(self._grid.units, time_s, step_s)
        return np.asarray(gains - costs[:, None, :])

    def _convincing_share(self) -> float:
        """Return how far the best view typically stands out in this clip.

        A network may spread a tenth or nine tenths of each map over the rest of the
        scene; what a turn is worth must not depend on that.
        """
        leads = []
        for part, masses in self._masses(0, len(self._evidence)):
            is_trusted = self._evidence.weight[part] > 0.0
            shown = self._grid.shown(masses[is_trusted])[:, 0]
            leads.append(shown.max(axis=1) - np.median(shown, axis=1))
        lead = np.concatenate(leads)
        if lead.size == 0:
            return 1.0
        # Where a view shows most of the sphere, no other one can be worth much more.
        least = max(
            _MIN_CONVINCING_SHARE, self._grid.sphere_share(self._evidence.shape)
        )
        return max(float(np.percentile(lead, 75.0)), least)

    def _placed_cuts(
        self,
        plan: ViewPlan,
        views: IntArray,
        lenses: IntArray,
        exact: dict[int, int],
    ) -> list[int]:
        """Find the very moment of each cut; `views` and `lenses` are changed to it.

        `exact` tells the moments of steps whose cuts were told.
        """
        begins = [0]
        for step in np.flatnonzero(plan.is_cut):
            planned = int(step) * self._stride
            moment = exact.get(int(step))
            if moment is None:
                moment = self._best_moment(planned, views, lenses)
            for chosen in (views, lenses):
                before, after = chosen[planned - 1], chosen[planned]
                chosen[moment:planned], chosen[planned:moment] = after, before
            while begins[-1] >= moment:  # told to cut right after us: that cut counts
                begins.pop()
            begins.append(moment)
        return begins

    def _best_moment(self, planned: int, views: IntArray, lenses: IntArray) -> int:
        """Find when, within a step of the plan, the view after begins to show more."""
        first = max(planned - self._stride + 1, 1)
        last = min(planned + self._stride, len(self._evidence))
        masses = self._heard_masses(first, last)
        shown = self._grid.shown(masses) * self._evidence.weight[first:last, None, None]
        before = shown[:, lenses[planned - 1], views[planned - 1]]
        after = shown[:, lenses[planned], views[planned]]
        gained = np.concatenate([np.cumsum((after - before)[::-1])[::-1], [0.0]])
        # Of equally good moments the one that was planned.
        nearness = -1e-6 * np.abs(first + np.arange(len(gained)) - planned)
        return first + int(np.argmax(gained[:-1] + nearness[:-1]))

    def _postpone_turns(
        self, begin: int, views: IntArray, lenses: IntArray, is_held: BoolArray
    ) -> None:
        """Change a shot's views so that no turn is begun long before it is due.

        `is_held` is set where the camera is to wait for that.
        """
        pins_s = np.array([pin.time_s for pin in self._order.wishes.pins])

        def shown_in(first: int, last: int, among: IntArray) -> FloatArray:
            masses = self._heard_masses(begin + first, begin + last)
            shown = self._grid.shown(masses)[:, lenses[first]][:, among]
            trust = self._evidence.weight[begin + first : begin + last]
            return np.asarray(shown * trust[:, None], dtype=np.float64)

        turns = find_turns(
            views,
            self._grid.apart_deg,
            stride=self._stride,
            step_s=STEP_S,
            shown_in=shown_in,
        )
        held_from = 0
        for turn in list(turns):
            ends = np.array([turn.first - 1, max(turn.last, turn.due)]) + begin
            since_s, until_s = self._evidence.first_s + ends * STEP_S
            if np.any((pins_s > since_s - 1.0) & (pins_s < until_s + 1.0)):
                continue
            turn.postpone(views)
            hold = round(HELD_S / STEP_S)
            is_held[max(turn.due - hold, held_from) : turn.due] = True
            held_from = max(turn.due, turn.last)

    def _targets(
        self,
        begin: int,
        end: int,
        views: IntArray,
        lenses: IntArray,
        is_held: BoolArray,
    ) -> Targets:
        axes, weight = np.empty((end - begin, 3)), np.empty(end - begin)
        for part, masses in self._masses(begin, end):
            rows = slice(part.start - begin, part.stop - begin)
            chosen = views[part]
            coverage = self._grid.coverage[lenses[part], chosen]
            axes[rows], shares = aims(masses, self._grid.units[chosen], coverage)
            weight[rows] = np.minimum(shares / self._convincing, 1.0)
        weight *= self._evidence.weight[begin:end]
        yaw_deg, pitch_deg = framed(
            axes, weight, step_s=STEP_S, framing=self._order.framing
        )
        pitch_deg = near_eye_level(pitch_deg, self._evidence.sureness[begin:end])
        yaw_deg, pitch_deg = kept_inside(
            yaw_deg,
            pitch_deg,
            self._order.bounds,
            middle_yaw_deg=self._order.middle_yaw_deg,
            hfov_deg=self._grid.hfov_deg[lenses[begin:end]],
            aspect=self._order.aspect,
            lens=self._order.lens,
        )
        wait(yaw_deg, pitch_deg, weight, is_held[begin:end])
        time_s = np.asarray(self._evidence.first_s + np.arange(begin, end) * STEP_S)
        for is_pinned, direction in self._order.wishes.pinned(time_s):
            yaw_deg[is_pinned] = direction.yaw_deg
            pitch_deg[is_pinned] = direction.pitch_deg
            weight[is_pinned] = PIN_WEIGHT
        return Targets(STEP_S, yaw_deg, pitch_deg, weight)
