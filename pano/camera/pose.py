"""A pose of the virtual camera: direction, roll and field of view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.sphere import Direction, unit_vectors

# AutoCam's glimpse (Su et al. 2016), a 28 mm lens on 35 mm film.
DEFAULT_HFOV_DEG = 65.5
DEFAULT_SIZE_PX = (1280, 720)
DEFAULT_ASPECT = DEFAULT_SIZE_PX[0] / DEFAULT_SIZE_PX[1]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CameraPose:
    """The direction of the optical axis, the roll about it and the field of view.

    Parameters
    ----------
    yaw_deg
        Any finite angle, wrapped or not.
    pitch_deg
        In [-90, 90].
    roll_deg
        Any finite angle; positive turns the camera clockwise.
    hfov_deg
        Horizontal field of view, in (0, 360); a rectilinear lens has less than 180.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0
    hfov_deg: float = DEFAULT_HFOV_DEG

    def __post_init__(self) -> None:
        for name in ("yaw_deg", "roll_deg"):
            if not np.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)}")
        if not -90.0 <= self.pitch_deg <= 90.0:
            raise ValueError(f"pitch_deg must be in [-90, 90], got {self.pitch_deg}")
        if not 0.0 < self.hfov_deg < 360.0:
            raise ValueError(f"hfov_deg must be in (0, 360), got {self.hfov_deg}")

    @property
    def direction(self) -> Direction:
        """The direction of the optical axis."""
        return Direction(self.yaw_deg, self.pitch_deg)

    def axes(self) -> FloatArray:
        """Return the unit vectors right, up and forward of the camera, shape (3, 3)."""
        yaw_rad, roll_rad = np.radians(self.yaw_deg), np.radians(self.roll_deg)
        level = np.array([np.cos(yaw_rad), 0.0, -np.sin(yaw_rad)])
        forward = unit_vectors(self.yaw_deg, self.pitch_deg)
        upright = np.cross(forward, level)
        right = np.cos(roll_rad) * level - np.sin(roll_rad) * upright
        up = np.sin(roll_rad) * level + np.cos(roll_rad) * upright
        return np.stack([right, up, forward])

    def sees(
        self, units: FloatArray, *, aspect: float, lens: Lens
    ) -> NDArray[np.bool_]:
        """Tell which unit vectors, shape (..., 3), fall into the picture of a lens.

        The picture is `aspect` times as wide as high.

        Raises
        ------
        ValueError
            If the lens has no such field of view.
        """
        x, y, z = map(np.asarray, np.moveaxis(units @ self.axes().T, -1, 0))
        half_width = lens.half_width(self.hfov_deg)
        return lens.shows(
            x, y, z, half_width=half_width, half_height=half_width / aspect
        )
