"""Equirectangular pictures of a part of the sphere, such as VR180's half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pano.equirect.layouts import SphereBounds
from pano.projections.stored_sphere import FloatArray, StoredSphere
from pano.sphere import unit_vectors

_SLACK_RAD = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class EquirectPart:
    """The columns around a meridian, of a picture that may go round.

    Parameters
    ----------
    yaw_rad
        The meridian from which columns are counted, so that they do not jump near it.
    half_rad
        How far to its sides the part is read; π/2 at the most.
    pitches_rad
        The lowest and the highest that the picture holds.
    px_per_rad
        Columns and rows per radian.
    origin_px
        Column of the meridian and row of the horizon.
    size_px
        Width and height of the picture.
    """

    yaw_rad: float
    half_rad: float
    pitches_rad: tuple[float, float]
    px_per_rad: tuple[float, float]
    origin_px: tuple[float, float]
    size_px: tuple[int, int]

    @property
    def rectangle_px(self) -> tuple[float, float, float, float]:
        """The whole picture: its neighbours' columns are its own neighbours."""
        return 0.0, 0.0, float(self.size_px[0]), float(self.size_px[1])

    @property
    def cone(self) -> tuple[FloatArray, float]:
        """The meridian on the horizon, and a half of the sphere at the most."""
        middle = unit_vectors(np.degrees(self.yaw_rad), 0.0).astype(np.float32)
        return middle, float(np.pi / 2.0 + _SLACK_RAD)

    def project(self, rays: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Find rays, shape (3, ...): see `pano.projections.stored_sphere.Part`."""
        x, y, z = rays
        sine, cosine = (
            np.float32(np.sin(self.yaw_rad)),
            np.float32(np.cos(self.yaw_rad)),
        )
        yaw_rad = np.arctan2(x * cosine - z * sine, z * cosine + x * sine)
        pitch_rad = np.arctan2(y, np.sqrt(x * x + z * z))
        columns = self.origin_px[0] + yaw_rad * self.px_per_rad[0]
        rows = self.origin_px[1] - pitch_rad * self.px_per_rad[1]
        columns, rows = columns.astype(np.float32), rows.astype(np.float32)
        return columns, rows, self.cover(columns, rows)

    def cover(self, columns: FloatArray, rows: FloatArray) -> FloatArray:
        """Tell how far inside places are: see `pano.projections.stored_sphere.Part`."""
        # In pixels, so that the border is one pixel soft.
        across_px = self.half_rad * self.px_per_rad[0]
        cover = np.float32(across_px) - np.abs(columns - np.float32(self.origin_px[0]))
        low_rad, high_rad = self.pitches_rad
        if high_rad < np.pi / 2.0:
            cover = np.minimum(cover, rows)
        if low_rad > -np.pi / 2.0:
            cover = np.minimum(cover, np.float32(self.size_px[1]) - rows)
        return np.asarray(cover, np.float32)


def partial_equirect(
    width_px: int, height_px: int, bounds: SphereBounds
) -> StoredSphere:
    """Return the part of the sphere that a picture covers, in two halves or fewer."""
    across = width_px / (2.0 * np.pi * bounds.width_share)
    down = height_px / (np.pi * bounds.height_share)
    left_rad = (2.0 * bounds.left - 1.0) * np.pi
    right_rad = (1.0 - 2.0 * bounds.right) * np.pi
    top_rad, bottom_rad = (0.5 - bounds.top) * np.pi, (bounds.bottom - 0.5) * np.pi
    n_parts = 1 if right_rad - left_rad <= np.pi else 2
    half_rad = (right_rad - left_rad) / n_parts / 2.0
    parts = tuple(
        EquirectPart(
            float(yaw_rad),
            float(half_rad),
            (float(bottom_rad), float(top_rad)),
            (float(across), float(down)),
            (float((yaw_rad - left_rad) * across), float(top_rad * down)),
            (width_px, height_px),
        )
        for yaw_rad in left_rad + half_rad * (2.0 * np.arange(n_parts) + 1.0)
    )
    return StoredSphere(parts, (width_px, height_px), float(max(across, down)), bounds)
