"""The motion-limited path: from where to look to how a calm operator would turn there.

Yaw (unwrapped) and pitch are uniform cubic B-splines with one control point c every Δt.
Their derivatives are convex combinations of the control points' differences, so

    |Δ¹c| ≤ v·Δt,  |Δ²c| ≤ a·Δt²,  |Δ³c| ≤ j·Δt³

(in the norm of the two axes; the program keeps to an octagon inside the circle) bound
speed, acceleration and jerk *everywhere in continuous time*, at whatever frame rate
the path is read later. A linear program chooses the control points: least travel,
acceleration and jerk in the L1 sense of Grundmann et al. (CVPR 2011), which makes
derivatives exactly zero – still, steady, eased – against the distance to the targets.
Inclusion is soft: a target that jumps faster than the camera may turn has no path
that includes it; with slack there always is one. Ten minutes take three seconds.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from pano.camera import MotionLimits
from pano.director.spline import SplinePath
from pano.sphere import Direction, wrap_deg

MAX_PITCH_DEG = 75.0  # AutoCam's steepest glimpse; a normal lens sees the pole from it

# Long clips are solved in overlapping windows: time grows linearly, memory not at all.
_WINDOW = 150
_ADVANCE = 100
_N_JOINED = 3  # control points that fix position, velocity and acceleration
# The solver keeps its rows to 1e-7; limits tightened by this keep the path inside.
_LIMIT_MARGIN = 1e-4
# Regular octagon inscribed in the circle of a limit, its corners on the axes.
_OCTAGON = float(np.tan(np.pi / 8.0))

FloatArray = NDArray[np.float64]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Where to look at evenly spaced moments, each array of shape (n,), n ≥ 1.

    `weight` in [0, 1] tells how much it matters; where it is 0 there is no target and
    the camera rather stays where it last had a reason to look. Yaw may be wrapped.
    """

    step_s: float
    yaw_deg: FloatArray
    pitch_deg: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class Style:
    """What the camera operator cares about; costs are per second of a degree's error.

    Parameters
    ----------
    dead_zone_deg
        How far off the axis a target may be without being an error.
    centering
        Price of being off the axis inside the dead zone: enough to rest well framed,
        too little to move for.
    travel_s
        A target must last this long for a turn towards it to pay.
    acceleration_s2, jerk_s3
        The same for changes of speed and for abruptness.
    hold
        Weight of the last reason to look, while there is none.
    """

    dead_zone_deg: float = 4.0
    centering: float = 0.1
    travel_s: float = 0.3
    acceleration_s2: float = 0.15
    jerk_s3: float = 0.03
    hold: float = 0.05


def smooth(
    targets: Targets,
    *,
    limits: MotionLimits,
    start: Direction,
    style: Style | None = None,
) -> SplinePath:
    """Plan the calmest path that still keeps to the targets.

    The camera begins at the first target if there is one, else at `start`. The path
    of targets turned or mirrored about the vertical, with its start, is turned or
    mirrored likewise.
    """
    style = style or Style()
    wanted_deg, weight = _held(targets, start, style)
    # A linear program may have several best answers. Solving every scene and its
    # mirror image as one and the same problem makes the choice a mirrored one, too.
    turned = wanted_deg[:, 0] - start.yaw_deg
    sign = 1.0 if turned[np.argmax(np.abs(turned))] >= 0.0 else -1.0
    relative_deg = np.stack([sign * turned, wanted_deg[:, 1]], axis=1).round(6)
    control_deg = _solve_windows(relative_deg, weight, targets.step_s, limits, style)
    control_deg[:, 0] = start.yaw_deg + sign * control_deg[:, 0]
    return SplinePath(targets.step_s, control_deg)


def unwrap_deg(yaw_deg: FloatArray, *, start_deg: float) -> FloatArray:
    """Unwrap yaws so that each turns the short way from its predecessor."""
    steps = np.diff(yaw_deg, prepend=start_deg)
    return np.asarray(start_deg + np.cumsum(wrap_deg(steps)))


