"""Write mastering display and content light level into a finished MP4 or MOV.

The encoders write both into the pictures; players also look for the boxes `mdcv` and
`clli` of the file, which FFmpeg writes only from side data that PyAV cannot set.
"""

from __future__ import annotations

import struct
from pathlib import Path

from pano.media.colour.signal import MasteringDisplay, VideoSignal
from pano.media.metadata.mp4_boxes import (
    Box,
    make_box,
    sample_entry_children,
    video_track,
)
from pano.media.metadata.mp4_edit import edited_moov, entry_chain, splice


def write_light_levels(path: Path, signal: VideoSignal) -> None:
    """Say how bright the first video track is, where `signal` does; else do nothing.

    Call it on a file that does not yet have its final name.
    """
    boxes = _boxes(signal)
    if not boxes:
        return
    with edited_moov(path) as moov:
        chain = _entry_chain(moov)
        if not chain:
            return
        kinds = {kind for kind, _ in boxes}
        inside = list(sample_entry_children(moov, chain[-1]))
        for box in reversed([box for box in inside if box.kind in kinds]):
            splice(moov, chain, box.start, box.end, b"")
            chain = _entry_chain(moov)
        last = list(sample_entry_children(moov, chain[-1]))[-1]
        payload = b"".join(make_box(kind, body) for kind, body in boxes)
        splice(moov, chain, last.end, last.end, payload)


def _entry_chain(moov: bytearray) -> list[Box]:
    """Return the boxes around the first video track's sample entry, as they are now."""
    track = video_track(moov)
    return [] if track is None else entry_chain(moov, track)


def _boxes(signal: VideoSignal) -> list[tuple[bytes, bytes]]:
    boxes = []
    if signal.mastering is not None:
        boxes.append((b"mdcv", _mastering(signal.mastering)))
    if signal.max_cll_nit is not None:
        levels = signal.max_cll_nit, signal.max_fall_nit or 0
        boxes.append((b"clli", struct.pack(">2H", *(min(n, 0xFFFF) for n in levels))))
    return boxes


def _mastering(display: MasteringDisplay) -> bytes:
    """Return the body of `mdcv`: ISO/IEC 14496-12, 12.1.8, green first."""
    points = (display.green, display.blue, display.red, display.white)
    places = [min(round(part * 50_000), 0xFFFF) for point in points for part in point]
    levels = [round(nit * 10_000) for nit in (display.max_nit, display.min_nit)]
    return struct.pack(">8H2I", *places, *(min(level, 2**32 - 1) for level in levels))
