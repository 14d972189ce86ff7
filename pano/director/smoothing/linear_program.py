"""The path smoothing of one window as a linear program: variables, costs, bounds.

Only differences of control points and distances to targets occur in it, and of all of
these only absolute values: each is a variable bounded from below by either sign. Of a
difference's two axes only the norm is priced and bounded, so that turning aside and up
at once is cheaper than one after the other, as it is for a person behind a tripod. The
rows depend on the window's length alone and are built once.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from pano.camera.motion_limits import MotionLimits

MAX_PITCH_DEG = 75.0  # AutoCam's steepest glimpse; a normal lens sees the pole from it
N_JOINED = 3  # control points that fix position, velocity and acceleration
_N_ZONES = 3  # of error: any, beyond the dead zone, beyond the edge
# The solver keeps its rows to 1e-7; limits tightened by this keep the path inside.
_LIMIT_MARGIN = 1e-4
# The norm's unit circle is the regular octagon inscribed in the round one, its corners
# on the axes.
_OCTAGON = float(np.tan(np.pi / 8.0))

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Style:
    """Costs of the path smoothing; prices are per second and degree of error.

    Parameters
    ----------
    dead_zone_deg
        How far off the axis a target may be without being an error, along the longer
        side of the picture; along the shorter one in proportion.
    centering
        Price of being off the axis at all: enough to rest well framed, too little to
        move for.
    framing
        Price of being farther out than the dead zone, on top.
    edge_deg
        How far off the axis, in yaw and in pitch, a target is about to leave the
        picture.
    leaving
        Price of being farther out than that, on top.
    travel_s
        Price of a degree of turning: an error of price 1 must last this long for a
        turn to pay.
    acceleration_s2, jerk_s3
        Prices of changing speed, per degree/s, and of abruptness, per degree/s².
    hold
        Weight of the last reason to look, while there is none.
    """

    dead_zone_deg: float = 4.0
    centering: float = 0.1
    framing: float = 0.5
    edge_deg: tuple[float, float] = (26.0, 15.0)
    leaving: float = 3.0
    travel_s: float = 1.0
    acceleration_s2: float = 0.15
    jerk_s3: float = 0.03
    hold: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One linear program over n + 2 control points of two axes."""

    wanted_deg: FloatArray  # (n, 2)
    weight: FloatArray  # (n,)
    joined_deg: FloatArray | None  # (3, 2)
    must_rest: bool

    def solve(
        self, step_s: float, limits: MotionLimits, style: Style
    ) -> FloatArray | None:
        """Return control points, shape (n + 2, 2), or None if the solver gave up."""
        n_control = len(self.wanted_deg) + 2
        rows = _rows(n_control)
        for method in ("highs-ds", "highs-ipm"):
            found = scipy.optimize.linprog(
                self._costs(step_s, style),
                A_ub=rows,
                b_ub=self._right_hand_side(style),
                A_eq=_rest_rows(n_control, rows.shape[1]) if self.must_rest else None,
                b_eq=np.zeros(4) if self.must_rest else None,
                bounds=self._bounds(rows.shape[1], step_s, limits),
                method=method,
            )
            if found.status == 0:
                return np.array(found.x[: 2 * n_control]).reshape(2, n_control).T
        return None

    def _costs(self, step_s: float, style: Style) -> FloatArray:
        """Costs of all variables: ∫ |p'| travel + |p''| … + weight·error dt."""
        n_control = len(self.wanted_deg) + 2
        moving = (style.travel_s, style.acceleration_s2, style.jerk_s3)
        costs = [np.zeros(2 * n_control)]
        for order, price in enumerate(moving, start=1):
            n_differences = max(n_control - order, 0)
            costs.append(np.zeros(2 * n_differences))
            costs.append(np.full(n_differences, price * step_s ** (1 - order)))
        missing = self.weight * step_s
        missing = np.concatenate([missing * yaw_scale(self.wanted_deg[:, 1]), missing])
        prices = (style.centering, style.framing, style.leaving)
        return np.concatenate([*costs, *(price * missing for price in prices)])

    def _right_hand_side(self, style: Style) -> FloatArray:
        n_control = len(self.wanted_deg) + 2
        parts = [np.zeros(6 * max(n_control - order, 0)) for order in (1, 2, 3)]
        wanted_deg = self.wanted_deg.T.ravel()
        # The same arc is more yaw farther from the horizon.
        yaw_per_deg = 1.0 / yaw_scale(self.wanted_deg[:, 1])
        longest_deg = max(style.edge_deg)
        dead_zone_deg = [
            style.dead_zone_deg * edge_deg / longest_deg for edge_deg in style.edge_deg
        ]
        for yaw_deg, pitch_deg in ((0.0, 0.0), dead_zone_deg, style.edge_deg):
            tolerance_deg = np.concatenate(
                [yaw_deg * yaw_per_deg, np.full(len(yaw_per_deg), pitch_deg)]
            )
            parts += [tolerance_deg + wanted_deg, tolerance_deg - wanted_deg]
        return np.concatenate(parts)

    def _bounds(
        self, n_variables: int, step_s: float, limits: MotionLimits
    ) -> FloatArray:
        n_control = len(self.wanted_deg) + 2
        bounds = np.full((n_variables, 2), (0.0, np.inf))
        bounds[:n_control] = (-np.inf, np.inf)
        bounds[n_control : 2 * n_control] = (-MAX_PITCH_DEG, MAX_PITCH_DEG)
        if self.joined_deg is not None:
            for axis in range(2):
                first = axis * n_control
                bounds[first : first + N_JOINED] = self.joined_deg[:, axis, None]
        largest = (
            limits.max_speed_deg_per_s,
            limits.max_acceleration_deg_per_s2,
            limits.max_jerk_deg_per_s3,
        )
        end = 2 * n_control
        for order, limit in enumerate(largest, start=1):
            n_differences = max(n_control - order, 0)
            end += 3 * n_differences
            norms = slice(end - n_differences, end)
            bounds[norms, 1] = limit * step_s**order * (1.0 - _LIMIT_MARGIN)
        return bounds


