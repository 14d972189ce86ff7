"""Motion blur: the camera poses to average over the exposure of a frame.

A shutter angle of 180° exposes for half of each frame's time, as film cameras do. The
exposure lies around the frame's own time, so that blurred and sharp films show the same
moments, and it never reaches across a cut.
"""

from __future__ import annotations

import numpy as np

from pano.camera.path import CameraPath
from pano.camera.pose import CameraPose
from pano.sphere import angle_between_deg

# Views this close together blend without showing that there are several of them.
_MAX_STEP_PX = 1.5
_MAX_VIEWS = 24


def poses_while_open(
    path: CameraPath, time_s: float, exposure_s: float, *, width_px: int
) -> list[CameraPose]:
    """Sample the exposure evenly: as many poses as the motion needs, one if still.

    Parameters
    ----------
    width_px
        Of the picture: motion is measured in its pixels.
    """
    middle = path.at(time_s)
    shot = _shot(path, time_s)
    ends = [time_s - exposure_s / 2.0, time_s + exposure_s / 2.0]
    n_views = _n_views([path.at(end_s) for end_s in ends], middle, width_px)
    if n_views == 1:
        return [middle]
    shares = (np.arange(n_views) + 0.5) / n_views
    moments_s = ends[0] + shares * exposure_s
    inside = [moment for moment in moments_s.tolist() if _shot(path, moment) == shot]
    return [path.at(moment) for moment in inside] or [middle]


def _shot(path: CameraPath, time_s: float) -> int:
    shown = max(int(np.searchsorted(path.time_s, time_s, side="right")), 1)
    return int(np.count_nonzero(path.cut[:shown]))


def _n_views(ends: list[CameraPose], middle: CameraPose, width_px: int) -> int:
    px_per_deg = width_px / middle.hfov_deg
    moved_deg = sum(
        angle_between_deg(end.direction, middle.direction)
        + abs(end.roll_deg - middle.roll_deg) / 2.0
        + abs(end.hfov_deg - middle.hfov_deg) / 2.0
        for end in ends
    )
    return int(np.clip(np.ceil(moved_deg * px_per_deg / _MAX_STEP_PX), 1, _MAX_VIEWS))
