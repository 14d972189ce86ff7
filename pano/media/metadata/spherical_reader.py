"""Read spherical video metadata: V2, V1, Apple's boxes and FFmpeg's side data.

Read from Spherical Video V2 (`st3d`, `sv3d`) and V1 (a uuid box with XML) of
MP4 and MOV, where FFmpeg drops the crop of V1; from FFmpeg's side data elsewhere.
Specification: github.com/google/spatial-media, docs/spherical-video-v2-rfc.md.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pano.equirect.layouts import StereoLayout
from pano.media.metadata.apple_video import read_apple_video
from pano.media.metadata.mp4_boxes import (
    Box,
    children,
    find,
    read_moov,
    sample_entry_children,
    video_track,
)
from pano.media.metadata.spherical import V1_UUID, Projection, SphericalMetadata
from pano.projections.kinds import MAX_FOV_DEG

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
# The front half of the sphere.
_HALF_EDGES = (0.25, 0.0, 0.25, 0.0)
# AV_SPHERICAL_…, as libavutil 60 numbers them.
_HALF_EQUIRECTANGULAR = 3
_OF_SIDE_DATA = {
    0: Projection.EQUIRECTANGULAR,
    1: Projection.CUBEMAP,
    5: Projection.FISHEYE,
}


def read_spherical(path: Path) -> SphericalMetadata | None:
    """Read the spherical metadata of the first video track of an MP4 or MOV.

    V2 wins over V1, except where it describes a mesh and V1 gives the same picture as
    a plain equirectangular crop. Apple's boxes count where Google's are missing.
    """
    moov = read_moov(path)
    track = video_track(moov)
    if track is None:
        return None
    v1, v2 = _read_v1(moov, track), _read_v2(moov, track)
    if v1 is None and v2 is None:
        return _read_apple(moov, track)
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
    projection = _OF_SIDE_DATA.get(kind)
    edges = None
    if kind == _HALF_EQUIRECTANGULAR:
        projection, edges = Projection.EQUIRECTANGULAR, _HALF_EDGES
    if kind == 2:  # AV_SPHERICAL_EQUIRECTANGULAR_TILE: bounds in 0.32 fixed point
        projection = Projection.EQUIRECTANGULAR
        edges = _edges_of_fixed_point(left, top, right, bottom)
    return SphericalMetadata.believed(
        projection or Projection.OTHER,
        layout,
        _pose_of_fixed_point(yaw, pitch, roll),
        edges,
        "side data",
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
    return SphericalMetadata.believed(
        projection,
        _V1_LAYOUTS.get(fields.get("StereoMode", "mono").lower()),
        (
            _number(fields, "PoseHeadingDegrees"),
            _number(fields, "PosePitchDegrees"),
            _number(fields, "PoseRollDegrees"),
        ),
        _v1_edges(fields),
        "V1",
    )


def _v1_edges(fields: Mapping[str, str]) -> tuple[float, float, float, float] | None:
    full_width = _number(fields, "FullPanoWidthPixels")
    full_height = _number(fields, "FullPanoHeightPixels")
    width = _number(fields, "CroppedAreaImageWidthPixels")
    height = _number(fields, "CroppedAreaImageHeightPixels")
    if min(full_width, full_height, width, height) <= 0.0:
        return None
    left = _number(fields, "CroppedAreaLeftPixels") / full_width
    top = _number(fields, "CroppedAreaTopPixels") / full_height
    right, bottom = 1.0 - left - width / full_width, 1.0 - top - height / full_height
    return left, top, right, bottom


def _sample_entry(moov: bytes, track: Box) -> Box | None:
    chain = find(moov, track, b"mdia", b"minf", b"stbl", b"stsd")
    return next(iter(children(moov, chain[-1])), None) if chain else None


def _read_apple(moov: bytes, track: Box) -> SphericalMetadata | None:
    entry = _sample_entry(moov, track)
    said = entry and read_apple_video(moov, sample_entry_children(moov, entry))
    if not said:
        return None
    projection = {
        "equi": Projection.EQUIRECTANGULAR,
        "hequ": Projection.EQUIRECTANGULAR,
        "fish": Projection.FISHEYE,
    }.get(said.kind, Projection.OTHER)
    edges = _HALF_EDGES if said.kind == "hequ" else None
    level = (0.0, 0.0, 0.0)
    believed = SphericalMetadata.believed(
        projection, said.layout, level, edges, "Apple"
    )
    hfov_deg = said.hfov_deg
    is_lens = hfov_deg is not None and 90.0 <= hfov_deg <= MAX_FOV_DEG
    return replace(believed, hfov_deg=hfov_deg if is_lens else None)


def _read_v2(moov: bytes, track: Box) -> SphericalMetadata | None:
    entry = _sample_entry(moov, track)
    if entry is None:
        return None
    layout: StereoLayout | None = StereoLayout.MONO
    spherical: Box | None = None
    for box in sample_entry_children(moov, entry):
        if box.kind == b"st3d" and box.end - box.payload >= 5:
            layout = _V2_LAYOUTS.get(moov[box.payload + 4])
        elif box.kind == b"sv3d":
            spherical = box
    projection_box = find(moov, spherical, b"proj") if spherical else []
    if not projection_box:
        return None
    pose, projection, edges = (0.0, 0.0, 0.0), Projection.OTHER, None
    padding_px = 0
    for box in children(moov, projection_box[0]):
        fields = box.payload + 4  # behind version and flags
        n_bytes = box.end - fields
        if box.kind == b"prhd" and n_bytes >= 12:
            pose = _pose_of_fixed_point(*struct.unpack_from(">3i", moov, fields))
        elif box.kind == b"equi" and n_bytes >= 16:
            projection = Projection.EQUIRECTANGULAR
            top, bottom, left, right = struct.unpack_from(">4I", moov, fields)
            edges = _edges_of_fixed_point(left, top, right, bottom)
        elif box.kind == b"cbmp":
            projection = Projection.CUBEMAP
            if n_bytes >= 8:
                padding_px = struct.unpack_from(">2I", moov, fields)[1]
        elif box.kind == b"mshp":
            projection = Projection.MESH
    believed = SphericalMetadata.believed(projection, layout, pose, edges, "V2")
    return replace(believed, padding_px=padding_px)


def _pose_of_fixed_point(yaw: int, pitch: int, roll: int) -> tuple[float, float, float]:
    return yaw / 65536.0, pitch / 65536.0, roll / 65536.0


def _edges_of_fixed_point(
    left: int, top: int, right: int, bottom: int
) -> tuple[float, float, float, float]:
    return left / 2.0**32, top / 2.0**32, right / 2.0**32, bottom / 2.0**32


def _number(fields: Mapping[str, str], name: str) -> float:
    try:
        return float(fields.get(name, "0"))
    except ValueError:
        return 0.0
