"""Path metrics: error and coverage against known truth, and smoothness of motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.metrics.trajectories import velocity_difference
from pano.sphere import great_circle_deg, unit_vectors

# Slower than this nobody sees a picture move.
STILL_DEG_PER_S = 0.1
# Between frames one cannot say when it turned; a change of direction counts when
# both motions are at least this fast.
_REVERSAL_DEG_PER_S = 0.5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PathQuality:
    """Smoothness of a path, cuts left out; speeds are of (yaw, pitch) in degrees.

    Parameters
    ----------
    speed_deviation_deg_per_s
        Standard deviation of the speed; reco's limit for calm is 3.5.
    speed_p95_deg_per_s
        95 % of the time it is slower; reco's limit is 7.5.
    reversals_per_s
        How often it turns back left or right; reco's limit is 2.
    jerk_rms_deg_per_s3
        Root of the mean squared jerk.
    share_still
        Of the time in which nothing moves.
    share_steady
        Of the time in which it is still or turns at constant speed.
    velocity_difference_px
        Deep 360 Pilot's, in px / frame of a panorama 1920 px wide.
    cuts_per_min
        Cuts of the path per minute.
    """

    speed_deviation_deg_per_s: float
    speed_p95_deg_per_s: float
    reversals_per_s: float
    jerk_rms_deg_per_s3: float
    share_still: float
    share_steady: float
    velocity_difference_px: float
    cuts_per_min: float


def path_quality(path: CameraPath) -> PathQuality:
    """Measure how a path moves; one of fewer than four frames does not."""
    duration_s = float(path.time_s[-1] - path.time_s[0])
    if len(path) < 4:
        return PathQuality(0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    speed, acceleration, jerk = _derivatives(path)
    norms = np.hypot(speed[:, 0], speed[:, 1])
    turning = np.sign(speed[np.abs(speed[:, 0]) >= _REVERSAL_DEG_PER_S, 0])
    is_steady = np.hypot(acceleration[:, 0], acceleration[:, 1]) < STILL_DEG_PER_S
    trajectory = np.stack([path.yaw_deg, path.pitch_deg], axis=1)
    return PathQuality(
        speed_deviation_deg_per_s=float(np.std(norms)),
        speed_p95_deg_per_s=float(np.percentile(norms, 95.0)),
        reversals_per_s=float(np.count_nonzero(np.diff(turning)) / duration_s),
        jerk_rms_deg_per_s3=float(np.sqrt(np.mean(np.sum(jerk**2, axis=1)))),
        share_still=float(np.mean(norms < STILL_DEG_PER_S)),
        share_steady=float(np.mean(is_steady)),
        velocity_difference_px=velocity_difference(trajectory, cuts=path.cut),
        cuts_per_min=60.0 * int(np.count_nonzero(path.cut[1:])) / duration_s,
    )


def _derivatives(path: CameraPath) -> list[FloatArray]:
    """Return speed, acceleration and jerk where no cut lies between, each (m, 2)."""
    values = np.stack([path.yaw_deg, path.pitch_deg], axis=1)
    time_s, is_joined = path.time_s, ~path.cut[1:]
    found = []
    for _ in range(3):
        values = np.diff(values, axis=0) / np.diff(time_s)[:, None]
        time_s = (time_s[1:] + time_s[:-1]) / 2.0
        kept = values[is_joined]
        found.append(kept if len(kept) else np.zeros((1, 2)))
        is_joined = is_joined[1:] & is_joined[:-1]
    return found


def angular_errors_deg(
    path: CameraPath, time_s: FloatArray, truth: FloatArray
) -> FloatArray:
    """Measure the angle from the optical axis to the truth at each time, shape (n,).

    `truth` holds unit vectors, shape (n, 3).
    """
    poses = [path.at(float(moment_s)) for moment_s in time_s]
    axes = unit_vectors(
        np.array([pose.yaw_deg for pose in poses]),
        np.array([pose.pitch_deg for pose in poses]),
    )
    return np.asarray(great_circle_deg(axes, truth))


def share_in_view(
    path: CameraPath, time_s: FloatArray, truth: FloatArray, *, aspect: float
) -> float:
    """Return the share of the times at which the truth lies inside the picture.

    The picture is the true one of the path's lens, `aspect` times as wide as high, not
    a circle about the axis. Without any time the share is nan.
    """
    if len(time_s) == 0:
        return float("nan")
    seen = [
        bool(path.at(float(moment_s)).sees(unit, aspect=aspect, lens=path.source.lens))
        for moment_s, unit in zip(time_s, truth, strict=True)
    ]
    return float(np.mean(seen))
