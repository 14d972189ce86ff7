"""Where results go: refused early, and never half written under their name.

A job that runs for an hour must not find out at its end that its folder does not
exist, so every output is looked at before the first frame is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pano.errors import MediaError


def check_output(target: Path, *, source: Path | None, overwrite: bool) -> None:
    """Refuse a place that cannot or must not be written.

    Raises
    ------
    MediaError
        If the folder is missing, the file exists and must not be overwritten, or
        the output would replace its own source.
    """
    if not target.parent.is_dir():
        raise MediaError(
            f"cannot write {target}: the folder {target.parent} does not exist; "
            "create it first"
        )
    if target.is_dir():
        raise MediaError(f"cannot write {target}: it is a folder; name a file in it")
    if source is not None and _is_same_file(target, source):
        raise MediaError(
            f"cannot write {target}: it is the source itself; choose another name"
        )
    if target.exists() and not overwrite:
        raise MediaError(f"{target} exists already; pass --force to replace it")


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Lend a name beside `target` that becomes `target` only if all goes well.

    Raises
    ------
    MediaError
        If the file cannot be written, for instance because the disk is full.
    """
    part = target.with_name(f"{target.stem}.part{target.suffix}")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        raise MediaError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _is_same_file(a: Path, b: Path) -> bool:
    return a.exists() and b.exists() and a.samefile(b)
