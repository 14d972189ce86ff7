"""Motion-limited path smoothing: B-splines through view targets by linear program.

Yaw (unwrapped) and pitch are uniform cubic B-splines with one control point c every Δt.
Their derivatives are convex combinations of the control points' differences, so

    |Δ¹c| ≤ v·Δt,  |Δ²c| ≤ a·Δt²,  |Δ³c| ≤ j·Δt³

(in the norm of the two axes; the program keeps to an octagon inside the circle) bound
speed, acceleration and jerk *everywhere in continuous time*, at whatever frame rate
the path is read later. A linear program chooses the control points: least travel,
acceleration and jerk in the L1 sense of Grundmann et al. (CVPR 2011), which makes
derivatives exactly zero – still, steady, eased – against the distance to the targets.
Inclusion is soft: a target that jumps faster than the camera may turn has no path
that includes it; with slack there always is one. Ten minutes take a few seconds.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pano.camera.motion_limits import MotionLimits
from pano.director.smoothing.least_squares import least_squares
from pano.director.smoothing.linear_program import N_JOINED, Style, Window
from pano.director.smoothing.spline import SplinePath
from pano.sphere import Direction, wrap_deg

# An operator does not know when the shot will end, nor began he with it. A program that
# knows saves the last motions: it stops while the source walks on. So targets go on for
# this long on either side, as fast as they moved in the nearest second and a half, if
# that was a motion at all.
_BEYOND_S = 3.0
_PACE_S = 1.5
_MIN_PACE_DEG_PER_S = 2.0
# Long clips are solved in overlapping windows: time grows linearly, memory not at all.
_WINDOW = 150
_ADVANCE = 100

Solver: TypeAlias = Literal["linear", "quadratic"]
FloatArray = NDArray[np.float64]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Target directions at evenly spaced moments, each array of shape (n,), n ≥ 1.

    `weight` in [0, 1] tells how much it matters; where it is 0 there is no target and
    the camera rather stays where it last had a reason to look. Yaw may be wrapped.
    """

    step_s: float
    yaw_deg: FloatArray
    pitch_deg: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """The targets of one shot, from moment `first` on; it is seen from `begin_s` on.

    At each of its moments, `hfov_deg` is the wanted field of view, shape (n,), and
    `axes_deg` the yaw and pitch of the chosen view, shape (n, 2): a way that is safe
    where the straight one between the targets is not allowed.
    """

    begin_s: float
    first: int
    targets: Targets
    hfov_deg: FloatArray
    axes_deg: FloatArray


def smooth(
    targets: Targets,
    *,
    limits: MotionLimits,
    start: Direction,
    style: Style | None = None,
    solver: Solver = "linear",
) -> SplinePath:
    """Smooth targets to a spline path within the motion limits.

    The camera begins at the first target if there is one, else at `start`. The path
    of targets turned or mirrored about the vertical, with its start, is turned or
    mirrored likewise. `quadratic` is quicker and less calm than `linear`, and takes
    its place where that fails; both keep the limits.
    """
    style = style or Style()
    wanted_deg, weight = _held(targets, start, style)
    # A linear program may have several best answers. Solving every scene and its
    # mirror image as one and the same problem makes the choice a mirrored one, too.
    turned = wanted_deg[:, 0] - start.yaw_deg
    sign = 1.0 if turned[np.argmax(np.abs(turned))] >= 0.0 else -1.0
    relative_deg = np.stack([sign * turned, wanted_deg[:, 1]], axis=1).round(6)
    step_s, n = targets.step_s, len(weight)
    ends = [
        _extrapolated(relative_deg[::way], targets.weight[::way], step_s, limits)
        for way in (1, -1)
    ]
    (earlier_deg, earlier), (later_deg, later) = ends
    relative_deg = np.concatenate([earlier_deg[::-1], relative_deg, later_deg])
    weight = np.concatenate([earlier[::-1], weight, later])
    control_deg = None
    if solver == "linear":
        control_deg = _solve_windows(relative_deg, weight, step_s, limits, style)
        if control_deg is None:
            logger.warning("No path by the linear program; by least squares instead.")
    if control_deg is None:
        control_deg = least_squares(relative_deg, weight, step_s, limits)
    control_deg = control_deg[len(earlier) : len(earlier) + n + 2]
    control_deg[:, 0] = start.yaw_deg + sign * control_deg[:, 0]
    return SplinePath(step_s, control_deg)


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


def _extrapolated(
    wanted_deg: FloatArray, weight: FloatArray, step_s: float, limits: MotionLimits
) -> tuple[FloatArray, FloatArray]:
    """Extrapolate targets, shape (n, 2), to before the first one at their pace.

    Returns them and their weights, the nearest first; they weigh nothing where the
    first ones rest.
    """
    n_beyond = round(_BEYOND_S / step_s)
    near = slice(0, round(_PACE_S / step_s) + 1)
    first_deg, reach = wanted_deg[near], len(wanted_deg[near]) - 1
    resting = np.repeat(wanted_deg[:1], n_beyond, axis=0), np.zeros(n_beyond)
    if reach == 0 or not np.all(weight[near] > 0.0):
        return resting
    pace_deg = np.polyfit(np.arange(reach + 1.0), first_deg, 1)[0]
    steps_deg = np.linalg.norm(np.diff(first_deg, axis=0), axis=1)
    # What jumps is another source and not on its way anywhere.
    is_jump = steps_deg.max() > limits.max_speed_deg_per_s * step_s
    if is_jump or np.linalg.norm(pace_deg) < _MIN_PACE_DEG_PER_S * step_s:
        return resting
    back = np.arange(1, n_beyond + 1)[:, None] + reach / 2.0
    beyond_deg = first_deg.mean(axis=0) - back * pace_deg
    beyond_deg[:, 1] = np.clip(beyond_deg[:, 1], -90.0, 90.0)
    return beyond_deg, np.full(n_beyond, weight[0])


def _solve_windows(
    wanted_deg: FloatArray,
    weight: FloatArray,
    step_s: float,
    limits: MotionLimits,
    style: Style,
) -> FloatArray | None:
    """Solve window after window, each joined to what is already decided.

    Every window but the last must end at rest: that rest, prolonged, is a feasible
    plan for the next window, so that none can find itself without one; None if the
    solver gives up all the same.
    """
    n_control = len(wanted_deg) + 2
    control_deg = np.empty((n_control, 2))
    begin = 0
    while True:
        end = min(begin + _WINDOW, n_control)
        problem = Window(
            wanted_deg=wanted_deg[begin : end - 2],
            weight=weight[begin : end - 2],
            joined_deg=control_deg[begin : begin + N_JOINED] if begin else None,
            must_rest=end < n_control,
        )
        solved_deg = problem.solve(step_s, limits, style)
        if solved_deg is None:
            return None
        control_deg[begin:end] = solved_deg
        if end == n_control:
            return control_deg
        begin += _ADVANCE
