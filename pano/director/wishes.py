"""User constraints on the view: cut rules, pinned directions, regions to avoid.

Wishes enter where the view is chosen, so that the rest of the path is the best one
that fulfils them, and not another path bent at one place.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.sphere import Direction, great_circle_deg, grid_unit_vectors

# With less, a change of view is cut to that a turn of two seconds would do as well.
DEFAULT_CUT_COST_S = 2.0
PIN_HALF_S = 0.5  # a pin is held this long before and after its moment
# Of the pinned moments as targets; evidence weighs at most 1.
PIN_WEIGHT = 300.0
# Of a view at a pinned moment, per step and degree off; far above any evidence.
_PIN_COST_PER_DEG = 1.0
# Of a view into a region to be avoided, per step.
_NEVER_COST = 50.0
# Half the distance of the views: turning from one to the next keeps outside, too.
_NEVER_MARGIN_DEG = 6.0

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OneShot:
    """A stretch of presentation time between whose ends there shall be no cut."""

    begin_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not -math.inf < self.begin_s < self.end_s < math.inf:
            raise ValueError(
                f"a shot must begin before it ends, got {self.begin_s} to {self.end_s}"
            )

    def holds(self, time_s: float) -> bool:
        """Tell whether a moment lies inside."""
        return self.begin_s < time_s < self.end_s


@dataclass(frozen=True, slots=True)
class CutRules:
    """Costs, limits and places of cuts: when the camera cuts instead of turning.

    Parameters
    ----------
    cost_s
        A cut must pay: this many seconds of the clip's best view. Infinite: no cut,
        and then no camera keeps up with sources that take turns behind its back.
    min_shot_s
        No shot of the camera's own choice is shorter.
    min_change_deg
        A cut to nearly the same view looks like a mistake; editors ask for 30°.
    source_cuts_s
        Presentation times at which the source itself begins a new shot.
    asked_s
        Presentation times at which the camera shall cut to another view, whatever else
        the rules say.
    one_shots
        Where it shall not cut but when asked to, even if the source does.
    """

    cost_s: float = DEFAULT_CUT_COST_S
    min_shot_s: float = 3.0
    min_change_deg: float = 40.0
    source_cuts_s: tuple[float, ...] = ()
    asked_s: tuple[float, ...] = ()
    one_shots: tuple[OneShot, ...] = ()

    def __post_init__(self) -> None:
        for name in ("cost_s", "min_shot_s", "min_change_deg"):
            if not getattr(self, name) >= 0.0:
                raise ValueError(f"{name} must be ≥ 0, got {getattr(self, name)}")
        for time_s in self.asked_s:
            if not math.isfinite(time_s):
                raise ValueError(f"a cut's time must be finite, got {time_s}")

    def later(self, by_s: float) -> CutRules:
        """Return the rules with all times moved by so many seconds."""
        return dataclasses.replace(
            self,
            source_cuts_s=tuple(time_s + by_s for time_s in self.source_cuts_s),
            asked_s=tuple(time_s + by_s for time_s in self.asked_s),
            one_shots=tuple(
                OneShot(shot.begin_s + by_s, shot.end_s + by_s)
                for shot in self.one_shots
            ),
        )

    def forbid(self, time_s: float) -> bool:
        """Tell whether there shall be no cut at a moment, unless it is asked for."""
        return any(shot.holds(time_s) for shot in self.one_shots)


@dataclass(frozen=True, slots=True)
class Pin:
    """A direction that the camera shall look in at a presentation time."""

    time_s: float
    direction: Direction

    def __post_init__(self) -> None:
        if not math.isfinite(self.time_s):
            raise ValueError(f"time_s must be finite, got {self.time_s}")


@dataclass(frozen=True, slots=True)
class NeverRegion:
    """A spherical cap that the camera shall not turn to, whatever sounds in it."""

    direction: Direction
    radius_deg: float

    def __post_init__(self) -> None:
        if not 0.0 < self.radius_deg < 180.0:
            raise ValueError(f"radius_deg must be in (0, 180), got {self.radius_deg}")


@dataclass(frozen=True, slots=True)
class Wishes:
    """The pins and the regions to avoid of one plan."""

    pins: tuple[Pin, ...] = ()
    never: tuple[NeverRegion, ...] = ()

    def turned(self, yaw_deg: float) -> Wishes:
        """Return the wishes for a scene turned by this much to the right."""

        def moved(direction: Direction) -> Direction:
            # Rounded as the start is, so that likenesses leave the same remainder.
            yaw = round(direction.yaw_deg + yaw_deg, 9)
            return Direction(yaw, direction.pitch_deg)

        return Wishes(
            tuple(Pin(pin.time_s, moved(pin.direction)) for pin in self.pins),
            tuple(
                NeverRegion(moved(region.direction), region.radius_deg)
                for region in self.never
            ),
        )

    def later(self, by_s: float) -> Wishes:
        """Return the wishes with the moments of all pins moved by so many seconds."""
        pins = tuple(Pin(pin.time_s + by_s, pin.direction) for pin in self.pins)
        return Wishes(pins, self.never)

    def forbids(
        self, units: FloatArray, *, margin_deg: float = 0.0
    ) -> NDArray[np.bool_]:
        """Tell which unit vectors, shape (..., 3), lie in a region to be avoided."""
        forbidden = np.zeros(units.shape[:-1], dtype=np.bool_)
        for region in self.never:
            apart_deg = great_circle_deg(units, region.direction.unit())
            forbidden |= apart_deg <= region.radius_deg + margin_deg
        return forbidden

    def heard_cells(self, shape: tuple[int, int]) -> FloatArray:
        """Return 1 for cells that count as evidence, 0 for others, shape (h, w)."""
        return 1.0 - self.forbids(grid_unit_vectors(*shape)).astype(np.float64)

    def costs(self, units: FloatArray, time_s: FloatArray, step_s: float) -> FloatArray:
        """Return what views at moments cost by what was wished, shape (t, n).

        `units` are the views' axes, shape (n, 3), and `time_s` the steps' middles.
        """
        is_near = self.forbids(units, margin_deg=_NEVER_MARGIN_DEG)
        costs = np.where(is_near, _NEVER_COST, 0.0)
        costs = np.repeat(costs[None], len(time_s), axis=0)
        for pin in self.pins:
            is_pinned = np.abs(time_s - pin.time_s) <= PIN_HALF_S + step_s / 2.0
            apart_deg = great_circle_deg(units, pin.direction.unit())
            costs[is_pinned] += _PIN_COST_PER_DEG * apart_deg
        return costs

    def pinned(self, time_s: FloatArray) -> list[tuple[NDArray[np.bool_], Direction]]:
        """Return each pin's direction with the moments it holds, shape (t,)."""
        return [
            (np.abs(time_s - pin.time_s) <= PIN_HALF_S, pin.direction)
            for pin in self.pins
        ]
