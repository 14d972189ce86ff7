"""The sphere's conventions, stated once for the whole project.

- yaw λ in degrees: 0 at the centre column, positive to the right, wraps at ±180.
- pitch φ in degrees: 0 at the horizon, positive up, clamps at ±90.
- roll in degrees: positive turns the camera clockwise.
- unit vector u = (cos φ sin λ, sin φ, cos φ cos λ): x right, y up, z ahead.
- the centre of pixel (x, y) of a W × H equirectangular picture lies at
  λ = ((x + ½)/W - ½)·360 and φ = (½ - (y + ½)/H)·180.

Longitude is never averaged as a number, and every sum over a map is weighted by
the solid angle of its cells.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy import typing as npt
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
# numpy spells its numbers `complex`, which a strict run-time checker does not take
# to include `float` and `int`.
ArrayLike: TypeAlias = npt.ArrayLike | float | int


@dataclass(frozen=True, slots=True)
class Direction:
    """A point on the sphere.

    Parameters
    ----------
    yaw_deg
        Any finite angle; stored wrapped to [-180, 180).
    pitch_deg
        In [-90, 90].
    """

    yaw_deg: float
    pitch_deg: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.yaw_deg):
            raise ValueError(f"yaw_deg must be finite, got {self.yaw_deg}")
        if not -90.0 <= self.pitch_deg <= 90.0:
            raise ValueError(f"pitch_deg must be in [-90, 90], got {self.pitch_deg}")
        object.__setattr__(self, "yaw_deg", float(wrap_deg(self.yaw_deg)))
        object.__setattr__(self, "pitch_deg", float(self.pitch_deg))

    @classmethod
    def from_unit(cls, unit: ArrayLike) -> Direction:
        """Read the direction of a vector of any positive length, shape (3,)."""
        yaw_deg, pitch_deg = to_angles_deg(unit)
        return cls(float(yaw_deg), float(pitch_deg))

    def unit(self) -> FloatArray:
        """Return the unit vector, shape (3,)."""
        return unit_vectors(self.yaw_deg, self.pitch_deg)


def wrap_deg(angle_deg: ArrayLike) -> Any:
    """Wrap angles in degrees to [-180, 180)."""
    return (np.asarray(angle_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0


def unit_vectors(yaw_deg: ArrayLike, pitch_deg: ArrayLike) -> FloatArray:
    """Turn angles of shape (...) into unit vectors of shape (..., 3)."""
    yaw_rad, pitch_rad = np.broadcast_arrays(np.radians(yaw_deg), np.radians(pitch_deg))
    return np.stack(
        [
            np.cos(pitch_rad) * np.sin(yaw_rad),
            np.sin(pitch_rad),
            np.cos(pitch_rad) * np.cos(yaw_rad),
        ],
        axis=-1,
    )


def to_angles_deg(vectors: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Turn vectors of shape (..., 3) into yaw and pitch in degrees, shape (...).

    At a pole, where yaw has no meaning, it is 0.

    Raises
    ------
    ValueError
        If a vector has no length.
    """
    v = np.asarray(vectors, dtype=np.float64)
    horizontal = np.hypot(v[..., 0], v[..., 2])
    if np.any(np.hypot(horizontal, v[..., 1]) == 0.0):
        raise ValueError("a vector of length zero has no direction")
    yaw_rad = np.where(horizontal > 1e-12, np.arctan2(v[..., 0], v[..., 2]), 0.0)
    return (
        np.asarray(wrap_deg(np.degrees(yaw_rad))),
        np.asarray(np.degrees(np.arctan2(v[..., 1], horizontal))),
    )


def great_circle_deg(a: ArrayLike, b: ArrayLike) -> Any:
    """Measure the angle in [0, 180] between unit vectors of shape (..., 3).

    Uses the chord and its complement, accurate for nearby and for opposite
    directions, where arccos of the dot product is not.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.degrees(
        2.0 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))
    )


def angle_between_deg(a: Direction, b: Direction) -> float:
    """Measure the great-circle angle between two directions, in [0, 180]."""
    return float(great_circle_deg(a.unit(), b.unit()))


def pixel_to_angles_deg(
    x: ArrayLike, y: ArrayLike, width: int, height: int
) -> tuple[FloatArray, FloatArray]:
    """Turn pixel indices into yaw and pitch; the centre of pixel x is at x."""
    yaw_deg = ((np.asarray(x, dtype=np.float64) + 0.5) / width - 0.5) * 360.0
    pitch_deg = (0.5 - (np.asarray(y, dtype=np.float64) + 0.5) / height) * 180.0
    return np.asarray(yaw_deg), np.asarray(pitch_deg)


def angles_deg_to_pixel(
    yaw_deg: ArrayLike, pitch_deg: ArrayLike, width: int, height: int
) -> tuple[FloatArray, FloatArray]:
    """Turn yaw and pitch into fractional pixel indices, x in [-½, width - ½)."""
    x = (np.asarray(wrap_deg(yaw_deg)) / 360.0 + 0.5) * width - 0.5
    y = (0.5 - np.asarray(pitch_deg, dtype=np.float64) / 180.0) * height - 0.5
    return np.asarray(x), np.asarray(y)


@functools.lru_cache(maxsize=16)
def grid_unit_vectors(height: int, width: int) -> FloatArray:
    """Return the directions of all cell centres, shape (height, width, 3).

    The array is cached and read-only.
    """
    yaw_deg, _ = pixel_to_angles_deg(np.arange(width), 0, width, height)
    _, pitch_deg = pixel_to_angles_deg(0, np.arange(height), width, height)
    units = unit_vectors(yaw_deg[None, :], pitch_deg[:, None])
    units.setflags(write=False)
    return units


@functools.lru_cache(maxsize=16)
def cell_solid_angles_sr(height: int, width: int) -> FloatArray:
    """Return the exact solid angle of one cell in each row, shape (height, 1).

    ω(y) = (2π/W)·(sin φ_top - sin φ_bottom); over all cells they sum to 4π.
    The array is cached and read-only.
    """
    edges_rad = np.pi * (0.5 - np.arange(height + 1) / height)
    omega = (2.0 * np.pi / width) * -np.diff(np.sin(edges_rad))
    omega = omega[:, None]
    omega.setflags(write=False)
    return omega
