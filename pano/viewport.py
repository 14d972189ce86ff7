"""The rectilinear lens: which ray of the sphere each pixel of a flat picture sees.

A viewport knows its pixels, a `CameraPose` its direction and field of view. Pixel i
of n has its centre at (i + ½)/n, so that any size and aspect sees the same view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera import CameraPose

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Viewport:
    """A flat picture's size in pixels; pixels are square.

    Raises
    ------
    ValueError
        If a side has no pixel.
    """

    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise ValueError(
                f"a viewport needs pixels, got {self.width_px}×{self.height_px}"
            )

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width_px / self.height_px

    def vfov_deg(self, hfov_deg: float) -> float:
        """Return the vertical field of view that goes with a horizontal one."""
        half = np.tan(np.radians(_checked(hfov_deg)) / 2.0) / self.aspect
        return float(2.0 * np.degrees(np.arctan(half)))

    def plane(self, hfov_deg: float) -> tuple[FloatArray, FloatArray]:
        """Return the pixel centres on the picture plane at distance 1.

        Returns
        -------
        x
            Shape (width_px,), positive to the right.
        y
            Shape (height_px,), positive up.
        """
        half = np.tan(np.radians(_checked(hfov_deg)) / 2.0)
        x = ((np.arange(self.width_px) + 0.5) / self.width_px - 0.5) * 2.0 * half
        y = (0.5 - (np.arange(self.height_px) + 0.5) / self.height_px) * 2.0 * half
        return x, y / self.aspect

    def rays(self, pose: CameraPose) -> FloatArray:
        """Return the unit vector each pixel sees, shape (height_px, width_px, 3)."""
        x, y = self.plane(pose.hfov_deg)
        right, up, forward = pose.axes()
        rays = x[None, :, None] * right + y[:, None, None] * up + forward
        return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def _checked(hfov_deg: float) -> float:
    if not 0.0 < hfov_deg < 180.0:
        raise ValueError(f"hfov_deg must be in (0, 180), got {hfov_deg}")
    return hfov_deg
