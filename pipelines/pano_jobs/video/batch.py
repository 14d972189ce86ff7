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
from pano_jobs.results import BatchResult, ClipOutcome
from soundloc.errors import SoundlocError

# Whatever people keep 360° video in. A file with another ending is left alone.
VIDEO_SUFFIXES = frozenset(
    {
        *(".360", ".avi", ".flv", ".insv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".webm", ".wmv"),
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
    plan = list(mirrored(folder, output, suffix=suffix))
    if not plan:
        raise MediaError(f"{folder} holds no video")
    outcomes = []
    for source, target in plan:
        is_finished = all(made.exists() for made in makes(target))
        if is_finished and not overwrite:
            outcomes.append(ClipOutcome(source, target, "skipped", "exists already"))
            continue
        starting(source)
        outcomes.append(_outcome(source, target, job))
    return BatchResult(folder=folder, output=output, clips=tuple(outcomes))


def mirrored(
    folder: Path, output: Path, *, suffix: str = ".mp4"
) -> Iterator[tuple[Path, Path]]:
    """Pair every video below a folder with its place in the output, in order.

    Hidden files and folders are left out, and so is the output folder itself where
    it lies inside. Clips that differ only in their ending keep it in their name.
    """
    inside = output.resolve()
    sources = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in VIDEO_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and inside not in path.resolve().parents
    ]
    stems = Counter(path.with_suffix("") for path in sources)
    for source in sources:
        is_alone = stems[source.with_suffix("")] == 1
        name = f"{source.stem if is_alone else source.name}{suffix}"
        yield source, output / source.relative_to(folder).with_name(name)


def _outcome(source: Path, target: Path, job: ClipJob) -> ClipOutcome:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        notes = job(source, target)
    except (PanoError, SoundlocError, OSError) as error:
        log.info("%s failed", source, exc_info=True)
        return ClipOutcome(source, target, "failed", str(error))
    return ClipOutcome(source, target, "done", "; ".join(notes))
