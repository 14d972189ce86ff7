"""`pano view`: a page in the browser that shows the sphere, the path and the film."""

from __future__ import annotations

import dataclasses
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from pano_jobs.view.server import ViewServer


@click.command()
@videos_argument()
@click.option(
    "--path",
    "path_file",
    type=IN_FILE,
    metavar="FILE.json",
    help="Camera path, written by `pano pan --save-path`.  [default: planned now]",
)
@click.option(
    "--maps",
    type=IN_FILE,
    metavar="FILE.npz",
    help="Maps, written by `pano pan --save-maps`.  [default: analysed now]",
)
@click.option(
    "-o",
    "--output",
    type=OUT_FILE,
    metavar="FILE.mp4",
    help="Film that the page makes; its path gets the same name, .json.  [default: "
    "VIDEO.view.mp4 beside it]",
)
@click.option(
    "--export",
    "page",
    type=OUT_FILE,
    metavar="PAGE.html",
    help="Write the page to one file, which needs no server and no net, instead.",
)
@click.option(
    "--no-browser", is_flag=True, help="Only say the page's address, and open nothing."
)
@layout_option
@projection_options
@sound_options
@force_option
@console_options
def view(
    videos: tuple[Path, ...],
    path_file: Path | None,
    maps: Path | None,
    output: Path | None,
    page: Path | None,
    no_browser: bool,
    layout: str | None,
    stored_projection: ProjectionChoice,
    sound: SoundChoice,
    force: bool,
    console: Console,
) -> None:
    """Look at a 360° VIDEO beside its film in the browser, and change the path.

    Left the sphere with what was heard and the view's outline, right the film as it
    will be, below the timeline; drag the film to look around and pin what you see.
    Ctrl-C ends it.
    """
    opened: dict[str, Any] = {
        "path_source": path_file,
        "maps_source": maps,
        "layout": None if layout is None else StereoLayout(layout),
        "stored_projection": stored_projection,
        "sound": sound,
        "overwrite": force,
    }
    if page is None:
        target = output or videos[0].with_name(f"{videos[0].stem}.view.mp4")
        _serve(videos, target, opened, console, opens=not no_browser)
        return
    if path_file is None:
        raise click.UsageError("--export shows a path: say which with --path FILE.json")
    if output is not None:
        raise click.UsageError("--export makes no film; leave --output out")
    from pano_jobs.view.export import export_page

    with console.progress() as progress, as_one(videos, page) as video:
        result = export_page(video, target=page, **opened, progress=progress)
    console.show(dataclasses.replace(result, source=videos[0]), notes=result.notes)


def _serve(
    videos: tuple[Path, ...],
    target: Path,
    opened: dict[str, Any],
    console: Console,
    *,
    opens: bool,
) -> None:
    from pano_jobs.view.session import serve_page

    def tell(server: ViewServer) -> None:
        click.echo(f"{server.address} shows it until you press Ctrl-C")
        if opens:
            webbrowser.open(server.address)

    with console.progress() as progress, as_one(videos, target) as video:
        serve_page(video, target, **opened, progress=progress, on_open=tell)
