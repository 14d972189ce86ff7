"""Find the telemetry tracks of an MP4 and read packets spread over the clip.

FFmpeg has no name for most kinds of telemetry, so the kind is read from the sample
description. PyAV's index says where each packet lies. Reading there costs the same for
an hour as for a minute; demuxing would read the whole file for some kilobytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from pano.media.metadata.mp4_boxes import Box, children, find, read_moov, tracks
from pano.media.reading import open_input

# GoPro and the specification of CAMM say `meta`, Ricoh's cameras say `camm`.
_HANDLERS = (b"meta", b"camm")
# A packet of CAMM holds one reading of one sensor and the sensors alternate, so that
# neighbours have to be read together.
_RUN = 64
_MAX_PACKETS = 20_000
_MAX_BYTES = 16 * 2**20
# A second of a GoPro's telemetry is some ten kilobytes.
_MAX_PACKET_BYTES = 2**20


def telemetry_tracks(path: Path) -> dict[str, int]:
    """Return the kinds of data tracks of an MP4, such as `gpmd`, with their track ids.

    Of several of one kind it is the first.
    """
    moov = read_moov(path)
    found: dict[str, int] = {}
    for handler in _HANDLERS:
        for track in tracks(moov, handler):
            kind, number = _kind(moov, track), _track_id(moov, track)
            if kind is not None and number is not None:
                found.setdefault(kind, number)
    return found


def read_packets(path: Path, track_id: int) -> Iterator[bytes]:
    """Yield packets of a track, all or runs that are spread evenly over the clip.

    A packet that is too large, or not in the file any more, is cut short.

    Raises
    ------
    MediaError
        If the file cannot be read.
    """
    left = _MAX_BYTES
    with path.open("rb") as file:
        for position, size in _places(path, track_id):
            n_bytes = min(size, _MAX_PACKET_BYTES)
            left -= n_bytes
            if left < 0:
                return
            file.seek(position)
            yield file.read(n_bytes)


def _places(path: Path, track_id: int) -> Iterator[tuple[int, int]]:
    """Yield where the packets lie that are read: position and size in bytes."""
    with open_input(path) as container:
        stream = next((s for s in container.streams if s.id == track_id), None)
        index = () if stream is None else stream.index_entries
        runs = range(0, len(index), _RUN)
        typical = max((entry.size for entry in index[:_RUN]), default=0)
        n_runs = min(_MAX_PACKETS, _MAX_BYTES // max(typical, 1)) // _RUN
        for start in runs[:: math.ceil(len(runs) / max(n_runs, 1)) or 1]:
            for entry in index[start : start + _RUN]:
                if entry.pos >= 0 and entry.size > 0:
                    yield entry.pos, entry.size


def _kind(moov: bytes, track: Box) -> str | None:
    chain = find(moov, track, b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(iter(children(moov, chain[-1])), None) if chain else None
    return None if entry is None else entry.kind.decode("latin-1")


def _track_id(moov: bytes, track: Box) -> int | None:
    header = find(moov, track, b"tkhd")
    if not header:
        return None
    payload = moov[header[0].payload : header[0].end]
    # Version and flags, then two times of 4 bytes, or of 8 in version 1.
    start = 20 if payload[:1] == b"\x01" else 12
    number = payload[start : start + 4]
    return int.from_bytes(number) if len(number) == 4 else None
