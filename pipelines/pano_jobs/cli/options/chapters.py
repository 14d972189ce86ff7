"""Videos that are named one after another: the chapters of one recording."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from pano.errors import MediaError
from pano_jobs.cli.options.gathering import F


def videos_argument() -> Callable[[F], F]:
    """Take one video, or the chapters of one recording in their order."""
    return click.argument(
        "videos",
        nargs=-1,
        required=True,
        metavar="VIDEO...",
        type=click.Path(path_type=Path),
    )


@contextlib.contextmanager
def as_one(videos: Sequence[Path], *outputs: Path | None) -> Iterator[Path]:
    """Lend the path that all chapters are read from; no output may be one of them."""
    from pano.media.cameras.chapters import joined_chapters

    for output in outputs:
        for video in videos if len(videos) > 1 else ():
            if output is not None and output.exists() and output.samefile(video):
                raise MediaError(f"{output} is a source itself; choose another name")
    with joined_chapters(videos) as video:
        yield video
