"""How well a camera path did, where the truth is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.camera import CameraPath
from pano.sphere import great_circle_deg, unit_vectors

FloatArray = NDArray[np.float64]


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

    The picture is the true rectangle, `aspect` times as wide as high, not a circle
    about the axis. Without any time the share is nan.
    """
    if len(time_s) == 0:
        return float("nan")
    seen = [
        bool(path.at(float(moment_s)).sees(unit, aspect=aspect))
        for moment_s, unit in zip(time_s, truth, strict=True)
    ]
    return float(np.mean(seen))
