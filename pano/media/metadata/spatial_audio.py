"""Read and write `SA3D`, the box that says how a sound track is ambisonic.

Specification: github.com/google/spatial-media, docs/spatial-audio-rfc.md. FFmpeg
reads it for PCM and FLAC only and never writes it.
"""

from __future__ import annotations

import struct
from pathlib import Path

from pano.ambisonics.formats import AmbisonicFormat
from pano.errors import MediaError
from pano.media.metadata.mp4_boxes import (
    Box,
    child_boxes,
    children,
    find,
    make_box,
    read_moov,
    sound_entry_children,
    tracks,
)
from pano.media.metadata.mp4_edit import edited_moov, entry_chain, splice

MP4_SUFFIXES = frozenset({".mp4", ".m4v", ".m4a", ".mov"})
_KIND = b"SA3D"
_ACN, _SN3D = 0, 0
_HEAD_LOCKED = 0x80


def read_spatial_audio(path: Path) -> list[AmbisonicFormat | None]:
    """Read what an MP4 or MOV says about each of its sound tracks, in their order."""
    moov = read_moov(path)
    found: list[AmbisonicFormat | None] = []
    for track in tracks(moov, b"soun"):
        box = _find(moov, track)
        found.append(_parse(moov[box[-1].payload : box[-1].end]) if box else None)
    return found


def write_spatial_audio(
    path: Path, format_: AmbisonicFormat, *, track: int = 0
) -> None:
    """Mark a sound track of a finished MP4 or MOV as ambisonic.

    What it already says is replaced. The file is changed in place: call it on a file
    that does not yet have its final name.

    Raises
    ------
    MediaError
        If the file has no such track.
    ValueError
        If the box has no words for the format: it knows ACN with SN3D alone.
    """
    if (format_.ordering, format_.normalization) != ("ACN", "SN3D"):
        raise ValueError(f"SA3D holds ambiX alone, got {format_.words}")
    with edited_moov(path) as moov:
        found = tracks(moov, b"soun")
        if track >= len(found):
            raise MediaError(f"{path} has no sound track {track} to mark as ambisonic")
        old = _find(moov, found[track])
        chain = entry_chain(moov, found[track])
        if old is not None:
            splice(moov, [*chain, *old[:-1]], old[-1].start, old[-1].end, b"")
            chain = entry_chain(moov, tracks(moov, b"soun")[track])
        splice(moov, chain, chain[-1].end, chain[-1].end, _box(format_))


def _find(moov: bytes | bytearray, track: Box) -> list[Box] | None:
    """Return the box, last of the boxes around it inside the sample entry."""
    chain = find(moov, track, b"mdia", b"minf", b"stbl", b"stsd")
    for entry in children(moov, chain[-1]) if chain else ():
        for box in sound_entry_children(moov, entry):
            if box.kind == _KIND:
                return [box]
            if box.kind == b"wave":  # QuickTime may keep it in there
                for inner in child_boxes(moov, box.payload, box.end):
                    if inner.kind == _KIND:
                        return [box, inner]
    return None


def _parse(payload: bytes) -> AmbisonicFormat | None:
    """Return the format; None where the box is damaged or says what is not known."""
    if len(payload) < 12:
        return None
    version, kind, order, ordering, normalization, n_channels = struct.unpack_from(
        ">BBIBBI", payload
    )
    is_known = version == 0 and kind & ~_HEAD_LOCKED == 0
    if not is_known or ordering != _ACN or normalization != _SN3D:
        return None
    if not 1 <= order <= 3 or len(payload) < 12 + 4 * n_channels:
        return None
    channel_map = struct.unpack_from(f">{n_channels}I", payload, 12)
    n_field = (order + 1) ** 2
    has_pair = bool(kind & _HEAD_LOCKED) or n_channels == n_field + 2
    if n_channels != n_field + 2 * has_pair:
        return None
    try:
        return AmbisonicFormat(
            order,
            channel_map=() if channel_map == tuple(range(n_channels)) else channel_map,
            has_head_locked_pair=has_pair,
        )
    except ValueError:
        return None


def _box(format_: AmbisonicFormat) -> bytes:
    channel_map = format_.channel_map or tuple(range(format_.n_stored))
    kind = _HEAD_LOCKED if format_.has_head_locked_pair else 0
    return make_box(
        _KIND,
        struct.pack(">BBIBBI", 0, kind, format_.order, _ACN, _SN3D, len(channel_map)),
        struct.pack(f">{len(channel_map)}I", *channel_map),
    )
