"""The clips of a folder: which files they are, and where their results go.

The output folder mirrors the input folder. What a clip is to the batch is the names,
sizes and times of its files: reading the files themselves would take hours.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pano.errors import MediaError
from pano.media.cameras.chapters import group_chapters
from pano.media.cameras.companions import is_second_lens, lens_beside

# Whatever people keep 360° video in. A file with another ending is left alone.
VIDEO_SUFFIXES = frozenset(
    {
        *(".360", ".avi", ".flv", ".insv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".osv", ".ts", ".webm", ".wmv"),
    }
)

_SHOWN_LETTERS = 40


@dataclass(frozen=True, slots=True)
class BatchClip:
    """One recording of a batch: its files, and the file that is made of it.

    Parameters
    ----------
    folder, output
        The input folder and the output folder.
    chapters
        The files of the recording, in order; one for most.
    """

    folder: Path
    output: Path
    chapters: tuple[Path, ...]
    target: Path

    @property
    def source(self) -> Path:
        """The file that the recording begins with."""
        return self.chapters[0]

    @property
    def name(self) -> str:
        """A name for the clip's own files: no other clip's, and never too long."""
        relative = self.target.relative_to(self.output).as_posix()
        digest = hashlib.sha256(relative.encode("utf-8", "surrogateescape")).hexdigest()
        return f"{self.target.stem[:_SHOWN_LETTERS]}-{digest[:12]}"

    def identity(self) -> SourceIdentity:
        """Look at the clip's files.

        Raises
        ------
        MediaError
            If one of them is gone.
        """
        others = (lens_beside(path) for path in self.chapters)
        files = (*self.chapters, *(path for path in others if path is not None))
        found = []
        for path in files:
            try:
                stat = path.stat()
            except OSError as error:
                raise MediaError(
                    f"{path} cannot be read ({error.strerror}); it was there before"
                ) from error
            name = path.relative_to(self.folder).as_posix()
            found.append((name, stat.st_size, stat.st_mtime_ns))
        return SourceIdentity(tuple(found))


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """The files of a clip: the name in the folder, size and time of each."""

    files: tuple[tuple[str, int, int], ...]

    @property
    def n_bytes(self) -> int:
        """The size of all together."""
        return sum(size for _, size, _ in self.files)

    @property
    def changed_s(self) -> float:
        """When the latest of them was changed, in seconds since 1970."""
        return max(time_ns for _, _, time_ns in self.files) / 1e9


def find_clips(
    folder: Path, output: Path, *, suffix: str = ".mp4", join: bool = False
) -> Iterator[BatchClip]:
    """Find every video below a folder and its place in the output, in order.

    Hidden files and folders are left out, and so are the output folder itself where
    it lies inside and second lenses, which belong to the file of the first. Clips that
    differ only in their ending keep it in their name.

    Parameters
    ----------
    suffix
        The ending of the files to write.
    join
        Make one clip of files that their names say are chapters of one recording.

    Raises
    ------
    MediaError
        If the folder is missing.
    """
    if not folder.is_dir():
        raise MediaError(f"{folder} is not a folder")
    inside = output.resolve()
    sources = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in VIDEO_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and inside not in path.resolve().parents
        and not is_second_lens(path)
    ]
    stems = Counter(path.with_suffix("") for path in sources)
    groups = group_chapters(sources) if join else [(source,) for source in sources]
    for chapters in groups:
        source = chapters[0]
        is_alone = stems[source.with_suffix("")] == 1
        name = f"{source.stem if is_alone else source.name}{suffix}"
        target = output / source.relative_to(folder).with_name(name)
        yield BatchClip(folder, output, chapters, target)
