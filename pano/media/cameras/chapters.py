"""Recordings that a camera has cut into chapters, read as one.

Cameras begin a new file every few gigabytes. A list of files in FFmpeg's own format
(`ffconcat`) is opened in the place of a video, and everything that reads a video reads
it: pictures, sound and times go on where the chapter before ends.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from pano.errors import MediaError
from pano.media.reading import LIST_SUFFIX, open_input

# In the names of an Insta360 that writes a file for each lens.
_FIRST_LENS, _SECOND_LENS = "_00_", "_10_"
# GoPro: GS010123.360, GS020123.360; Insta360: VID_20240101_101010_00_001.insv, …_002.
_NAMES = (
    re.compile(r"^(?P<head>G[A-Z])(?P<chapter>\d\d)(?P<tail>\d{4}\.\w+)$"),
    re.compile(r"^(?P<head>\w+_\d{6}_\d\d_)(?P<chapter>\d{3})(?P<tail>\.insv)$"),
)


@contextlib.contextmanager
def joined_chapters(paths: Sequence[Path]) -> Iterator[Path]:
    """Lend the path that all chapters, in this order, can be read from as one video.

    Raises
    ------
    MediaError
        If a chapter is missing or is not like the first.
    """
    if len(paths) == 1:
        yield paths[0]
        return
    with tempfile.TemporaryDirectory(prefix="pano-") as folder:
        listed = Path(folder) / f"{paths[0].stem}{LIST_SUFFIX}"
        listed.write_text("\n".join(_lines(paths)) + "\n", encoding="utf-8")
        if all(map(is_with_second_lens, paths)):
            lines = _lines([second_lens_of(path) for path in paths])
            second_lens_of(listed).write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield listed


def second_lens_of(path: Path) -> Path:
    """Return what the file of the second lens is called; the same if it has no name."""
    return path.with_name(path.name.replace(_FIRST_LENS, _SECOND_LENS))


def first_lens_of(path: Path) -> Path:
    """Return what the file of the first lens is called; the same if it is that."""
    return path.with_name(path.name.replace(_SECOND_LENS, _FIRST_LENS))


def is_with_second_lens(path: Path) -> bool:
    """Tell whether the file of the second lens lies beside that of the first."""
    other = second_lens_of(path)
    return other != path and other.is_file()


def chapters_of(path: Path) -> tuple[Path, ...]:
    """Return the files that a path stands for: those of a list, or itself."""
    if path.suffix.lower() != LIST_SUFFIX:
        return (path,)
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("file "):
            name = line.removeprefix("file ").strip()
            found.append(path.parent / Path(_unquoted(name)))
    if not found:
        raise MediaError(f"{path} lists no file; write one `file NAME` a line")
    return tuple(found)


def group_chapters(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Put files together that their names say are chapters of one recording, in order.

    A recording whose first chapter is missing is left as single files.
    """
    recordings: dict[object, list[tuple[int, Path]]] = {}
    for path in paths:
        for number, pattern in enumerate(_NAMES):
            match = pattern.match(path.name)
            if match:
                key: object = (path.parent, number, match["head"], match["tail"])
                recordings.setdefault(key, []).append((int(match["chapter"]), path))
                break
        else:
            recordings[path] = [(1, path)]
    groups: list[tuple[Path, ...]] = []
    for found in recordings.values():
        found.sort()
        if [chapter for chapter, _ in found] == list(range(1, len(found) + 1)):
            groups.append(tuple(path for _, path in found))
        else:
            groups.extend((path,) for _, path in found)
    return sorted(groups)


def _lines(paths: Sequence[Path]) -> Iterator[str]:
    yield "ffconcat version 1.0"
    first: object = None
    for path in paths:
        kind, duration = _kind_and_duration(path)
        first = first or kind
        if kind != first:
            raise MediaError(
                f"{path} is not a chapter of {paths[0]}: its tracks are others"
            )
        yield f"file {_quoted(path.resolve())}"
        if duration is not None:
            # Without it the next chapter begins where the longest track ends.
            yield f"duration {float(duration):.6f}"


def _kind_and_duration(path: Path) -> tuple[object, Fraction | None]:
    """Return what all chapters must share, and how long the pictures last."""
    with open_input(path) as container:
        videos, sounds = container.streams.video, container.streams.audio
        kind = (
            [(video.codec.name, video.width, video.height) for video in videos],
            [(sound.codec.name, sound.rate, sound.layout.name) for sound in sounds],
        )
        duration = None
        if videos and videos[0].duration and videos[0].time_base:
            duration = videos[0].duration * videos[0].time_base
    return kind, duration


def _quoted(path: Path) -> str:
    """Quote a path for FFmpeg: in single quotes, those inside written outside."""
    return "'" + str(path).replace("'", "'\\''") + "'"


def _unquoted(name: str) -> str:
    if not name.startswith("'"):
        return name.replace("\\ ", " ")
    return name.replace("'\\''", "\0").strip("'").replace("\0", "'")
