"""Output files: checked before the work, renamed when complete.

A job that runs for an hour must not find out at its end that its folder does not
exist, so every output is looked at before the first frame is decoded.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pano import whole_file
from pano.errors import MediaError
from pano.media import check_target

# What the public functions take where a file is meant.
StrPath = str | os.PathLike[str]

# What shows that a folder was written by a rig: nothing else is replaced.
POSES = "transforms.json"


def optional_path(file: StrPath | None) -> Path | None:
    """Return an optional file as a path."""
    return None if file is None else Path(file)


def check_output(target: Path, *, source: Path | None, overwrite: bool) -> None:
    """Raise if an output cannot or must not be written.

    A source that is missing is no matter of the output: whoever opens it says so.

    Raises
    ------
    MediaError
        If the folder is missing, the file exists and must not be overwritten, or
        the output would replace its own source.
    """
    known = source if source is not None and source.exists() else None
    check_target(target, source=known, overwrite=overwrite)


def check_results(files: Sequence[Path], *, overwrite: bool) -> None:
    """Create the folder of a job's results; raise if some must not be overwritten.

    Raises
    ------
    MediaError
        If one of the files exists and may not be overwritten.
    """
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_output(path, source=None, overwrite=overwrite)


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Lend a temporary file that is renamed to `target` only on success.

    Raises
    ------
    MediaError
        If the file cannot be written, for instance because the disk is full.
    """
    try:
        with whole_file.written_whole(target) as part:
            yield part
    except OSError as error:
        raise MediaError(
            whole_file.why_unwritten(target, error.errno, error.strerror or error)
        ) from error


@contextmanager
def written_whole_folder(
    target: Path, *, source: Path, overwrite: bool
) -> Iterator[Path]:
    """Lend a folder for a rig that is renamed to `target` only on success.

    Raises
    ------
    MediaError
        If the folder exists and must not be replaced, holds other things or the
        source, or cannot be written.
    """
    part = target.with_name(f"{target.name}.part")
    _check_folder(target, part, source=source, overwrite=overwrite)
    try:
        if part.exists():
            shutil.rmtree(part)
        part.mkdir()
        (part / POSES).touch()
        try:
            yield part
            if target.exists():
                shutil.rmtree(target)
            part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise MediaError(
            whole_file.why_unwritten(target, error.errno, error.strerror or error)
        ) from error


def _check_folder(target: Path, part: Path, *, source: Path, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise MediaError(f"the folder {target.parent} does not exist; create it first")
    for folder in (target, part):
        if not (folder.exists() or folder.is_symlink()):
            continue
        if not overwrite:
            raise MediaError(f"{folder} exists; choose another name or add --force")
        if folder.is_symlink() or not (folder / POSES).is_file():
            raise MediaError(f"{folder} is no folder of a rig; choose another name")
        if source.resolve().is_relative_to(folder.resolve()):
            raise MediaError(f"{source} lies in {folder}; choose another folder")
