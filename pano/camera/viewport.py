"""The viewport: a picture's size and lens, and the ray of each of its pixels.

A viewport knows its pixels and its lens, a `CameraPose` its direction and field of
view. Pixel i of n has its centre at (i + ½)/n, so that any size and aspect sees the
same view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import CameraPose

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Viewport:
    """A flat picture's size in pixels and its lens; pixels are square.

    Raises
    ------
    ValueError
        If a side has no pixel.
    """

    width_px: int
    height_px: int
    lens: Lens = Lens.RECTILINEAR

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise ValueError(
                f"a viewport needs pixels, got {self.width_px}×{self.height_px}"
            )

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width_px / self.height_px

    def half_sides(self, hfov_deg: float) -> tuple[float, float]:
        """Return half the width and height of what the plane at distance 1 shows."""
        half = self.lens.half_width(hfov_deg)
        return half, half / self.aspect

    def vfov_deg(self, hfov_deg: float) -> float:
        """Return the vertical field of view that goes with a horizontal one."""
        return self.lens.vfov_deg(self.half_sides(hfov_deg)[1])

    def plane(self, hfov_deg: float) -> tuple[FloatArray, FloatArray]:
        """Return the pixel centres on the picture plane at distance 1.

        Returns
        -------
        x
            Shape (width_px,), positive to the right.
        y
            Shape (height_px,), positive up.
        """
        half_x, half_y = self.half_sides(hfov_deg)
        x = ((np.arange(self.width_px) + 0.5) / self.width_px - 0.5) * 2.0 * half_x
        y = (0.5 - (np.arange(self.height_px) + 0.5) / self.height_px) * 2.0 * half_y
        return x, y

    def rays(self, pose: CameraPose) -> FloatArray:
        """Return the unit vector each pixel sees, shape (height_px, width_px, 3)."""
        x, y = self.plane(pose.hfov_deg)
        return self._unit_rays(x[None, :], y[:, None], pose)

    def border(self, pose: CameraPose, *, n_per_side: int) -> FloatArray:
        """Return unit vectors along the picture's edge, closed: (4·n + 1, 3)."""
        half_x, half_y = self.half_sides(pose.hfov_deg)
        side = np.linspace(-1.0, 1.0, n_per_side, endpoint=False)
        one = np.ones_like(side)
        x = half_x * np.concatenate([side, one, -side, -one, [-1.0]])
        y = half_y * np.concatenate([one, -side, -one, side, [1.0]])
        return self._unit_rays(x, y, pose)

    def _unit_rays(self, x: FloatArray, y: FloatArray, pose: CameraPose) -> FloatArray:
        right, up, forward = pose.axes()
        depth = self.lens.depth(x, y)[..., None]
        rays = x[..., None] * right + y[..., None] * up + depth * forward
        return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))
