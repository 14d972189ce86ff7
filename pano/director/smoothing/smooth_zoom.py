"""The field of view over time, smoothed by the program that smooths the path.

Zoom is measured as it is seen: by the natural logarithm of how wide the picture plane
is, in nepers (1 neper is 2.7 times as wide, an octave 0.69 nepers). The program knows
yaw and pitch, not zoom: so the zoom goes through it as a yaw on the horizon, a radian
for a neper, and comes back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.motion_limits import MotionLimits
from pano.director.smoothing.linear_program import Style
from pano.director.smoothing.smooth_path import Targets, smooth
from pano.sphere import Direction

_MAX_SPEED_NEPERS_PER_S = np.pi / 9.0  # about 1.4 × a second,
_SPEED_UP_S = 1.0  # reached from rest in this time,
_EASE_S = 1.0 / 3.0  # at an acceleration that itself grows for so long.
# Zooming as little as this is left undone, and more than that is an error at once.
_DEAD_ZONE_NEPERS = np.pi / 180.0
_EDGE_NEPERS = np.pi / 30.0

FloatArray = NDArray[np.float64]


def smooth_zoom(
    hfov_deg: FloatArray, offset_s: FloatArray, *, step_s: float, lens: Lens
) -> FloatArray:
    """Smooth fields of view, shape (n,), `step_s` apart; read them at times, (m,).

    Times count from the first field of view.
    """
    if np.ptp(hfov_deg) == 0.0:
        return np.full(len(offset_s), hfov_deg[0])
    half_widths = [lens.half_width(float(one_deg)) for one_deg in hfov_deg]
    zoom_nepers = np.log(half_widths)
    yaw_deg, n = np.degrees(zoom_nepers), len(hfov_deg)
    curve = smooth(
        Targets(step_s, yaw_deg - yaw_deg[0], np.zeros(n), np.ones(n)),
        limits=_limits(),
        start=Direction(0.0, 0.0),
        style=_style(),
    )
    smoothed_nepers = np.radians(curve.at(offset_s)[:, 0] + yaw_deg[0])
    return np.array([lens.hfov_deg(float(half)) for half in np.exp(smoothed_nepers)])


def _limits() -> MotionLimits:
    speed = float(np.degrees(_MAX_SPEED_NEPERS_PER_S))
    acceleration = speed / _SPEED_UP_S
    return MotionLimits(speed, acceleration, acceleration / _EASE_S)


def _style() -> Style:
    dead_zone, edge = np.degrees([_DEAD_ZONE_NEPERS, _EDGE_NEPERS]).tolist()
    return Style(dead_zone_deg=dead_zone, edge_deg=(edge, edge))
