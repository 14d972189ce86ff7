"""The kinds of damage: each changes a valid file by the draws of a random generator."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from tests.mutations.parts import MATROSKA, MP4, TRANSPORT, Part, parts_of

MAX_RUN_BYTES = 512
_EXTREMES = (0, 1, 2, 7, 8, 9, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000)
# Boxes by their kind, elements by their number (RFC 9559).
_TABLES = {
    MP4: "stts stsz stco co64 ctts elst stsc stss trun tfdt tfhd sidx tfra trex",
    # Cluster's time, blocks, durations, and the cues.
    MATROSKA: "e7 a3 a1 9b fb b3 f1 f0 5378 53ab 53ac",
}
_SPHERICAL = {
    MP4: "st3d sv3d svhd proj prhd equi cbmp uuid vexu prji pack pkin hfov SA3D",
    # Projection, its kind, private data and pose, and the packing of eyes.
    MATROSKA: "7670 7671 7672 7673 7674 7675 53b8",
}
_OTHER_METADATA = {
    MP4: "tmcd gmhd chpl udta meta keys ilst hdlr tref gpmd camm colr pasp clli mdcv "
    "avcC hvcC esds dfLa chan wave mdat",
    # Chapters, tags, colour, codec and its private data.
    MATROSKA: "1043a770 b6 91 92 1254c367 67c8 55b0 55b1 55ba 86 63a2",
}
_SIZES = {
    MP4: "tkhd mvhd mdhd mehd stsd avc1 hvc1 apcn apch mp4a sowt pasp",
    # Duration, time scales, sides in pixels, rates, channels, bits.
    MATROSKA: "4489 2ad7b1 23e383 b0 ba 54b0 54ba b5 9f 6264 56aa 56bb",
}
# Where codecs state sizes: sequences of H.264 and HEVC, a key picture of VP9, ProRes.
_CODEC_HEADER = re.compile(
    rb"\x67[\x42\x4d\x58\x64\x6e\x7a]|\x42\x01\x01|\x49\x83\x42|icpf"
)
MAX_HEADER_BYTES = 24
_XML_VALUES = (
    *("", "0", "-1", "1", "nan", "inf", "-inf", "1e999", "1e-320", "9" * 400),
    *("true", "cubemap", "mesh", "left-right", "０", "<", "\0", "64", "-90.5", "1e9"),
)
_NUMBERS_OF_XML = re.compile(rb"(<GSpherical:\w+>)([^<]*)(</)")


def flip_bits(data: bytearray, container: str, random: Random) -> None:
    """Flip up to eight bits, as likely in the headers as anywhere."""
    parts = parts_of(bytes(data), container)
    for _ in range(random.randint(1, 8)):
        at = random.randrange(len(data))
        if random.random() < 0.5:
            part = random.choice(parts)
            at = random.randrange(part.start, min(part.end, part.start + 64))
        data[at] ^= 1 << random.randrange(8)


def truncate(data: bytearray, container: str, random: Random) -> None:
    """Cut the file short, anywhere or where a part begins or ends."""
    at = random.randrange(1, len(data))
    if random.random() < 0.5:
        part = random.choice(parts_of(bytes(data), container))
        near = random.choice((part.start, part.payload, part.end))
        at = max(1, near + random.randint(-4, 4))
    del data[at:]


def break_runs(data: bytearray, container: str, random: Random) -> None:
    """Zero, double, drop or move a run of bytes."""
    start = random.randrange(len(data))
    end = min(len(data), start + random.randint(1, MAX_RUN_BYTES))
    run = bytes(data[start:end])
    match random.randrange(4):
        case 0:
            data[start:end] = bytes(len(run))
        case 1:
            data[end:end] = run
        case 2:
            del data[start:end]
        case _:
            to = random.randrange(len(data))
            data[to : to + len(run)] = run


def break_structure(data: bytearray, container: str, random: Random) -> None:
    """Change a part's size or count, or lose, double, rename or move the part."""
    parts = parts_of(bytes(data), container)
    part = random.choice(parts)
    whole = bytes(data[part.start : part.end])
    match random.randrange(6):
        case 0 | 1 if container == MATROSKA:
            size = part.end - part.payload
            wrong = random.choice((0, size - 1, size + 1, 2 * size, 1 << 60))
            _set_size(data, part, wrong)
        case 0:
            _set_word(data, part.at_size, random)
        case 1:  # the count of a full box follows its version and flags
            _set_word(data, part.payload + 4, random)
        case 2:
            del data[part.start : part.end]
        case 3:
            data[part.end : part.end] = whole
        case 4:
            other = random.choice(parts)
            name = data[other.start + 4 : other.start + 8]
            data[part.start + 4 : part.start + 8] = name
        case _:
            to = random.choice(parts).start
            data[to:to] = whole
            shift = len(whole) if to <= part.start else 0
            del data[part.start + shift : part.end + shift]


def break_times(data: bytearray, container: str, random: Random) -> None:
    """Change values of the tables of samples: times, sizes and places."""
    if container != TRANSPORT:
        _set_words_of(data, container, _TABLES[container], random)
        return
    # The times of a packet of pictures or sound: five bytes of 33 bits.
    at = [found.start() for found in re.finditer(rb"\x00\x00\x01[\xc0-\xef]", data)]
    for _ in range(random.randint(1, 3)):
        first = random.choice(at) + 9 + 5 * random.randrange(2)
        data[first : first + 5] = random.randbytes(5)
        data[first] = (data[first] & 0x0E) | 0x31
        data[first + 2] |= 1
        data[first + 4] |= 1


