"""The `batch` job: run a job on every video of a folder.

The output folder mirrors the input folder. A clip that fails is noted and the next
one begins; a clip whose output exists is finished and skipped, so that an
interrupted batch is simply started again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pano.errors import MediaError, PanoError
from pano.media.cameras.chapters import group_chapters, joined_chapters
from pano.media.cameras.companions import is_second_lens
from pano_jobs.results import BatchResult, ClipOutcome
from soundloc.errors import SoundlocError

# Whatever people keep 360° video in. A file with another ending is left alone.
VIDEO_SUFFIXES = frozenset(
    {
        *(".360", ".avi", ".flv", ".insv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".osv", ".ts", ".webm", ".wmv"),
    }
)

log = logging.getLogger(__name__)

ClipJob = Callable[[Path, Path], tuple[str, ...]]


def batch(
    folder: Path,
    output: Path,
    job: ClipJob,
    *,
    suffix: str = ".mp4",
    join: bool = False,
    makes: Callable[[Path], Sequence[Path]] = lambda target: (target,),
    overwrite: bool = False,
    starting: Callable[[Path], None] = lambda _: None,
) -> BatchResult:
    """Run a job on every video below a folder.

    Parameters
    ----------
    job
        Called with a clip and the file to write; says what should be known.
    suffix
        The ending of the files to write.
    join
        Make one result of files that their names say are chapters of one recording.
    makes
        Names the files that the job makes where it is given one to write; a clip that
        has all of them is finished.
    starting
        Told each clip before its job begins.

    Raises
    ------
    MediaError
        If the folder is missing or holds no video.
    """
    if not folder.is_dir():
        raise MediaError(f"{folder} is not a folder")
    plan = list(mirrored(folder, output, suffix=suffix, join=join))
    if not plan:
        raise MediaError(f"{folder} holds no video")
    outcomes = []
    for chapters, target in plan:
        source = chapters[0]
        is_finished = all(made.exists() for made in makes(target))
        if is_finished and not overwrite:
            outcomes.append(ClipOutcome(source, target, "skipped", "exists already"))
            continue
        starting(source)
        outcomes.append(_outcome(chapters, target, job))
    return BatchResult(folder=folder, output=output, clips=tuple(outcomes))


def mirrored(
    folder: Path, output: Path, *, suffix: str = ".mp4", join: bool = False
) -> Iterator[tuple[tuple[Path, ...], Path]]:
    """Pair every video below a folder, a tuple of chapters, with its place, in order.

    Hidden files and folders are left out, and so are the output folder itself where
    it lies inside and second lenses, which belong to the file of the first. Clips that
    differ only in their ending keep it in their name.
    """
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
        yield chapters, output / source.relative_to(folder).with_name(name)


def _outcome(chapters: tuple[Path, ...], target: Path, job: ClipJob) -> ClipOutcome:
    source = chapters[0]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with joined_chapters(chapters) as video:
            notes = job(video, target)
    except (PanoError, SoundlocError, OSError) as error:
        log.info("%s failed", source, exc_info=True)
        return ClipOutcome(source, target, "failed", str(error))
    return ClipOutcome(source, target, "done", "; ".join(notes))
