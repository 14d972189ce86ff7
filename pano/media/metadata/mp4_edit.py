"""Change the movie box of a finished MP4 or MOV in place."""

from __future__ import annotations

import contextlib
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from pano.errors import MediaError
from pano.media.metadata.mp4_boxes import (
    Box,
    child_boxes,
    children,
    find,
    top_level_boxes,
)
from pano.whole_file import written_whole


@contextlib.contextmanager
def edited_moov(path: Path) -> Iterator[bytearray]:
    """Yield a file's movie box for editing, and write it back at the end.

    Call it on a file that does not yet have its final name.

    Raises
    ------
    MediaError
        If the file has no movie box.
    """
    with path.open("rb") as file:
        boxes = list(top_level_boxes(file))
        root = next((box for box in boxes if box.kind == b"moov"), None)
        if root is None:
            raise MediaError(f"{path} has no movie box to mark")
        file.seek(root.start)
        moov = bytearray(file.read(root.size))
    yield moov
    is_last = all(box.start <= root.start for box in boxes)
    if is_last:
        with path.open("r+b") as file:
            file.seek(root.start)
            file.write(moov)
            file.truncate()
    else:
        _replace_inside(path, root, moov)


def splice(
    data: bytearray, ancestors: list[Box], start: int, end: int, payload: bytes
) -> None:
    """Replace data[start:end] and correct the sizes of all boxes around it."""
    growth = len(payload) - (end - start)
    for box in ancestors:
        is_long = box.payload - box.start == 16
        form, at = (">Q", box.start + 8) if is_long else (">I", box.start)
        struct.pack_into(form, data, at, box.size + growth)
    data[start:end] = payload


def entry_chain(moov: bytearray, track: Box) -> list[Box]:
    """Return the boxes from the movie box to a track's first sample entry."""
    root = next(iter(child_boxes(moov, 0, len(moov))))
    chain = [root, track]
    chain += find(moov, track, b"mdia", b"minf", b"stbl", b"stsd")
    return [*chain, next(iter(children(moov, chain[-1])))]


def _replace_inside(path: Path, root: Box, moov: bytearray) -> None:
    """Rewrite a file whose movie box comes before its data, moving the data."""
    growth = len(moov) - root.size
    _shift_chunk_offsets(moov, behind=root.end, growth=growth)
    with (
        written_whole(path) as part,
        path.open("rb") as source,
        part.open("wb") as target,
    ):
        target.write(source.read(root.start))
        target.write(moov)
        source.seek(root.end)
        shutil.copyfileobj(source, target, 1 << 20)


def _shift_chunk_offsets(moov: bytearray, *, behind: int, growth: int) -> None:
    root = next(iter(child_boxes(moov, 0, len(moov))))
    for track in children(moov, root):
        if track.kind != b"trak":
            continue
        chain = find(moov, track, b"mdia", b"minf", b"stbl")
        for box in children(moov, chain[-1]) if chain else ():
            if box.kind in (b"stco", b"co64"):
                _shift_table(moov, box, behind=behind, growth=growth)


def _shift_table(moov: bytearray, box: Box, *, behind: int, growth: int) -> None:
    item = "I" if box.kind == b"stco" else "Q"
    (n_chunks,) = struct.unpack_from(">I", moov, box.payload + 4)
    form = f">{n_chunks}{item}"
    offsets = struct.unpack_from(form, moov, box.payload + 8)
    moved = [at + growth if at >= behind else at for at in offsets]
    if item == "I" and max(moved, default=0) >= 1 << 32:
        raise MediaError("the file is too long for its 32-bit index; write an .mkv")
    struct.pack_into(form, moov, box.payload + 8, *moved)