def break_spherical(data: bytearray, container: str, random: Random) -> None:
    """Change what is said of the sphere and of its sound field, XML too."""
    fields = list(_NUMBERS_OF_XML.finditer(data))
    if fields and random.random() < 0.5:
        field = random.choice(fields)
        value = random.choice(_XML_VALUES).encode()
        # The boxes around keep their sizes.
        room = field.end(2) - field.start(2)
        n_bytes = room if random.random() < 0.5 else max(room, len(value))
        data[field.start(2) : field.end(2)] = value[:n_bytes].ljust(room)
        return
    _set_words_of(data, container, _SPHERICAL[container], random)


def break_other_metadata(data: bytearray, container: str, random: Random) -> None:
    """Change codecs' own headers, timecodes, chapters, tags and telemetry."""
    if container != TRANSPORT:
        _set_words_of(data, container, _OTHER_METADATA[container], random)
        return
    # Tables of programmes are the packets whose content begins with a pointer.
    packets = [part for part in parts_of(bytes(data), container) if part.start < 800]
    part = random.choice(packets)
    for _ in range(random.randint(1, 4)):
        data[random.randrange(part.start + 1, part.start + 40)] = random.randrange(256)


def break_sizes(data: bytearray, container: str, random: Random) -> None:
    """State absurd sizes, durations, rates and numbers of channels."""
    headers = [found.end() for found in _CODEC_HEADER.finditer(data)]
    if container == TRANSPORT or (headers and random.random() < 0.5):
        for _ in range(random.randint(1, 3)):
            at = random.choice(headers) + random.randrange(MAX_HEADER_BYTES)
            data[min(at, len(data) - 1)] ^= 1 << random.randrange(8)
        return
    _set_words_of(data, container, _SIZES[container], random)


def _set_size(data: bytearray, part: Part, size: int) -> None:
    """Write an element's size in as many bytes as it has (RFC 8794, section 4)."""
    n_bytes = part.payload - part.at_size
    largest = (1 << (7 * n_bytes)) - 1
    stated = (largest + 1) | min(max(size, 0), largest)
    data[part.at_size : part.payload] = stated.to_bytes(n_bytes)


def _set_words_of(data: bytearray, container: str, names: str, random: Random) -> None:
    """Set numbers in the parts of these names, each as likely, to extremes."""
    parts = parts_of(bytes(data), container)
    named = [[p for p in parts if p.name == name] for name in names.split()]
    if not any(named):
        flip_bits(data, container, random)
        return
    for _ in range(random.randint(1, 3)):
        part = random.choice(random.choice(list(filter(None, named))))
        if container == MATROSKA:
            _set_element(data, part, random)
        else:
            # Full boxes begin with version and flags; fields are mostly words.
            length = min(part.end, part.payload + 256) - part.payload
            step = random.choice((2, 4, 4, 4))
            at = part.payload + random.randrange(0, max(length, 1), step)
            _set_word(data, at, random, n_bytes=step)


def _set_element(data: bytearray, part: Part, random: Random) -> None:
    length = part.end - part.payload
    n_bytes = min(length, 8)
    at = part.payload
    if part.name in ("a3", "a1"):  # a block: its track, then its time
        at, n_bytes = part.payload + random.randrange(2), 2
    elif length > 8:
        at += random.randrange(length - 4)
        n_bytes = 4
    if n_bytes:
        _set_word(data, at, random, n_bytes=n_bytes)


def _set_word(data: bytearray, at: int, random: Random, *, n_bytes: int = 4) -> None:
    """Set a number, big-endian, to an extreme or to near what it is."""
    top = (1 << (8 * n_bytes)) - 1
    now = int.from_bytes(data[at : at + n_bytes])
    near = (now - 1, now + 1, 2 * now, 16 * now, now << 16, top - now)
    far = (*_EXTREMES, top, top - 1, top >> 1, (top >> 1) + 1, random.randint(0, top))
    value = random.choice(random.choice((near, far)))
    data[at : at + n_bytes] = (value & top).to_bytes(n_bytes)[: len(data) - at]


Damage = Callable[[bytearray, str, Random], None]
ALL = (MP4, MATROSKA, TRANSPORT)
# What a kind is called, and in which containers it is.
KINDS: dict[str, tuple[Damage, tuple[str, ...]]] = {
    "flipped bits": (flip_bits, ALL),
    "truncation": (truncate, ALL),
    "broken runs": (break_runs, ALL),
    "sizes and counts": (break_structure, ALL),
    "tables of samples": (break_times, ALL),
    "spherical metadata": (break_spherical, (MP4, MATROSKA)),
    "other metadata": (break_other_metadata, ALL),
    "absurd sizes": (break_sizes, ALL),
}


def kinds_of(container: str) -> list[str]:
    """Return the kinds of damage that files of a container can have."""
    return [name for name, (_, containers) in KINDS.items() if container in containers]


def damaged(data: bytes, container: str, kind: str, random: Random) -> bytes:
    """Return a file with damage of a kind; it differs from what is given."""
    while True:
        changed = bytearray(data)
        KINDS[kind][0](changed, container, random)
        if changed != data and changed:
            return bytes(changed)
