"""Apple's boxes for immersive video: projection, packing and field of view.

`vexu` in the sample entry holds `proj`/`prji` (how the picture is projected), `pack`/
`pkin` (how two eyes share a picture) and `eyes`/`stri`; `hfov` beside it is a lens's
field of view. Source: Apple, "Video Extended Usage" of the QuickTime File Format and
"ISO Base Media File Format and Apple HEVC Stereo Video" 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pano.equirect.layouts import StereoLayout
from pano.media.metadata.mp4_boxes import Box, child_boxes

_PACKINGS = {b"side": StereoLayout.SIDE_BY_SIDE, b"over": StereoLayout.TOP_BOTTOM}
# Of these a flat window is seen, not a sphere.
_FLAT = frozenset({b"rect"})


@dataclass(frozen=True, slots=True)
class AppleVideo:
    """What Apple's boxes say of a picture.

    Parameters
    ----------
    kind
        Four characters: `equi`, `hequ` (half of it), `fish`, `rect`, `prim`.
    layout
        How two eyes share the picture; mono where each eye is a layer of its own,
        because FFmpeg decodes the first.
    hfov_deg
        Field of view, as stated; None where it is not.
    """

    kind: str
    layout: StereoLayout = StereoLayout.MONO
    hfov_deg: float | None = None


def read_apple_video(moov: bytes, entry_children: Iterator[Box]) -> AppleVideo | None:
    """Read the boxes of a visual sample entry; None if none tells of a sphere."""
    kind: bytes | None = None
    layout, hfov_deg = StereoLayout.MONO, None
    for box in entry_children:
        if box.kind == b"hfov" and box.size >= 12:
            hfov_deg = int.from_bytes(moov[box.payload : box.payload + 4]) / 1000.0
        if box.kind != b"vexu":
            continue
        for part in child_boxes(moov, box.payload, box.end):
            if part.kind == b"proj":
                kind = _four_characters(moov, part, b"prji") or kind
            elif part.kind == b"pack":
                packing = _four_characters(moov, part, b"pkin")
                layout = _PACKINGS.get(packing or b"", layout)
    if kind is None or kind in _FLAT:
        return None
    return AppleVideo(kind.decode("latin-1"), layout, hfov_deg)


def _four_characters(moov: bytes, box: Box, name: bytes) -> bytes | None:
    """Return the code that a full box of this name inside another holds."""
    for inner in child_boxes(moov, box.payload, box.end):
        if inner.kind == name and inner.size >= 16:
            return bytes(moov[inner.payload + 4 : inner.payload + 8])
    return None
