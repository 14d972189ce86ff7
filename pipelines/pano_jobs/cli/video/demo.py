"""`pano demo`: run the pipeline on a synthetic clip with known truth."""

from __future__ import annotations

from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.director import direct_options
from pano_jobs.cli.options.lens import lens_options
from pano_jobs.cli.options.shared import console_options, force_option, localize_options
from pano_jobs.settings import (
    DemoSettings,
    DirectSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)

DEFAULT = DemoSettings()


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("pano-demo"),
    metavar="FOLDER",
    help="Output folder for clip, video, camera path and contact sheet.",
)
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(min=1.0),
    metavar="SECONDS",
    default=DEFAULT.duration_s,
    help="Length of the clip.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    default=DEFAULT.seed,
    help="Random seed of the sources and their places.",
)
@lens_options
@direct_options
@localize_options
@force_option
@console_options
def demo(
    output: Path,
    duration_s: float,
    seed: int,
    lens: LensSettings,
    direct: DirectSettings,
    localize: LocalizeSettings,
    force: bool,
    console: Console,
) -> None:
    """Draw a 360° clip, pan it, and say how far off the camera was.

    The drawn sources sound one after another, one of them while it crosses the seam
    of the picture. The camera does not know where they are.
    """
    from pano_jobs.video.demo import demo as run

    with console.progress() as progress:
        result = run(
            output,
            DemoSettings(duration_s=duration_s, seed=seed),
            PanSettings(localize=localize, lens=lens, direct=direct),
            overwrite=force,
            progress=progress,
        )
    console.show(result, notes=result.notes)
