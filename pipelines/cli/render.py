"""`pano render`: film again along a saved camera path."""

from __future__ import annotations

from pathlib import Path

import click

from pano.media import StereoLayout
from pipelines.cli.console import Console
from pipelines.cli.options import (
    HFOV,
    IN_FILE,
    OUT_FILE,
    console_options,
    force_option,
    layout_option,
    size_option,
)
from pipelines.settings import LensSettings


@click.command()
@click.argument("video", type=IN_FILE)
@click.option(
    "--path",
    "path_file",
    type=IN_FILE,
    required=True,
    metavar="FILE.json",
    help="The camera path that `pano pan --save-path` wrote.",
)
@click.option(
    "-o",
    "--output",
    type=OUT_FILE,
    required=True,
    metavar="FILE.mp4",
    help="The video to write.",
)
@click.option(
    "--hfov",
    "hfov_deg",
    type=HFOV,
    metavar="DEGREES",
    help="Horizontal field of view.  [default: the path's own]",
)
@size_option
@layout_option
@force_option
@console_options
def render(
    video: Path,
    path_file: Path,
    output: Path,
    hfov_deg: float | None,
    size: tuple[int, int],
    layout: str | None,
    force: bool,
    console: Console,
) -> None:
    """Film a 360° VIDEO again along a camera path.

    For a path that was edited by hand, or another lens or picture size.
    """
    from pipelines.pan import render as run

    with console.progress() as progress:
        result = run(
            video,
            path_file,
            output,
            LensSettings(width_px=size[0], height_px=size[1]),
            hfov_deg=hfov_deg,
            layout=None if layout is None else StereoLayout(layout),
            overwrite=force,
            progress=progress,
        )
    console.show(result, notes=result.notes)
