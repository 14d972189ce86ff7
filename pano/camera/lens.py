"""Lens projections of the sphere: rectilinear, stereographic and Pannini.

None needs an angle. With the picture plane at distance 1 from the eye, all three see
the ray (x, y, 1 - q/4) through the point (x, y) of the plane:

- rectilinear, q = 0: straight lines stay straight; below 180°, and stretched from
  100° on.
- stereographic, q = x² + y²: small shapes keep theirs; from a normal view to the
  little planet (look down, 300°).
- Pannini, q = x² (Sharpless, Postle and German 2010, d = 1): verticals stay straight
  and the middle keeps its perspective; for wide views of rooms and streets.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]
_TINY = float(np.finfo(np.float64).tiny)


class Lens(StrEnum):
    """A projection of the sphere onto the picture plane."""

    RECTILINEAR = "rectilinear"
    STEREOGRAPHIC = "stereographic"
    PANNINI = "pannini"

    @property
    def max_hfov_deg(self) -> float:
        """The upper bound, never reached, of the horizontal field of view."""
        return 180.0 if self is Lens.RECTILINEAR else 360.0

    def half_width(self, hfov_deg: float) -> float:
        """Return half the width of the picture, on the plane at distance 1.

        Raises
        ------
        ValueError
            If the lens has no such field of view.
        """
        if not 0.0 < hfov_deg < self.max_hfov_deg:
            raise ValueError(
                f"hfov_deg must be in (0, {self.max_hfov_deg:.0f}) for a {self} "
                f"lens, got {hfov_deg}"
            )
        if self is Lens.RECTILINEAR:
            return float(np.tan(np.radians(hfov_deg) / 2.0))
        return float(2.0 * np.tan(np.radians(hfov_deg) / 4.0))

    def hfov_deg(self, half_width: float) -> float:
        """Return the horizontal field of view of a half width: inverts `half_width`."""
        if self is Lens.RECTILINEAR:
            return float(2.0 * np.degrees(np.arctan(half_width)))
        return float(4.0 * np.degrees(np.arctan(half_width / 2.0)))

    def vfov_deg(self, half_height: float) -> float:
        """Return the vertical field of view, in the middle column, of a half height."""
        if self is Lens.STEREOGRAPHIC:
            return float(4.0 * np.degrees(np.arctan(half_height / 2.0)))
        return float(2.0 * np.degrees(np.arctan(half_height)))

    def plane(
        self, x: FloatArray, y: FloatArray, z: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Project unit rays (x, y, z) onto the picture plane.

        Infinite, or on the wrong side, for rays that no picture of this lens shows.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            if self is Lens.STEREOGRAPHIC:
                scale = 2.0 / (1.0 + z)
                return x * scale, y * scale
            if self is Lens.PANNINI:
                across = np.hypot(x, z)
                plane_x = 2.0 * x / (across + z)
                return plane_x, y / across * (1.0 + plane_x * plane_x / 4.0)
            return x / z, y / z

    def shows(
        self,
        x: FloatArray,
        y: FloatArray,
        z: FloatArray,
        *,
        half_width: float,
        half_height: float,
    ) -> NDArray[np.bool_]:
        """Tell which unit rays (x, y, z) project inside a picture of these half sides.

        Rays from behind the camera, too, where this lens sees that far.
        """
        # The ray meets the plane at (x, y) / scale; nothing is divided, because some
        # rays never meet it.
        scale = z if self is Lens.RECTILINEAR else self._scale(x, y, z)
        inside = (np.abs(x) <= half_width * scale) & (np.abs(y) <= half_height * scale)
        return np.asarray(inside & (scale > 0.0))

    def _scale(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return (r + z)/2, r² = z² + q, of unit rays, accurate behind the camera."""
        q = x * x if self is Lens.PANNINI else x * x + y * y
        total = np.sqrt(q + z * z) + np.abs(z)
        behind = q / np.maximum(total, _TINY)
        return np.asarray(np.where(z > 0.0, total, behind) / 2.0)

    def depth(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return z of the rays (x, y, z), of any length, through points of the plane.

        `x` and `y` are broadcast against each other.
        """
        if self is Lens.STEREOGRAPHIC:
            return np.asarray(1.0 - (x * x + y * y) / 4.0)
        if self is Lens.PANNINI:
            return np.asarray(1.0 - x * x / 4.0)
        return np.ones((), dtype=np.result_type(x, y))
