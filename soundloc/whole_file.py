"""Files that appear under their name only when they are complete.

`pano.whole_file` is the same: the two packages know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Lend a name beside `target` that becomes `target` only if all goes well."""
    part = target.with_name(f"{target.stem}.part{target.suffix}")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
