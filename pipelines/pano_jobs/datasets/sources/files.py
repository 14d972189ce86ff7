"""An index of the media files below a folder, by the names of their clips.

Published layouts differ (`Data/<0-9>/<id>.jpg`, `frames/<id>.jpg`, a folder of frames
named `<id>`), their ids do not; looking everything up by id reads them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from soundloc.data.clip_names import (
    PICTURE_SUFFIXES,
    SOUND_SUFFIXES,
    VIDEO_SUFFIXES,
    clip_name,
)
from soundloc.errors import DatasetError

FilesByName = dict[str, list[Path]]


def files_below(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """List the files of a kind below a folder, sorted; hidden ones are passed over.

    Raises
    ------
    DatasetError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder; check the name.")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def grouped(paths: Iterable[Path], name: Callable[[Path], str]) -> FilesByName:
    """Group files by a name."""
    found: FilesByName = {}
    for path in paths:
        found.setdefault(name(path), []).append(path)
    return found


@dataclass(frozen=True, slots=True)
class MediaIndex:
    """The media below a folder, by the names of their clips.

    Parameters
    ----------
    frames
        Pictures by the folder they lie in, for videos kept as folders of frames.
    """

    pictures: FilesByName
    sounds: FilesByName
    videos: FilesByName
    frames: FilesByName

    @classmethod
    def of(cls, folder: Path) -> MediaIndex:
        """Look through a folder.

        Raises
        ------
        DatasetError
            If there is no such folder.
        """
        media = PICTURE_SUFFIXES | SOUND_SUFFIXES | VIDEO_SUFFIXES
        paths = files_below(folder, media)

        def by_name(suffixes: frozenset[str]) -> FilesByName:
            chosen = (path for path in paths if path.suffix.lower() in suffixes)
            return grouped(chosen, lambda path: clip_name(path.name))

        pictures = [path for path in paths if path.suffix.lower() in PICTURE_SUFFIXES]
        return cls(
            by_name(PICTURE_SUFFIXES),
            by_name(SOUND_SUFFIXES),
            by_name(VIDEO_SUFFIXES),
            grouped(pictures, lambda path: clip_name(path.parent.name)),
        )

    def picture(self, clip: str) -> Path | None:
        """Find the picture of a clip: of several the first."""
        return next(iter(self.pictures.get(clip, ())), None)

    def sound(self, clip: str) -> Path | None:
        """Find the sound of a clip."""
        return next(iter(self.sounds.get(clip, ())), None)

    def video(self, clip: str) -> Path | None:
        """Find the video of a clip."""
        return next(iter(self.videos.get(clip, ())), None)


class TailIndex:
    """Files below a folder, found by paths of somebody else's disk."""

    def __init__(self, folder: Path, suffixes: frozenset[str]) -> None:
        self._paths = grouped(files_below(folder, suffixes), lambda path: path.name)

    def find(self, foreign: str) -> Path | None:
        """Find the file whose path ends most like the foreign one; None if none does.

        Of several that end alike the first is taken.
        """
        parts = foreign.replace("\\", "/").split("/")

        def n_alike(path: Path) -> int:
            ours = path.parts
            n = 0
            while n < min(len(ours), len(parts)) and ours[-1 - n] == parts[-1 - n]:
                n += 1
            return n

        return max(self._paths.get(parts[-1], []), key=n_alike, default=None)
