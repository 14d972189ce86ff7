"""Smooth each shot and sample the camera path from them, frame by frame.

Inside a shot nothing exceeds the limits; between two the picture changes at once, and
no motion leads from one to the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.motion_limits import MotionLimits
from pano.camera.path import CameraPath, PathSource
from pano.director.evidence import STEP_S, Evidence
from pano.director.smoothing.linear_program import Style
from pano.director.smoothing.smooth_path import Shot, Solver, Targets, smooth
from pano.director.smoothing.smooth_zoom import smooth_zoom
from pano.director.smoothing.spline import SplinePath
from pano.director.wishes import PIN_WEIGHT, Wishes
from pano.sphere import Direction, unit_vectors, wrap_deg

# A way around a forbidden region begins and ends this many moments before and after.
_DETOUR_STEPS = 5
_N_DETOURS = 4
# Clocks of files are no finer.
_SAME_TIME_S = 1e-3
_N_BETWEEN = 5  # samples per moment: at full speed less than two degrees apart

FloatArray = NDArray[np.float64]


def sample_path(
    shots: Sequence[Shot],
    evidence: Evidence,
    *,
    wishes: Wishes,
    limits: MotionLimits,
    style: Style,
    solver: Solver,
    rate_hz: float,
    director: str,
    lens: Lens,
) -> CameraPath:
    """Sample the smoothed shots from the first map to the last."""
    duration_s = evidence.last_s - evidence.first_s
    offset_s = _clock(duration_s, rate_hz, [shot.begin_s for shot in shots])
    n = len(offset_s)
    begins = np.searchsorted(offset_s, [shot.begin_s - 1e-9 for shot in shots])
    angles_deg, hfov_deg = np.empty((n, 2)), np.empty(n)
    start = evidence.start
    for index, (shot, begin) in enumerate(zip(shots, begins, strict=True)):
        is_last = index + 1 == len(shots)
        frames = slice(begin, n if is_last else begins[index + 1])
        padded = _padded(shot, before=index > 0, after=not is_last)
        if index > 0:
            start = _beginning(shot, otherwise_deg=angles_deg[max(begin - 1, 0)])
        inside_s = offset_s[frames] - padded.first * STEP_S
        curve = _curve(
            padded, wishes, limits=limits, start=start, style=style, solver=solver
        )
        angles_deg[frames] = curve.at(inside_s)
        hfov_deg[frames] = smooth_zoom(
            padded.hfov_deg, inside_s, step_s=STEP_S, lens=lens
        )
        if 0 < begin < n:
            jump_deg = angles_deg[begin, 0] - angles_deg[begin - 1, 0]
            angles_deg[frames, 0] += wrap_deg(jump_deg) - jump_deg
    moments_s = np.arange(len(evidence)) * STEP_S
    return CameraPath(
        time_s=evidence.first_s + offset_s,
        yaw_deg=evidence.base_yaw_deg + angles_deg[:, 0],
        pitch_deg=angles_deg[:, 1],
        roll_deg=np.zeros(n),
        hfov_deg=hfov_deg,
        cut=np.isin(np.arange(n), begins[1:]),
        trust=np.interp(offset_s, moments_s, evidence.weight),
        confidence=np.interp(offset_s, moments_s, evidence.confidence),
        limits=limits,
        source=PathSource(director=director, lens=lens),
    )


def _clock(duration_s: float, rate_hz: float, begins_s: Sequence[float]) -> FloatArray:
    """Return the frame times: evenly spaced, and one more where a shot begins between.

    A source of another frame rate then shows no picture of a new shot in an old view.
    """
    even_s = np.arange(int(np.floor(duration_s * rate_hz + 1e-6)) + 1) / rate_hz
    off_s = [float(np.abs(even_s - begin_s).min()) for begin_s in begins_s]
    odd_s = [
        begin_s
        for begin_s, apart_s in zip(begins_s, off_s, strict=True)
        if apart_s > _SAME_TIME_S and begin_s < duration_s
    ]
    return np.sort(np.append(even_s, odd_s))


def _curve(
    shot: Shot,
    wishes: Wishes,
    *,
    limits: MotionLimits,
    start: Direction,
    style: Style,
    solver: Solver,
) -> SplinePath:
    """Smooth a shot; detour along the views around forbidden regions."""
    targets = shot.targets
    moments_s = np.arange(len(shot.hfov_deg)) * STEP_S
    for attempt in range(_N_DETOURS + 1):
        curve = smooth(targets, limits=limits, start=start, style=style, solver=solver)
        fine_s = (moments_s[:, None] + np.arange(_N_BETWEEN) * STEP_S / _N_BETWEEN).T
        yaw_deg, pitch_deg = curve.at(fine_s.ravel()).T
        enters = wishes.forbids(unit_vectors(yaw_deg, pitch_deg))
        enters = np.any(enters.reshape(fine_s.shape), axis=0)
        if attempt == _N_DETOURS or not enters.any():
            break
        near = scipy.ndimage.binary_dilation(enters, iterations=_DETOUR_STEPS)
        targets = Targets(
            targets.step_s,
            np.where(near, shot.axes_deg[:, 0], targets.yaw_deg),
            np.where(near, shot.axes_deg[:, 1], targets.pitch_deg),
            np.where(near, PIN_WEIGHT, targets.weight),
        )
    return curve


def _padded(shot: Shot, *, before: bool, after: bool) -> Shot:
    """Repeat the moments beside a cut, which falls between two of them."""
    n_before, n_after = int(before), int(after)
    indices = np.arange(-n_before, len(shot.hfov_deg) + n_after)
    indices = np.clip(indices, 0, len(shot.hfov_deg) - 1)
    targets = Targets(
        shot.targets.step_s,
        shot.targets.yaw_deg[indices],
        shot.targets.pitch_deg[indices],
        shot.targets.weight[indices],
    )
    first = shot.first - n_before
    return Shot(
        shot.begin_s, first, targets, shot.hfov_deg[indices], shot.axes_deg[indices]
    )


def _beginning(shot: Shot, *, otherwise_deg: FloatArray) -> Direction:
    """Return where a shot begins: at its target, or where the camera looks already."""
    yaw_deg, pitch_deg = otherwise_deg
    if shot.targets.weight[0] > 0.0:
        yaw_deg, pitch_deg = shot.targets.yaw_deg[0], shot.targets.pitch_deg[0]
    return Direction(float(yaw_deg), float(np.clip(pitch_deg, -90.0, 90.0)))
