"""`pano view`: a page for the browser that shows the sphere, the path and the film."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from pano.media import StereoLayout
from pano.media.sound.choice import SoundChoice
from pano.projections.kinds import ProjectionChoice
from pano_jobs.cli.console import Console
from pano_jobs.cli.options.chapters import as_one, videos_argument
from pano_jobs.cli.options.projection import projection_options
from pano_jobs.cli.options.shared import (
    IN_FILE,
    OUT_FILE,
    console_options,
    force_option,
    layout_option,
)
from pano_jobs.cli.options.sound import sound_options


@click.command()
@videos_argument()
@click.option(
    "--path",
    "path_file",
    type=IN_FILE,
    required=True,
    metavar="FILE.json",
    help="Camera path, written by `pano pan --save-path`.",
)
@click.option(
    "--maps",
    type=IN_FILE,
    metavar="FILE.npz",
    help="Maps of the clip, for the heat map and the timeline.",
)
@click.option(
    "--export",
    "page",
    type=OUT_FILE,
    required=True,
    metavar="PAGE.html",
    help="Page to write: one file, which needs no server and no net.",
)
@layout_option
@projection_options
@sound_options
@force_option
@console_options
def view(
    videos: tuple[Path, ...],
    path_file: Path,
    maps: Path | None,
    page: Path,
    layout: str | None,
    stored_projection: ProjectionChoice,
    sound: SoundChoice,
    force: bool,
    console: Console,
) -> None:
    """Write a page that plays a 360° VIDEO beside its film, and says why.

    Left the sphere with what was heard and the view's outline, right the film as it
    will be, below the timeline; drag the film to look around.
    """
    from pano_jobs.view.export import export_page

    with console.progress() as progress, as_one(videos, page) as video:
        result = export_page(
            video,
            path_file,
            page,
            maps_source=maps,
            layout=None if layout is None else StereoLayout(layout),
            stored_projection=stored_projection,
            sound=sound,
            overwrite=force,
            progress=progress,
        )
    console.show(dataclasses.replace(result, source=videos[0]), notes=result.notes)
