"""`pano info`: print the properties of a video file."""

from __future__ import annotations

from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.shared import IN_FILE, console_options


@click.command()
@click.argument("video", type=IN_FILE)
@console_options
def info(video: Path, console: Console) -> None:
    """Tell the projection, stereo layout, sound and clock of a VIDEO."""
    from pano_jobs.video.info import describe

    found = describe(video)
    console.show(found, notes=found.notes)
