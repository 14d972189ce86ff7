"""Read spherical video metadata: projection, stereo layout and bounds.

Read from Spherical Video V2 (`st3d`, `sv3d`) and V1 (a uuid box with XML) of
MP4 and MOV, where FFmpeg drops the crop of V1; from FFmpeg's side data elsewhere.
Specification: github.com/google/spatial-media, docs/spherical-video-v2-rfc.md.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout
from pano.media.metadata.mp4_boxes import (
    Box,
    children,
    find,
    read_moov,
    sample_entry_children,
    video_track,
)

V1_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
_XML_FIELD = re.compile(r"<GSpherical:(\w+)>\s*([^<]*?)\s*</")
_V1_LAYOUTS = {
    "mono": StereoLayout.MONO,
    "top-bottom": StereoLayout.TOP_BOTTOM,
    "left-right": StereoLayout.SIDE_BY_SIDE,
}
_V2_LAYOUTS = {
    0: StereoLayout.MONO,
    1: StereoLayout.TOP_BOTTOM,
    2: StereoLayout.SIDE_BY_SIDE,
}


class Projection(StrEnum):
    """How the sphere is laid out in the picture of one eye."""

    EQUIRECTANGULAR = "equirectangular"
    CUBEMAP = "cubemap"
    MESH = "mesh"
    OTHER = "other"


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
    """

    projection: Projection = Projection.EQUIRECTANGULAR
    layout: StereoLayout | None = StereoLayout.MONO
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    bounds: SphereBounds = FULL_SPHERE
    source: Literal["V1", "V2", "side data"] = "V2"


def read_spherical(path: Path) -> SphericalMetadata | None:
    """Read the spherical metadata of the first video track of an MP4 or MOV.

    V2 wins over V1, except where it describes a mesh and V1 gives the same
    picture as a plain equirectangular crop.
    """
    moov = read_moov(path)
    track = video_track(moov)
    if track is None:
        return None
    v1, v2 = _read_v1(moov, track), _read_v2(moov, track)
    if v2 is None or (v1 is not None and v2.projection is not v1.projection):
        return v1 or v2
    return v2


def from_side_data(
    spherical: bytes | None, stereo: bytes | None
) -> SphericalMetadata | None:
    """Read FFmpeg's AVSphericalMapping and AVStereo3D, as laid out in libavutil 60."""
    if spherical is None or len(spherical) < 32:
        return None
    kind, yaw, pitch, roll, left, top, right, bottom = struct.unpack_from(
        "=Iiii4I", spherical
    )
    layout = StereoLayout.MONO
    if stereo is not None and len(stereo) >= 4:
        # AV_STEREO3D_2D, _SIDEBYSIDE, _TOPBOTTOM = 0, 1, 2
        layout = {1: StereoLayout.SIDE_BY_SIDE, 2: StereoLayout.TOP_BOTTOM}.get(
            struct.unpack_from("=I", stereo)[0], StereoLayout.MONO
        )
    projection = {0: Projection.EQUIRECTANGULAR, 1: Projection.CUBEMAP}.get(kind)
    bounds = FULL_SPHERE
    if kind == 2:  # AV_SPHERICAL_EQUIRECTANGULAR_TILE: bounds in 0.32 fixed point
        projection = Projection.EQUIRECTANGULAR
        bounds = _bounds_of_fixed_point(left, top, right, bottom)
    return SphericalMetadata(
        projection=projection or Projection.OTHER,
        layout=layout,
        yaw_deg=yaw / 65536.0,
        pitch_deg=pitch / 65536.0,
        roll_deg=roll / 65536.0,
        bounds=bounds,
        source="side data",
    )


def _read_v1(moov: bytes, track: Box) -> SphericalMetadata | None:
    for box in children(moov, track):
        payload = moov[box.payload : box.end]
        if box.kind == b"uuid" and payload.startswith(V1_UUID):
            # A pattern, not an XML parser: files in the wild are often not XML.
            text = payload[16:].decode("utf-8", errors="replace")
            return parse_v1_xml(text)
    return None


