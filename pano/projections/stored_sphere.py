"""A sphere stored in parts: the faces of a cube, the pictures of fisheye lenses.

One question is put to every part, so that each camera is a small file of numbers: where
in the picture does this part show a ray, and how far inside the part is that? Parts
that overlap are blended by the answer.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pano.equirect.layouts import FULL_SPHERE, SphereBounds
from pano.sphere import unit_vectors

FloatArray = NDArray[np.float32]
# A ray that a part cannot show is this many blend bands outside.
FAR_OUTSIDE = np.float32(-1e6)


@runtime_checkable
class Part(Protocol):
    """One continuous piece of a stored picture.

    Attributes
    ----------
    rectangle_px
        Left, top, right and bottom of the pixels that it may be read from.
    cone
        The unit vector in its middle, shape (3,), and the angle in radians from there
        beyond which it shows nothing.
    """

    @property
    def cone(self) -> tuple[FloatArray, float]:
        """Middle and half the opening angle of all it shows."""
        ...

    @property
    def rectangle_px(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in the stored picture."""
        ...

    def project(self, rays: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Find rays in the stored picture.

        Parameters
        ----------
        rays
            Of any length, shape (3, ...): right, up, ahead.

        Returns
        -------
        columns, rows
            Pixels of the stored picture, 0 at its left and top edge; smooth beyond the
            part.
        cover
            How far inside the part, in widths of its blend band; 0 at its border, where
            it counts for a half.
        """
        ...

    def cover(self, columns: FloatArray, rows: FloatArray) -> FloatArray:
        """Tell how far inside the part pixels of the stored picture are."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class StoredSphere:
    """The parts of one picture size, and how finely they show the sphere.

    Parameters
    ----------
    size_px
        Width and height of the stored picture of one eye.
    px_per_rad
        Pixels per radian where the parts are sharpest.
    bounds
        The part of the sphere that is shown, as an equirectangular rectangle.
    yaw_offset_deg
        The yaw in the stored picture that is the sphere's front.
    """

    parts: tuple[Part, ...]
    size_px: tuple[int, int]
    px_per_rad: float
    bounds: SphereBounds = FULL_SPHERE
    yaw_offset_deg: float = 0.0

    @property
    def equirect_size_px(self) -> tuple[int, int]:
        """Return (width, height), 2:1 and even, of a sphere of the same detail."""
        height_px = 2 * round(np.pi * self.px_per_rad / 2.0)
        return 2 * height_px, height_px

    def turned(self, yaw_offset_deg: float) -> StoredSphere:
        """Return the sphere with its front somewhere else."""
        return dataclasses.replace(
            self, yaw_offset_deg=self.yaw_offset_deg + yaw_offset_deg
        )

    def local(self, rays: FloatArray) -> FloatArray:
        """Turn rays of the sphere, shape (3, ...), into the stored picture's own."""
        if self.yaw_offset_deg == 0.0:
            return rays
        side, _, ahead = unit_vectors(self.yaw_offset_deg, 0.0)
        x, y, z = rays
        turned = [x * ahead + z * side, y, z * ahead - x * side]
        return np.stack(turned).astype(np.float32)
