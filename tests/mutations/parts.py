"""Where the parts of a file lie: MP4 boxes, Matroska's elements, packets of MPEG-TS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pano.media.metadata.mp4_boxes import child_boxes

MP4, MATROSKA, TRANSPORT = "MP4", "Matroska", "MPEG-TS"
_OF_SUFFIX = {".mkv": MATROSKA, ".webm": MATROSKA, ".ts": TRANSPORT}
PACKET_BYTES = 188

# Boxes that hold boxes, with the bytes of their own fields before the first child.
_FIELDS_BEFORE_CHILDREN = {
    0: "moov trak mdia minf dinf stbl edts udta mvex moof traf tref gmhd "
    "sv3d proj vexu eyes pack",
    4: "meta",
    8: "stsd",
    28: "mp4a sowt fLaC",
    78: "avc1 hvc1 hev1 apcn apch",
}
_BOXES = {
    name: n for n, names in _FIELDS_BEFORE_CHILDREN.items() for name in names.split()
}
# Elements that hold elements (RFC 9559).
_ELEMENTS = frozenset(
    bytes.fromhex(number)
    for number in (
        *("1a45dfa3", "18538067", "114d9b74", "4dbb", "1549a966", "1654ae6b", "ae"),
        *("e0", "e1", "55b0", "7670", "1f43b675", "a0", "1c53bb6b", "bb", "b7"),
        *("1254c367", "7373", "67c8", "63c0", "1043a770", "45b9", "b6", "80"),
    )
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file: [start, end), its own content from `payload` on.

    Parameters
    ----------
    name
        A box's kind, an element's number in hexadecimal digits, or "packet".
    at_size
        Where its size is stated; a packet states none.
    """

    name: str
    start: int
    at_size: int
    payload: int
    end: int


def container_of(path: Path) -> str:
    """Return which container a file is by its name."""
    return _OF_SUFFIX.get(path.suffix, MP4)


def parts_of(data: bytes, container: str) -> list[Part]:
    """Return all parts of a valid file, those inside others too."""
    if container == MP4:
        return list(_boxes(data, 0, len(data)))
    if container == MATROSKA:
        return list(_elements(data, 0, len(data)))
    starts = range(0, len(data) - PACKET_BYTES + 1, PACKET_BYTES)
    return [Part("packet", at, at, at + 4, at + PACKET_BYTES) for at in starts]


def _boxes(data: bytes, start: int, end: int) -> Iterator[Part]:
    for box in child_boxes(data, start, end):
        name = box.kind.decode("latin-1")
        yield Part(name, box.start, box.start, box.payload, box.end)
        if name in _BOXES:
            yield from _boxes(data, box.payload + _BOXES[name], box.end)


def _elements(data: bytes, start: int, end: int) -> Iterator[Part]:
    while start < end:
        at_size = start + _n_bytes(data[start])
        payload = at_size + _n_bytes(data[at_size])
        length = 8 * (payload - at_size)
        size = int.from_bytes(data[at_size:payload]) & ((1 << (length * 7 // 8)) - 1)
        number = data[start:at_size]
        stop = min(payload + size, end)
        yield Part(number.hex(), start, at_size, payload, stop)
        if number in _ELEMENTS:
            yield from _elements(data, payload, stop)
        start = stop


def _n_bytes(first: int) -> int:
    """Return how many bytes a number has (RFC 8794, section 4)."""
    return 9 - max(first, 1).bit_length()
