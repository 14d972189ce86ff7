"""Keep views inside the filmed part of a partial sphere.

Half spheres and other crops are black beyond their edge. The camera may look that far
only as its picture still ends inside; a part too small for the picture is centred.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.equirect.layouts import SphereBounds
from pano.sphere import wrap_deg

FloatArray = NDArray[np.float64]


def kept_inside(
    yaw_deg: FloatArray,
    pitch_deg: FloatArray,
    bounds: SphereBounds,
    *,
    middle_yaw_deg: float,
    hfov_deg: FloatArray,
    aspect: float,
    lens: Lens,
) -> tuple[FloatArray, FloatArray]:
    """Clamp aims, shape (n,), so that views of hfov, shape (n,), end inside.

    `middle_yaw_deg` is where the middle of the full sphere's picture lies. Only edges
    that are missing hold the camera back: none at a full sphere's pole.
    """
    if bounds.is_full:
        return yaw_deg, pitch_deg
    half_widths = np.array([lens.half_width(float(one_deg)) for one_deg in hfov_deg])
    half_heights = half_widths / aspect
    half_vfov_deg = np.array([lens.vfov_deg(float(half)) for half in half_heights]) / 2
    pitch_deg = _pitch_inside(pitch_deg, bounds, half_vfov_deg)
    if bounds.left or bounds.right:
        # A corner on the side of the pole reaches farther round than the middle does.
        pitch_rad = np.radians(pitch_deg)
        depth = lens.depth(half_widths, half_heights) * np.cos(pitch_rad)
        depth = depth - half_heights * np.abs(np.sin(pitch_rad))
        reach_deg = np.degrees(np.arctan2(half_widths, depth))
        ahead_deg = middle_yaw_deg + 180.0 * (bounds.left - bounds.right)
        room_deg = np.maximum(180.0 * bounds.width_share - reach_deg, 0.0)
        off_deg = wrap_deg(yaw_deg - ahead_deg)
        yaw_deg = yaw_deg + np.clip(off_deg, -room_deg, room_deg) - off_deg
    return yaw_deg, pitch_deg


def _pitch_inside(
    pitch_deg: FloatArray, bounds: SphereBounds, half_vfov_deg: FloatArray
) -> FloatArray:
    low_deg, high_deg = np.full_like(pitch_deg, -90.0), np.full_like(pitch_deg, 90.0)
    if bounds.bottom:
        low_deg = -90.0 + 180.0 * bounds.bottom + half_vfov_deg
    if bounds.top:
        high_deg = 90.0 - 180.0 * bounds.top - half_vfov_deg
    is_tight = low_deg > high_deg
    middle_deg = np.clip((low_deg + high_deg) / 2.0, -90.0, 90.0)
    low_deg = np.where(is_tight, middle_deg, low_deg)
    high_deg = np.where(is_tight, middle_deg, high_deg)
    return np.asarray(np.clip(pitch_deg, low_deg, high_deg))