def _held(
    targets: Targets, start: Direction, style: Style
) -> tuple[FloatArray, FloatArray]:
    """Fill moments without a target with the last one, at the weight of holding."""
    n = len(targets.weight)
    has_target = targets.weight > 0.0
    last = np.maximum.accumulate(np.where(has_target, np.arange(n), -1))
    yaw_deg = np.where(last >= 0, targets.yaw_deg[last], start.yaw_deg)
    pitch_deg = np.where(last >= 0, targets.pitch_deg[last], start.pitch_deg)
    yaw_deg = unwrap_deg(yaw_deg, start_deg=start.yaw_deg)
    weight = np.where(has_target, np.maximum(targets.weight, style.hold), style.hold)
    return np.stack([yaw_deg, pitch_deg], axis=1), weight


def _solve_windows(
    wanted_deg: FloatArray,
    weight: FloatArray,
    step_s: float,
    limits: MotionLimits,
    style: Style,
) -> FloatArray:
    """Solve window after window, each joined to what is already decided.

    Every window but the last must end at rest: that rest, prolonged, is a feasible
    plan for the next window, so that none can find itself without one.
    """
    n_control = len(wanted_deg) + 2
    control_deg = np.empty((n_control, 2))
    begin = 0
    while True:
        end = min(begin + _WINDOW, n_control)
        problem = _Window(
            wanted_deg=wanted_deg[begin : end - 2],
            weight=weight[begin : end - 2],
            joined_deg=control_deg[begin : begin + _N_JOINED] if begin else None,
            must_rest=end < n_control,
        )
        solved_deg = problem.solve(step_s, limits, style)
        if solved_deg is None:
            logger.warning("No motion-limited path found; the earlier plan is kept.")
            n_planned = _WINDOW - _ADVANCE if begin else 0
            solved_deg = _prolonged(control_deg[begin:end], n_planned, wanted_deg[0])
        control_deg[begin:end] = solved_deg
        if end == n_control:
            return control_deg
        begin += _ADVANCE


def _prolonged(
    planned_deg: FloatArray, n_planned: int, otherwise_deg: FloatArray
) -> FloatArray:
    """Keep what the window before planned, then rest; without a plan, rest at once."""
    kept = planned_deg[:n_planned]
    last = kept[-1] if n_planned else otherwise_deg
    return np.concatenate([kept, np.tile(last, (len(planned_deg) - len(kept), 1))])


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
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
            found = linprog(
                self._costs(step_s, style),
                A_ub=rows,
                b_ub=self._right_hand_side(step_s, limits, style),
                A_eq=_rest_rows(n_control, rows.shape[1]) if self.must_rest else None,
                b_eq=np.zeros(4) if self.must_rest else None,
                bounds=self._bounds(n_control, rows.shape[1]),
                method=method,
            )
            if found.status == 0:
                return np.array(found.x[: 2 * n_control]).reshape(2, n_control).T
        return None

    def _yaw_scale(self) -> FloatArray:
        return np.maximum(np.cos(np.radians(self.wanted_deg[:, 1])), 0.1)

    def _costs(self, step_s: float, style: Style) -> FloatArray:
        """Costs of all variables: ∫ |p'| travel + |p''| … + weight·error dt."""
        n_control = len(self.wanted_deg) + 2
        moving = (style.travel_s, style.acceleration_s2, style.jerk_s3)
        costs = [np.zeros(2 * n_control)]
        for order, price in enumerate(moving, start=1):
            n_differences = max(n_control - order, 0)
            costs.append(np.full(2 * n_differences, price * step_s ** (1 - order)))
        missing = self.weight * step_s
        missing = np.concatenate([missing * self._yaw_scale(), missing])
        return np.concatenate([*costs, style.centering * missing, missing])

    def _right_hand_side(
        self, step_s: float, limits: MotionLimits, style: Style
    ) -> FloatArray:
        n_control = len(self.wanted_deg) + 2
        largest = (
            limits.max_speed_deg_per_s,
            limits.max_acceleration_deg_per_s2,
            limits.max_jerk_deg_per_s3,
        )
        parts = []
        for order, limit in enumerate(largest, start=1):
            n_differences = max(n_control - order, 0)
            bound = limit * step_s**order * (1.0 - _LIMIT_MARGIN)
            parts += [np.zeros(4 * n_differences), np.full(2 * n_differences, bound)]
        wanted_deg = self.wanted_deg.T.ravel()
        dead_zone_deg = np.full((2, len(self.wanted_deg)), style.dead_zone_deg)
        dead_zone_deg[0] /= self._yaw_scale()  # the same arc is more yaw up there
        for tolerance_deg in (0.0, dead_zone_deg.ravel()):
            parts += [tolerance_deg + wanted_deg, tolerance_deg - wanted_deg]
        return np.concatenate(parts)

    def _bounds(self, n_control: int, n_variables: int) -> FloatArray:
        bounds = np.full((n_variables, 2), (0.0, np.inf))
        bounds[:n_control] = (-np.inf, np.inf)
        bounds[n_control : 2 * n_control] = (-MAX_PITCH_DEG, MAX_PITCH_DEG)
        if self.joined_deg is not None:
            for axis in range(2):
                first = axis * n_control
                bounds[first : first + _N_JOINED] = self.joined_deg[:, axis, None]
        return bounds