def yaw_scale(pitch_deg: FloatArray) -> FloatArray:
    """Return cos(pitch), the arc of a degree of yaw, but not less than 0.1."""
    return np.asarray(np.maximum(np.cos(np.radians(pitch_deg)), 0.1))


@functools.lru_cache(maxsize=4)
def _rows(n_control: int) -> scipy.sparse.csr_array:
    """Return the inequality rows, which depend on the number of points alone.

    Variables: control points of yaw, of pitch; for each order the absolute
    differences of yaw, of pitch, and their norms; the errors of yaw, of pitch; those
    errors beyond the dead zone; those beyond the edge.
    """
    n_knots = n_control - 2
    n_differences = [max(n_control - order, 0) for order in (1, 2, 3)]
    both = scipy.sparse.eye_array(2)
    widths = [2 * n_control]
    for n in n_differences:
        widths += [2 * n, n]
    widths += [2 * n_knots] * _N_ZONES
    blocks: list[list[scipy.sparse.sparray]] = []

    def add(parts: dict[int, scipy.sparse.sparray]) -> None:
        n_rows = next(iter(parts.values())).shape[0]
        empty = (scipy.sparse.csr_array((n_rows, width)) for width in widths)
        blocks.append([parts.get(k, zeros) for k, zeros in enumerate(empty)])

    corner = scipy.sparse.csr_array([[1.0, _OCTAGON], [_OCTAGON, 1.0]])
    either = scipy.sparse.csr_array([[1.0], [1.0]])
    for order, n in enumerate(n_differences, start=1):
        sizes, norms = 2 * order - 1, 2 * order
        difference = scipy.sparse.csr_array(np.diff(np.eye(n_control), n=order, axis=0))
        of_axes, own = scipy.sparse.kron(both, difference), scipy.sparse.eye_array(n)
        add({0: of_axes, sizes: -scipy.sparse.eye_array(2 * n)})
        add({0: -of_axes, sizes: -scipy.sparse.eye_array(2 * n)})
        add(
            {
                sizes: scipy.sparse.kron(corner, own),
                norms: -scipy.sparse.kron(either, own),
            }
        )
    basis = scipy.sparse.diags_array(
        [1 / 6, 4 / 6, 1 / 6], offsets=[0, 1, 2], shape=(n_knots, n_control)
    )
    value = scipy.sparse.kron(both, basis)
    error = scipy.sparse.eye_array(2 * n_knots)
    for zone in range(len(widths) - _N_ZONES, len(widths)):
        add({0: value, zone: -error})
        add({0: -value, zone: -error})
    return scipy.sparse.csr_array(scipy.sparse.block_array(blocks, format="csr"))


def _rest_rows(n_control: int, n_variables: int) -> scipy.sparse.csr_array:
    """Return the rows that make the last three points of either axis equal."""
    rows = scipy.sparse.lil_array((4, n_variables))
    for axis in range(2):
        last = (axis + 1) * n_control - 1
        for back in range(2):
            rows[2 * axis + back, last - back] = 1.0
            rows[2 * axis + back, last - back - 1] = -1.0
    return scipy.sparse.csr_array(rows)
