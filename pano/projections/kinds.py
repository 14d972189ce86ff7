"""The projections that a stored picture may have, by name, and their numbers.

Equirectangular pictures are read by themselves (`pano.rendering.patch`); for all others
this gives the `StoredSphere` that says where a ray lies in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pano.equirect.layouts import SphereBounds
from pano.errors import SettingsError
from pano.projections.cube import (
    cubemap_3x2,
    cubemap_6x1,
    equiangular,
    gopro_strips,
)
from pano.projections.fisheye import dual_fisheye, fisheye
from pano.projections.partial_equirect import partial_equirect
from pano.projections.stored_sphere import StoredSphere

# DJI's lenses are taken for 190° and Insta360's for 193 by those who convert by hand.
DEFAULT_DUAL_FISHEYE_FOV_DEG = 190.0
DEFAULT_FISHEYE_FOV_DEG = 180.0
MAX_FOV_DEG = 280.0


class SourceProjection(StrEnum):
    """How the picture of one eye holds the sphere."""

    EQUIRECTANGULAR = "equirectangular"
    HALF_EQUIRECTANGULAR = "half-equirectangular"
    EAC = "eac"
    CUBEMAP_3X2 = "cubemap-3x2"
    CUBEMAP_6X1 = "cubemap-6x1"
    GOPRO_MAX = "gopro-max"
    DUAL_FISHEYE = "dual-fisheye"
    FISHEYE = "fisheye"

    @property
    def is_fisheye(self) -> bool:
        """Whether lenses have a field of view of their own."""
        return self in (SourceProjection.DUAL_FISHEYE, SourceProjection.FISHEYE)


# Width over height of the picture of one eye, where squares fill it; YouTube, and
# FFmpeg where it chooses the size, widen equi-angular faces so that they fill 16:9.
_ASPECTS = {
    SourceProjection.HALF_EQUIRECTANGULAR: (1.0,),
    SourceProjection.EAC: (1.5, 16.0 / 9.0),
    SourceProjection.CUBEMAP_3X2: (1.5,),
    SourceProjection.CUBEMAP_6X1: (6.0,),
    SourceProjection.DUAL_FISHEYE: (2.0,),
}
_ASPECT_TOLERANCE = 0.05
# VR180: the half of the sphere that lies ahead.
_FRONT_HALF = SphereBounds(left=0.25, right=0.25)
# Fewer pixels are no face and no lens, and all padding of equi-angular faces.
_MIN_SIDE_PX = 16


@dataclass(frozen=True, slots=True)
class ProjectionChoice:
    """What a person says of how a picture holds the sphere.

    Parameters
    ----------
    kind
        The projection of each eye; None leaves it to the file.
    fov_deg
        Field of view of a fisheye lens, in degrees across its picture's height; None
        is the file's or the usual one.
    yaw_offset_deg
        Turns the sphere: what lies there in the picture becomes the front.
    """

    kind: SourceProjection | None = None
    fov_deg: float | None = None
    yaw_offset_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.fov_deg is not None and not 90.0 <= self.fov_deg <= MAX_FOV_DEG:
            raise SettingsError(
                f"--fov must be in 90 to {MAX_FOV_DEG:.0f} degrees, got {self.fov_deg}"
            )
        if not -360.0 <= self.yaw_offset_deg <= 360.0:
            raise SettingsError(
                "--yaw-offset must be in -360 to 360 degrees, "
                f"got {self.yaw_offset_deg}"
            )

    @classmethod
    def from_json(cls, values: Any) -> ProjectionChoice:
        """Read what `dataclasses.asdict` made of one, out of JSON; None is no word.

        Raises
        ------
        SettingsError, TypeError, ValueError
            If it is not of this kind.
        """
        if values is None:
            return cls()
        kind, fov_deg = values.get("kind"), values.get("fov_deg")
        return cls(
            None if kind is None else SourceProjection(kind),
            None if fov_deg is None else float(fov_deg),
            float(values.get("yaw_offset_deg", 0.0)),
        )


def stored_sphere(
    projection: SourceProjection,
    width_px: int,
    height_px: int,
    *,
    fov_deg: float | None = None,
    padding_px: int = 0,
) -> StoredSphere | None:
    """Return where a projection of a picture's size holds what; None: equirectangular.

    Parameters
    ----------
    width_px, height_px
        The picture of one eye.
    padding_px
        Of a cubemap: what is not shown around each face.

    Raises
    ------
    SettingsError
        If such a picture cannot have this projection.
    """
    if projection is SourceProjection.EQUIRECTANGULAR:
        return None
    _check_shape(projection, width_px, height_px)
    if projection is SourceProjection.HALF_EQUIRECTANGULAR:
        return partial_equirect(width_px, height_px, _FRONT_HALF)
    if projection is SourceProjection.DUAL_FISHEYE:
        fov_deg = fov_deg or DEFAULT_DUAL_FISHEYE_FOV_DEG
        if fov_deg < 180.0:
            raise SettingsError(
                "two lenses back to back see 180 degrees or more each, got --fov "
                f"{fov_deg}"
            )
        return dual_fisheye(width_px, height_px, fov_deg)
    if projection is SourceProjection.FISHEYE:
        return fisheye(width_px, height_px, fov_deg or DEFAULT_FISHEYE_FOV_DEG)
    if projection is SourceProjection.EAC:
        return equiangular(width_px, height_px)
    if projection is SourceProjection.GOPRO_MAX:
        return gopro_strips(width_px, height_px)
    if projection is SourceProjection.CUBEMAP_3X2:
        return cubemap_3x2(width_px, height_px, padding_px)
    return cubemap_6x1(width_px, height_px, padding_px)


def _check_shape(projection: SourceProjection, width_px: int, height_px: int) -> None:
    if min(width_px, height_px) < _MIN_SIDE_PX:
        raise SettingsError(
            f"one eye of {width_px}×{height_px} pixels is too small for a {projection} "
            "picture; choose another --projection or --layout"
        )
    known = _ASPECTS.get(projection, ())
    aspect = width_px / height_px
    if known and all(abs(aspect / one - 1.0) > _ASPECT_TOLERANCE for one in known):
        wanted = " or ".join(f"{one:.3g}" for one in known)
        raise SettingsError(
            f"a {projection} picture is {wanted} times as wide as high, and one eye "
            f"of this one is {width_px}×{height_px}; choose another --projection or "
            "--layout"
        )