def parse_v1_xml(text: str) -> SphericalMetadata | None:
    """Read the XML of Spherical Video V1; None if it does not say "spherical"."""
    fields = dict(_XML_FIELD.findall(text))
    if fields.get("Spherical", "").lower() != "true":
        return None
    known = fields.get("ProjectionType", "equirectangular").lower()
    try:
        projection = Projection(known)
    except ValueError:
        projection = Projection.OTHER
    return SphericalMetadata(
        projection=projection,
        layout=_V1_LAYOUTS.get(fields.get("StereoMode", "mono").lower()),
        yaw_deg=_number(fields, "PoseHeadingDegrees"),
        pitch_deg=_number(fields, "PosePitchDegrees"),
        roll_deg=_number(fields, "PoseRollDegrees"),
        bounds=_v1_bounds(fields),
        source="V1",
    )


def _v1_bounds(fields: Mapping[str, str]) -> SphereBounds:
    full_width = _number(fields, "FullPanoWidthPixels")
    full_height = _number(fields, "FullPanoHeightPixels")
    width = _number(fields, "CroppedAreaImageWidthPixels")
    height = _number(fields, "CroppedAreaImageHeightPixels")
    if min(full_width, full_height, width, height) <= 0.0:
        return FULL_SPHERE
    left = _number(fields, "CroppedAreaLeftPixels") / full_width
    top = _number(fields, "CroppedAreaTopPixels") / full_height
    return _bounds_or_full(
        left, top, 1.0 - left - width / full_width, 1.0 - top - height / full_height
    )


def _read_v2(moov: bytes, track: Box) -> SphericalMetadata | None:
    chain = find(moov, track, b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(iter(children(moov, chain[-1])), None) if chain else None
    if entry is None:
        return None
    layout: StereoLayout | None = StereoLayout.MONO
    spherical: Box | None = None
    for box in sample_entry_children(moov, entry):
        if box.kind == b"st3d" and box.size >= 13:
            layout = _V2_LAYOUTS.get(moov[box.payload + 4])
        elif box.kind == b"sv3d":
            spherical = box
    projection_box = find(moov, spherical, b"proj") if spherical else []
    if not projection_box:
        return None
    pose, projection, bounds = (0, 0, 0), Projection.OTHER, FULL_SPHERE
    for box in children(moov, projection_box[0]):
        fields = box.payload + 4  # behind version and flags
        if box.kind == b"prhd" and box.size >= 24:
            pose = struct.unpack_from(">3i", moov, fields)
        elif box.kind == b"equi" and box.size >= 28:
            projection = Projection.EQUIRECTANGULAR
            top, bottom, left, right = struct.unpack_from(">4I", moov, fields)
            bounds = _bounds_of_fixed_point(left, top, right, bottom)
        elif box.kind == b"cbmp":
            projection = Projection.CUBEMAP
        elif box.kind == b"mshp":
            projection = Projection.MESH
    yaw_deg, pitch_deg, roll_deg = (angle / 65536.0 for angle in pose)
    return SphericalMetadata(
        projection=projection,
        layout=layout,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
        bounds=bounds,
        source="V2",
    )


def _bounds_of_fixed_point(
    left: int, top: int, right: int, bottom: int
) -> SphereBounds:
    return _bounds_or_full(*(edge / 2.0**32 for edge in (left, top, right, bottom)))


def _bounds_or_full(
    left: float, top: float, right: float, bottom: float
) -> SphereBounds:
    # Writers round; an edge a pixel outside, or nonsense, must not refuse a file.
    edges = [max(0.0, edge) for edge in (left, top, right, bottom)]
    try:
        return SphereBounds(*edges)
    except ValueError:
        return FULL_SPHERE


def _number(fields: Mapping[str, str], name: str) -> float:
    try:
        return float(fields.get(name, "0"))
    except ValueError:
        return 0.0