@functools.lru_cache(maxsize=4)
def _rows(n_control: int) -> sparse.csr_array:
    """Return the inequality rows, which depend on the number of points alone.

    Variables: control points of yaw, of pitch; for each order the absolute
    differences of yaw, of pitch; the errors of yaw, of pitch; those errors beyond the
    dead zone.
    """
    n_knots = n_control - 2
    n_differences = [max(n_control - order, 0) for order in (1, 2, 3)]
    both = sparse.eye_array(2)
    widths = [2 * n_control, *(2 * n for n in n_differences)]
    widths += [2 * n_knots, 2 * n_knots]
    blocks: list[list[sparse.sparray]] = []

    def add(
        of_control: sparse.sparray | None, column: int, own: sparse.sparray
    ) -> None:
        n_rows = own.shape[0]
        row = [sparse.csr_array((n_rows, width)) for width in widths]
        if of_control is not None:
            row[0] = of_control
        row[column] = own
        blocks.append(row)

    for column, n in enumerate(n_differences, start=1):
        difference = sparse.csr_array(np.diff(np.eye(n_control), n=column, axis=0))
        of_axes = sparse.kron(both, difference)
        size = sparse.eye_array(2 * n)
        add(of_axes, column, -size)
        add(-of_axes, column, -size)
        corner = sparse.csr_array([[1.0, _OCTAGON], [_OCTAGON, 1.0]])
        add(None, column, sparse.kron(corner, sparse.eye_array(n)))
    basis = sparse.diags_array(
        [1 / 6, 4 / 6, 1 / 6], offsets=[0, 1, 2], shape=(n_knots, n_control)
    )
    value = sparse.kron(both, basis)
    error = sparse.eye_array(2 * n_knots)
    for column in (4, 5):
        add(value, column, -error)
        add(-value, column, -error)
    return sparse.csr_array(sparse.block_array(blocks, format="csr"))


def _rest_rows(n_control: int, n_variables: int) -> sparse.csr_array:
    """Return the rows that make the last three points of either axis equal."""
    rows = sparse.lil_array((4, n_variables))
    for axis in range(2):
        last = (axis + 1) * n_control - 1
        for back in range(2):
            rows[2 * axis + back, last - back] = 1.0
            rows[2 * axis + back, last - back - 1] = -1.0
    return sparse.csr_array(rows)
