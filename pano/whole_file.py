"""Writes files that are renamed to their final name when complete."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Lend a temporary file that is renamed to `target` only on success."""
    part = target.with_name(f"{target.stem}.part{target.suffix}")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def why_unwritten(target: Path, code: int | None, words: object) -> str:
    """Say why a file was not written, by the error's code and its own words."""
    if code in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {target} was not written; make room"
    return f"{target} cannot be written: {words}"
