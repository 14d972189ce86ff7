"""MP4 boxes: finding them, and inserting new ones without breaking the file.

pymp4 and construct rewrite whole files through a parsed tree and lose what they do
not know; spherical metadata needs only a walk and an insertion, so that is all here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Boxes that hold boxes, with the bytes of their own fields before the first child.
_FIELDS_BEFORE_CHILDREN = {
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"stsd": 8,
    b"sv3d": 0,
    b"proj": 0,
}
_EBML = b"\x1aE\xdf\xa3"
_MATROSKA_SEGMENT = b"\x18S\x80g"
_VISUAL_SAMPLE_ENTRY_FIELDS = 78  # ISO/IEC 14496-12, VisualSampleEntry
_SOUND_SAMPLE_ENTRY_FIELDS = 28  # AudioSampleEntry; the same in QuickTime's version 0


@dataclass(frozen=True, slots=True)
class Box:
    """Where one box lies: [start, end) with its payload from `payload` on."""

    kind: bytes
    start: int
    payload: int
    end: int

    @property
    def size(self) -> int:
        """Return the length in bytes, header included."""
        return self.end - self.start


def top_level_boxes(file: BinaryIO) -> Iterator[Box]:
    """Walk the boxes of an open file without reading what is in them.

    `Box.end` is what the header says; in a truncated file it lies behind the end.
    """
    length = file.seek(0, 2)
    position = 0
    while position + 8 <= length:
        file.seek(position)
        box = _parse_header(file.read(16), position, length)
        if box is None:
            return
        yield box
        position = box.end


def child_boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[Box]:
    """Walk the boxes in data[start:end]; a damaged one ends the walk."""
    while start + 8 <= end:
        header = bytes(data[start : start + 16])
        box = _parse_header(header, start, end)
        if box is None or box.end > end:
            return
        yield box
        start = box.end


def children(data: bytes | bytearray, box: Box) -> Iterator[Box]:
    """Walk the boxes inside a container box, sample descriptions included."""
    return child_boxes(data, box.payload + _FIELDS_BEFORE_CHILDREN[box.kind], box.end)


def sample_entry_children(data: bytes | bytearray, entry: Box) -> Iterator[Box]:
    """Walk the boxes inside a visual sample entry such as `avc1`."""
    return child_boxes(data, entry.payload + _VISUAL_SAMPLE_ENTRY_FIELDS, entry.end)


def sound_entry_children(data: bytes | bytearray, entry: Box) -> Iterator[Box]:
    """Walk the boxes inside a sound sample entry such as `mp4a`.

    QuickTime's versions 1 and 2 have more fields before them.
    """
    version = int.from_bytes(data[entry.payload + 8 : entry.payload + 10])
    n_fields = _SOUND_SAMPLE_ENTRY_FIELDS + {1: 16, 2: 36}.get(version, 0)
    return child_boxes(data, entry.payload + n_fields, entry.end)


def find(data: bytes | bytearray, box: Box, *kinds: bytes) -> list[Box]:
    """Return the first chain of nested boxes of these kinds, or an empty list."""
    chain: list[Box] = []
    for kind in kinds:
        found = next((b for b in children(data, box) if b.kind == kind), None)
        if found is None:
            return []
        chain.append(found)
        box = found
    return chain


def read_moov(path: Path) -> bytes:
    """Return the movie box of a file, header included; empty if it has none."""
    with path.open("rb") as file:
        for box in top_level_boxes(file):
            if box.kind == b"moov":
                # A damaged size may promise more than fits into memory.
                n_bytes = min(box.end, path.stat().st_size) - box.start
                file.seek(box.start)
                return file.read(n_bytes)
    return b""


def video_track(moov: bytes | bytearray) -> Box | None:
    """Return the `trak` of the first video track in a movie box."""
    return next(iter(tracks(moov, b"vide")), None)


def tracks(moov: bytes | bytearray, handler: bytes) -> list[Box]:
    """Return every `trak` of a movie box with a handler: `vide` or `soun`."""
    found = []
    for root in child_boxes(moov, 0, len(moov)):
        for track in children(moov, root):
            if track.kind == b"trak" and _handler(moov, track) == handler:
                found.append(track)
    return found


def _handler(moov: bytes | bytearray, track: Box) -> bytes:
    media = find(moov, track, b"mdia")
    for box in children(moov, media[0]) if media else ():
        if box.kind == b"hdlr":
            # Version and flags, pre_defined, then the handler type.
            return bytes(moov[box.payload + 8 : box.payload + 12])
    return b""


def missing_bytes(path: Path) -> int:
    """Return how many bytes an MP4 or Matroska file promises beyond its end.

    Both say at their beginning how long they are; FFmpeg reads a file that was cut
    short to where it ends and reports nothing.
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) == _EBML:
            end = _end_of_matroska(file)
        else:
            end = max((box.end for box in top_level_boxes(file)), default=0)
    return max(0, end - length)


def _end_of_matroska(file: BinaryIO) -> int:
    file.seek(4)
    header = _read_ebml_size(file)
    if header is None:
        return 0
    file.seek(header, 1)
    if file.read(4) != _MATROSKA_SEGMENT:
        return 0
    segment = _read_ebml_size(file)
    return 0 if segment is None else file.tell() + segment


def _read_ebml_size(file: BinaryIO) -> int | None:
    """Read a variable-length size (RFC 8794, section 4); None if it is unknown."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    n_more = 8 - first[0].bit_length()
    size = int.from_bytes(bytes([first[0] ^ (0x80 >> n_more)]) + file.read(n_more))
    return None if size == (1 << (7 * (n_more + 1))) - 1 else size


def make_box(kind: bytes, *payload: bytes) -> bytes:
    """Return a box of these parts."""
    body = b"".join(payload)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _parse_header(header: bytes, start: int, end: int) -> Box | None:
    if len(header) < 8:
        return None
    size, kind = struct.unpack_from(">I4s", header)
    n_header = 8
    if size == 1 and len(header) >= 16:
        size, n_header = struct.unpack_from(">Q", header, 8)[0], 16
    elif size == 0:  # reaches to the end
        size = end - start
    if size < n_header:
        return None
    return Box(kind, start, start + n_header, start + size)
