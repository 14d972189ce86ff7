"""Write spherical metadata V1 and V2 into a finished MP4 or MOV.

FFmpeg's muxer could write V2, but only from side data that PyAV cannot set on an
encoded stream, and it never writes V1, which older players still ask for.
"""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

from pano.equirect.layouts import StereoLayout
from pano.errors import MediaError
from pano.media.metadata.mp4_boxes import (
    Box,
    child_boxes,
    children,
    make_box,
    sample_entry_children,
    video_track,
)
from pano.media.metadata.mp4_edit import edited_moov, entry_chain, splice
from pano.media.metadata.spherical import V1_UUID, Projection, SphericalMetadata

_TOOL = "pano"
_V1_NAMES = {
    StereoLayout.MONO: "mono",
    StereoLayout.TOP_BOTTOM: "top-bottom",
    StereoLayout.SIDE_BY_SIDE: "left-right",
}
_V2_NUMBERS = {
    StereoLayout.MONO: 0,
    StereoLayout.TOP_BOTTOM: 1,
    StereoLayout.SIDE_BY_SIDE: 2,
}


def write_spherical(path: Path, metadata: SphericalMetadata) -> None:
    """Mark the first video track of an MP4 or MOV as an equirectangular sphere.

    What the track already says about a sphere is replaced. The file is changed in
    place: call it on a file that does not yet have its final name.

    Raises
    ------
    MediaError
        If the file has no video track to mark.
    ValueError
        If the metadata are not equirectangular.
    """
    if metadata.projection is not Projection.EQUIRECTANGULAR:
        raise ValueError(f"only equirectangular is written, got {metadata.projection}")
    with edited_moov(path) as moov:
        if video_track(moov) is None:
            raise MediaError(f"{path} has no video track to mark as spherical")
        _mark(moov, metadata)


def _mark(moov: bytearray, metadata: SphericalMetadata) -> None:
    """Put both kinds of metadata into a movie box."""
    size_px = _visual_size(moov)
    for kind in (b"uuid", b"st3d", b"sv3d"):
        _remove(moov, kind)
    track_chain = _track_chain(moov)
    end = track_chain[-1].end
    xml = _v1_xml(metadata, *size_px).encode()
    splice(moov, track_chain, end, end, make_box(b"uuid", V1_UUID, xml))
    entry_chain = _entry_chain(moov)
    last = list(sample_entry_children(moov, entry_chain[-1]))[-1]
    splice(moov, entry_chain, last.end, last.end, _v2_boxes(metadata))


def _remove(moov: bytearray, kind: bytes) -> None:
    while True:
        if kind == b"uuid":
            chain = _track_chain(moov)
            inside = children(moov, chain[-1])
        else:
            chain = _entry_chain(moov)
            inside = sample_entry_children(moov, chain[-1])
        for box in inside:
            is_ours = kind != b"uuid" or moov[box.payload : box.end].startswith(V1_UUID)
            if box.kind == kind and is_ours:
                splice(moov, chain, box.start, box.end, b"")
                break
        else:
            return


def _track_chain(moov: bytearray) -> list[Box]:
    track = video_track(moov)
    root = next(iter(child_boxes(moov, 0, len(moov))))
    return [root, track] if track else []


def _entry_chain(moov: bytearray) -> list[Box]:
    return entry_chain(moov, _track_chain(moov)[-1])


def _visual_size(moov: bytearray) -> tuple[int, int]:
    entry = _entry_chain(moov)[-1]
    width_px, height_px = struct.unpack_from(">HH", moov, entry.payload + 24)
    return width_px, height_px


def _v2_boxes(metadata: SphericalMetadata) -> bytes:
    version_and_flags = bytes(4)
    layout = _V2_NUMBERS[metadata.layout or StereoLayout.MONO]
    pose = (metadata.yaw_deg, metadata.pitch_deg, metadata.roll_deg)
    bounds = metadata.bounds
    edges = (bounds.top, bounds.bottom, bounds.left, bounds.right)
    return make_box(b"st3d", version_and_flags, bytes([layout])) + make_box(
        b"sv3d",
        make_box(b"svhd", version_and_flags, _TOOL.encode(), b"\0"),
        make_box(
            b"proj",
            make_box(
                b"prhd",
                version_and_flags,
                struct.pack(">3i", *(round(angle * 65536) for angle in pose)),
            ),
            make_box(
                b"equi",
                version_and_flags,
                struct.pack(">4I", *(round(edge * 2**32) for edge in edges)),
            ),
        ),
    )


def _v1_xml(metadata: SphericalMetadata, width_px: int, height_px: int) -> str:
    layout = metadata.layout or StereoLayout.MONO
    fields: list[tuple[str, object]] = [
        ("Spherical", "true"),
        ("Stitched", "true"),
        ("StitchingSoftware", _TOOL),
        ("ProjectionType", "equirectangular"),
        ("StereoMode", _V1_NAMES[layout]),
    ]
    fields += [
        (name, angle)
        for name, angle in (
            ("PoseHeadingDegrees", metadata.yaw_deg),
            ("PosePitchDegrees", metadata.pitch_deg),
            ("PoseRollDegrees", metadata.roll_deg),
        )
        if angle
    ]
    bounds = metadata.bounds
    if not bounds.is_full:
        eye_width_px = width_px // layout.n_columns
        eye_height_px = height_px // layout.n_rows
        full_width_px = round(eye_width_px / bounds.width_share)
        full_height_px = round(eye_height_px / bounds.height_share)
        fields += [
            ("CroppedAreaLeftPixels", round(bounds.left * full_width_px)),
            ("CroppedAreaTopPixels", round(bounds.top * full_height_px)),
            ("CroppedAreaImageWidthPixels", eye_width_px),
            ("CroppedAreaImageHeightPixels", eye_height_px),
            ("FullPanoWidthPixels", full_width_px),
            ("FullPanoHeightPixels", full_height_px),
        ]
    lines = (
        f"<GSpherical:{name}>{value}</GSpherical:{name}>" for name, value in fields
    )
    return "".join(
        itertools.chain(
            (
                '<?xml version="1.0"?><rdf:SphericalVideo'
                ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
                ' xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/">',
            ),
            lines,
            ("</rdf:SphericalVideo>",),
        )
    )
