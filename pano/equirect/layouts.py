"""Stereo layouts and the part of the sphere that a picture covers.

Values alone: turning pixels by them is `pano.equirect.conversion`, which loads OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StereoLayout(StrEnum):
    """How the pictures of two eyes share one frame."""

    MONO = "mono"
    TOP_BOTTOM = "top-bottom"
    SIDE_BY_SIDE = "side-by-side"

    @property
    def n_rows(self) -> int:
        """Return how many eyes lie above each other."""
        return 2 if self is StereoLayout.TOP_BOTTOM else 1

    @property
    def n_columns(self) -> int:
        """Return how many eyes lie beside each other."""
        return 2 if self is StereoLayout.SIDE_BY_SIDE else 1


@dataclass(frozen=True, slots=True)
class SphereBounds:
    """The part of the sphere a picture covers.

    Parameters
    ----------
    left, top, right, bottom
        Shares of the full sphere's width and height missing on each side, in [0, 1),
        as in the `equi` box of Spherical Video V2.
    """

    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0

    def __post_init__(self) -> None:
        for name in ("left", "top", "right", "bottom"):
            share = getattr(self, name)
            if not 0.0 <= share < 1.0:
                raise ValueError(f"{name} must be in [0, 1), got {share}")
        if self.width_share <= 0.0 or self.height_share <= 0.0:
            raise ValueError(f"{self} leaves nothing of the sphere")

    @property
    def is_full(self) -> bool:
        """Tell whether the whole sphere is covered."""
        return self == SphereBounds()

    @property
    def width_share(self) -> float:
        """Return the share of 360° that is covered."""
        return 1.0 - self.left - self.right

    @property
    def height_share(self) -> float:
        """Return the share of 180° that is covered."""
        return 1.0 - self.top - self.bottom

    def rectangle(self, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        """Return (x0, y0, x1, y1) of the covered part in a full equirectangular."""
        x0 = min(round(self.left * width_px), width_px - 1)
        y0 = min(round(self.top * height_px), height_px - 1)
        return (
            x0,
            y0,
            max(round((1.0 - self.right) * width_px), x0 + 1),
            max(round((1.0 - self.bottom) * height_px), y0 + 1),
        )


FULL_SPHERE = SphereBounds()
