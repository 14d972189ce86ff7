"""Make pictures whole and bare: fields woven apart, black bars cut off.

Both are done by libavfilter on pictures as they are decoded, so that everything behind
sees pictures of the sphere and nothing else. Cutting copies nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TypeAlias

from av.error import BlockingIOError as NotYetError
from av.error import EOFError as EndedError
from av.filter import Graph
from av.video.frame import VideoFrame

INTERLACED_NOTE = "its pictures are interlaced; they were deinterlaced"

# One picture for each pair of fields, at its own time; others pass as they are.
_DEINTERLACE = "mode=send_frame:parity=auto:deint=interlaced"

_Setup: TypeAlias = tuple[int, int, str, bool]


class PictureFilter:
    """Filters the pictures of one pass.

    Parameters
    ----------
    time_base
        Unit of the pictures' times.
    black_rows_px
        Cut off above and below.

    Attributes
    ----------
    has_deinterlaced
        Whether a picture was woven of two fields; complete after the last one.
    """

    def __init__(self, time_base: Fraction, black_rows_px: int) -> None:
        self.has_deinterlaced = False
        self._time_base = time_base
        self._black_rows_px = black_rows_px

    def passing(
        self, pictures: Iterable[tuple[int, VideoFrame]]
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Pass pictures and their times on, filtered from where it is needed."""
        pipe: _Pipe | None = None
        for pts, picture in pictures:
            self.has_deinterlaced |= picture.interlaced_frame
            if not (self.has_deinterlaced or self._black_rows_px):
                yield pts, picture
                continue
            name = picture.format.name
            setup = picture.width, picture.height, name, self.has_deinterlaced
            if pipe is None or pipe.setup != setup:
                # A file that changes its format half-way gets another graph.
                yield from pipe.push(None) if pipe else ()
                pipe = _Pipe(setup, self._time_base, self._black_rows_px)
            picture.pts, picture.time_base = pts, self._time_base
            yield from pipe.push(picture)
        yield from pipe.push(None) if pipe else ()


class _Pipe:
    """A graph of filters for pictures of one size and format."""

    def __init__(self, setup: _Setup, time_base: Fraction, black_rows_px: int) -> None:
        self.setup = setup
        self._time_base = time_base
        width_px, height_px, format_name, is_interlaced = setup
        self._graph = graph = Graph()
        nodes = [
            graph.add_buffer(
                width=width_px,
                height=height_px,
                format=format_name,  # type: ignore[arg-type]  # it takes a name, too
                time_base=time_base,
            )
        ]
        if is_interlaced:
            nodes.append(graph.add("bwdif", _DEINTERLACE))
        if black_rows_px:
            inner_px = height_px - 2 * black_rows_px
            nodes.append(graph.add("crop", f"{width_px}:{inner_px}:0:{black_rows_px}"))
        nodes.append(graph.add("buffersink"))
        graph.link_nodes(*nodes).configure()

    def push(self, picture: VideoFrame | None) -> Iterator[tuple[int, VideoFrame]]:
        """Filter a picture, or with None what is left inside."""
        self._graph.vpush(picture)
        while True:
            try:
                made = self._graph.vpull()
            except (NotYetError, EndedError):
                return
            if made.pts is not None and made.time_base is not None:
                # Where there were fields, FFmpeg counts in half the unit.
                yield round(made.pts * made.time_base / self._time_base), made
