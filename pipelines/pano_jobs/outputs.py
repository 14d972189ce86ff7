"""Where results go: refused early, and never half written under their name.

A job that runs for an hour must not find out at its end that its folder does not
exist, so every output is looked at before the first frame is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pano.errors import MediaError
from pano.media import check_target


def check_output(target: Path, *, source: Path | None, overwrite: bool) -> None:
    """Refuse a place that cannot or must not be written.

    A source that is missing is no matter of the output: whoever opens it says so.

    Raises
    ------
    MediaError
        If the folder is missing, the file exists and must not be overwritten, or
        the output would replace its own source.
    """
    known = source if source is not None and source.exists() else None
    check_target(target, source=known, overwrite=overwrite)


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
