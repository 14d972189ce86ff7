"""What a file says about its sphere: projection, stereo layout, bounds and pose.

Its word is believed as far as it can be true.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout
from pano.media.metadata.plausible import believed_pose_deg

V1_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
# A part of less than 10° by 5° is a slip of the pen, not a sphere.
_MIN_SHARE = 1.0 / 36.0


class Projection(StrEnum):
    """How the sphere is laid out in the picture of one eye."""

    EQUIRECTANGULAR = "equirectangular"
    CUBEMAP = "cubemap"
    FISHEYE = "fisheye"
    MESH = "mesh"
    OTHER = "other"


Source: TypeAlias = Literal["V1", "V2", "Apple", "side data"]


@dataclass(frozen=True, slots=True)
class SphericalMetadata:
    """What a file says about its sphere.

    Parameters
    ----------
    layout
        How the eyes are packed; None where the file does not say.
    yaw_deg, pitch_deg, roll_deg
        The pose as stored; in V2 yaw is counter-clockwise seen from above.
    bounds
        The part of the sphere each eye covers.
    source
        The version of the specification it was read from.
    notes
        What of it was not believed, in sentences.
    padding_px
        Around each face of a cubemap.
    hfov_deg
        A lens's field of view, where it is stated.
    """

    projection: Projection = Projection.EQUIRECTANGULAR
    layout: StereoLayout | None = StereoLayout.MONO
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    bounds: SphereBounds = FULL_SPHERE
    source: Source = "V2"
    notes: tuple[str, ...] = ()
    padding_px: int = 0
    hfov_deg: float | None = None

    @classmethod
    def believed(
        cls,
        projection: Projection,
        layout: StereoLayout | None,
        pose_deg: tuple[float, float, float],
        edges: tuple[float, float, float, float] | None,
        source: Source,
    ) -> SphericalMetadata:
        """Read a file's word as far as it can be true.

        Parameters
        ----------
        pose_deg
            Yaw, pitch and roll.
        edges
            Shares missing at left, top, right and bottom; None is the full sphere.
        """
        notes: list[str] = []
        pose = believed_pose_deg(*pose_deg)
        if pose is None:
            yaw_deg, pitch_deg, roll_deg = pose_deg
            notes.append(
                f"the metadata state a pose of yaw {yaw_deg:g}°, pitch {pitch_deg:g}°, "
                f"roll {roll_deg:g}°, which is not believed; the camera is taken for "
                "level"
            )
        bounds = FULL_SPHERE if edges is None else _bounds(*edges)
        if bounds is None:
            notes.append(
                "the metadata state bounds that leave nothing of the sphere; they are "
                "not believed, and the picture is taken for the full sphere"
            )
        return cls(
            projection,
            layout,
            *(pose or (0.0, 0.0, 0.0)),
            bounds or FULL_SPHERE,
            source,
            tuple(notes),
        )


def _bounds(
    left: float, top: float, right: float, bottom: float
) -> SphereBounds | None:
    """Return the bounds between edges; None where they can hold no picture."""
    if not all(map(math.isfinite, (left, top, right, bottom))):
        return None
    # Writers round; an edge a pixel outside must not refuse a file.
    edges = [max(0.0, edge) for edge in (left, top, right, bottom)]
    try:
        bounds = SphereBounds(*edges)
    except ValueError:
        return None
    is_part = min(bounds.width_share, bounds.height_share) >= _MIN_SHARE
    return bounds if is_part else None
