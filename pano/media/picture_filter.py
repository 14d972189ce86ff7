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
# Joining two tracks loses what FFmpeg says of fields.
INTERLACED_TRACKS_NOTE = (
    "its pictures are interlaced, and two tracks are filmed without deinterlacing"
)

# One picture for each pair of fields, at its own time; others pass as they are.
_DEINTERLACE = "mode=send_frame:parity=auto:deint=interlaced"

# Width, height, format, whether it is deinterlaced, rows cut off above and below.
_Setup: TypeAlias = tuple[int, int, str, bool, int]
# Of what bwdif takes.
_MIN_WOVEN_PX = 4


class PictureFilter:
    """Filters the pictures of one pass.

    Parameters
    ----------
    time_base
        Unit of the pictures' times.
    black_rows_px
        Cut off above and below.
    height_px
        Of what is left; a picture of another size half-way through a file stays whole.

    Attributes
    ----------
    has_deinterlaced
        Whether a picture was woven of two fields; complete after the last one.
    """

    def __init__(self, time_base: Fraction, black_rows_px: int, height_px: int) -> None:
        self.has_deinterlaced = False
        self._time_base = time_base
        self._black_rows_px = black_rows_px
        self._boxed_height_px = height_px + 2 * black_rows_px

    def passing(
        self, pictures: Iterable[tuple[int, VideoFrame]]
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Pass pictures and their times on, filtered from where it is needed."""
        pipe: _Pipe | None = None
        for pts, picture in pictures:
            self.has_deinterlaced |= picture.interlaced_frame
            setup = self._setup(picture)
            if pipe is not None and pipe.setup != setup:
                # A file that changes its format half-way gets another graph.
                yield from pipe.push(None)
                pipe = None
            if not (setup[-2] or setup[-1]):
                yield pts, picture
                continue
            pipe = pipe or _Pipe(setup, self._time_base)
            picture.pts, picture.time_base = pts, self._time_base
            yield from pipe.push(picture)
        yield from pipe.push(None) if pipe else ()

    def _setup(self, picture: VideoFrame) -> _Setup:
        is_boxed = picture.height == self._boxed_height_px
        n_rows = self._black_rows_px if is_boxed else 0
        is_large = min(picture.width, picture.height) >= _MIN_WOVEN_PX
        is_woven = self.has_deinterlaced and is_large
        return picture.width, picture.height, picture.format.name, is_woven, n_rows


class _Pipe:
    """A graph of filters for pictures of one size and format."""

    def __init__(self, setup: _Setup, time_base: Fraction) -> None:
        self.setup = setup
        self._time_base = time_base
        width_px, height_px, format_name, is_woven, n_rows = setup
        self._graph = graph = Graph()
        nodes = [
            graph.add_buffer(
                width=width_px,
                height=height_px,
                format=format_name,  # type: ignore[arg-type]  # it takes a name, too
                time_base=time_base,
            )
        ]
        if is_woven:
            nodes.append(graph.add("bwdif", _DEINTERLACE))
        if n_rows:
            inner_px = height_px - 2 * n_rows
            nodes.append(graph.add("crop", f"{width_px}:{inner_px}:0:{n_rows}"))
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
