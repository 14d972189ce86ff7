"""Equidistant fisheye lenses: the distance from the middle grows with the angle.

Makers' lenses are close to it, and their own calibration, where a file holds one at
all, is not documented: seams may be a degree off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pano.equirect.layouts import FULL_SPHERE, SphereBounds
from pano.projections.stored_sphere import FloatArray, StoredSphere

# Beyond this angle of overlap the rims of lenses show more blur than help.
_MAX_BAND_RAD = np.radians(8.0)

_AHEAD = np.eye(3, dtype=np.float32)
_BEHIND = np.diag([-1.0, 1.0, -1.0]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FisheyeLens:
    """The round picture of one lens.

    Parameters
    ----------
    axes
        The lens's right, up and forward as rows, shape (3, 3).
    centre_px
        Column and row of the optical axis.
    px_per_rad
        Pixels from the middle per radian off the axis.
    limit_rad
        Angle off the axis at which another lens counts as much, or the picture ends.
    band_rad
        Width of the blend there.
    rectangle_px
        Left, top, right and bottom of its half of the stored picture.
    """

    axes: FloatArray
    centre_px: tuple[float, float]
    px_per_rad: float
    limit_rad: float
    band_rad: float
    rectangle_px: tuple[float, float, float, float]

    @property
    def cone(self) -> tuple[FloatArray, float]:
        """The optical axis, and half the field of view with the blend."""
        return self.axes[2], self.limit_rad + self.band_rad

    def project(self, rays: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Find rays, shape (3, ...): see `pano.projections.stored_sphere.Part`."""
        x, y, z = (self.axes @ rays.reshape(3, -1)).reshape(rays.shape)
        off_axis = np.hypot(x, y)
        angle_rad = np.arctan2(off_axis, z)
        stretch = self.px_per_rad * angle_rad / np.maximum(off_axis, 1e-12)
        columns = self.centre_px[0] + x * stretch
        rows = self.centre_px[1] - y * stretch
        cover = (self.limit_rad - angle_rad) / self.band_rad
        return (
            np.asarray(columns, np.float32),
            np.asarray(rows, np.float32),
            np.asarray(cover, np.float32),
        )

    def cover(self, columns: FloatArray, rows: FloatArray) -> FloatArray:
        """Tell how far inside places are: see `pano.projections.stored_sphere.Part`."""
        off_axis_px = np.hypot(
            columns - np.float32(self.centre_px[0]),
            rows - np.float32(self.centre_px[1]),
        )
        band_px = self.px_per_rad * self.band_rad
        limit = np.float32(self.limit_rad / self.band_rad)
        return np.asarray(limit - off_axis_px / np.float32(band_px), np.float32)


def dual_fisheye(width_px: int, height_px: int, fov_deg: float) -> StoredSphere:
    """Return two lenses back to back, side by side: the right picture looks ahead.

    That is FFmpeg's order (its `dfisheye`). Each lens fills the height of the picture.

    Parameters
    ----------
    fov_deg
        Field of view of each lens across the height of the picture, 180 or more.
    """
    overlap_rad = np.radians(fov_deg - 180.0)
    px_per_rad = height_px / np.radians(fov_deg)
    band_rad = float(max(min(overlap_rad, _MAX_BAND_RAD), 1.0 / px_per_rad))
    half = width_px / 2.0
    lenses = [
        FisheyeLens(
            axes,
            (left + half / 2.0, height_px / 2.0),
            float(px_per_rad),
            float(np.pi / 2.0),
            band_rad,
            (left, 0.0, left + half, float(height_px)),
        )
        for axes, left in ((_BEHIND, 0.0), (_AHEAD, half))
    ]
    return StoredSphere(tuple(lenses), (width_px, height_px), float(px_per_rad))


def fisheye(width_px: int, height_px: int, fov_deg: float) -> StoredSphere:
    """Return one lens that looks ahead and fills the height of the picture."""
    px_per_rad = height_px / np.radians(fov_deg)
    lens = FisheyeLens(
        _AHEAD,
        (width_px / 2.0, height_px / 2.0),
        float(px_per_rad),
        float(np.radians(fov_deg) / 2.0),
        float(1.0 / px_per_rad),
        (0.0, 0.0, float(width_px), float(height_px)),
    )
    return StoredSphere(
        (lens,), (width_px, height_px), float(px_per_rad), _seen(fov_deg)
    )


def _seen(fov_deg: float) -> SphereBounds:
    """Return the rectangle that the horizon and the middle meridian see."""
    if fov_deg >= 360.0:
        return FULL_SPHERE
    beside = (1.0 - fov_deg / 360.0) / 2.0
    above = max(0.0, (1.0 - fov_deg / 180.0) / 2.0)
    return SphereBounds(beside, above, beside, above)
