"""After Effects: keyframes as text, to paste onto a camera inside a sphere.

Copy the file's text, select a one-node camera at the centre of the environment, paste.
One keyframe per frame: After Effects keeps no curves in this text, and between
thinned keyframes its Orientation would take a way of its own.

After Effects looks along +z with y down and applies Orientation as Rx·Ry·Rz, so yaw,
pitch and roll become such angles frame by frame. Block and column names are the ones
other programs write; the result was not checked in After Effects.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.camera.pose import CameraPose
from pano.export.timeline import Timeline

FloatArray = NDArray[np.float64]

# Nearer to a right angle than this, x and z turn about the same axis.
_GIMBAL_LOCK = 1e-9


def write_after_effects(path: CameraPath, timeline: Timeline) -> str:
    """Write the Zoom and the Orientation of a camera, one keyframe per frame."""
    shown = timeline.sampled(path)
    poses = [shown.at(float(time_s)) for time_s in shown.time_s]
    half_rad = np.radians(shown.hfov_deg) / 2.0
    zoom_px = timeline.width_px / 2.0 / np.tan(half_rad)
    zoom = [f"\t{k}\t{distance:.4f}" for k, distance in enumerate(zoom_px)]
    orientation = [
        "\t".join(["", str(k), *(f"{angle:.4f}" for angle in orientation_deg(pose))])
        for k, pose in enumerate(poses)
    ]
    lines = [
        "Adobe After Effects 8.0 Keyframe Data",
        "",
        f"\tUnits Per Second\t{float(timeline.frame_rate_hz):.6g}",
        f"\tSource Width\t{timeline.width_px}",
        f"\tSource Height\t{timeline.height_px}",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
        "",
        "Camera Options\tZoom",
        "\tFrame\tpixels",
        *zoom,
        "",
        "Transform\tOrientation",
        "\tFrame\tX degrees\tY degrees\tZ degrees",
        *orientation,
        "",
        "",
        "End of Keyframe Data",
    ]
    return "\r\n".join(lines) + "\r\n"


def orientation_deg(pose: CameraPose) -> FloatArray:
    """Return x, y and z in [0, 360) whose Rx·Ry·Rz turns a camera into the pose."""
    right, up, forward = pose.axes() * np.array([1.0, -1.0, 1.0])
    turn = np.stack([right, -up, forward], axis=1)
    cos_y = np.hypot(turn[0, 0], turn[0, 1])
    if cos_y > _GIMBAL_LOCK:
        x_rad = np.arctan2(-turn[1, 2], turn[2, 2])
        z_rad = np.arctan2(-turn[0, 1], turn[0, 0])
    else:
        x_rad, z_rad = 0.0, np.arctan2(turn[1, 0], turn[1, 1])
    angles = np.degrees([x_rad, np.arctan2(turn[0, 2], cos_y), z_rad])
    # Rounding first: 359.99999 would be written as 360.
    return np.asarray(np.round(angles, 4) % 360.0)
