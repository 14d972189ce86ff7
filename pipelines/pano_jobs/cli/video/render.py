"""`pano render`: render a video along a saved camera path, or fixed views of it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import click

from pano.camera.lens import Lens
from pano.media import StereoLayout
from pano.media.sound.choice import SoundChoice, SoundOut
from pano.projections.kinds import ProjectionChoice
from pano_jobs.cli.console import Console
from pano_jobs.cli.options.chapters import as_one, videos_argument
from pano_jobs.cli.options.lens import (
    LENSES,
    aspect_option,
    encoder_options,
    level_option,
    shutter_option,
    size_option,
    stabilize_option,
)
from pano_jobs.cli.options.projection import projection_options
from pano_jobs.cli.options.rig import (
    RigChoice,
    asked_size,
    refuse_path_options,
    rig_options,
)
from pano_jobs.cli.options.shared import (
    HFOV,
    IN_FILE,
    console_options,
    force_option,
    layout_option,
)
from pano_jobs.cli.options.sound import sound_options, sound_out_option
from pano_jobs.settings import EncoderSettings, LensSettings, Level


@click.command()
@videos_argument()
@click.option(
    "--path",
    "path_file",
    type=IN_FILE,
    metavar="FILE.json",
    help="Camera path, written by `pano pan --save-path`.",
)
@rig_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE.mp4|FOLDER",
    help="Output video; of a rig the folder, with the poses.",
)
@click.option(
    "--hfov",
    "hfov_deg",
    type=HFOV,
    metavar="DEGREES",
    help="Horizontal field of view.  [default: the path's own, 90 of a rig]",
)
@click.option(
    "--lens",
    "projection",
    type=click.Choice(LENSES),
    help="Projection of the lens.  [default: the path's own]",
)
@size_option
@aspect_option
@shutter_option
@stabilize_option
@level_option
@encoder_options
@layout_option
@projection_options
@sound_options
@sound_out_option
@force_option
@console_options
def render(
    videos: tuple[Path, ...],
    path_file: Path | None,
    rig: RigChoice | None,
    output: Path,
    hfov_deg: float | None,
    projection: str | None,
    size: tuple[int, int],
    aspects: tuple[Fraction, ...],
    shutter_deg: float,
    is_stabilized: bool,
    level: Level,
    encoder: EncoderSettings,
    layout: str | None,
    stored_projection: ProjectionChoice,
    sound: SoundChoice,
    sound_out: SoundOut,
    force: bool,
    console: Console,
) -> None:
    """Render a 360° VIDEO again along a camera path, or fixed views of it.

    For a path that was edited by hand, or another lens or picture size. The views of a
    rig are filmed at once into a folder, with their poses for nerfstudio and COLMAP.
    """
    packing = None if layout is None else StereoLayout(layout)
    if rig is not None:
        refuse_path_options()
        _film_rig(
            videos,
            rig,
            output,
            hfov_deg=hfov_deg,
            size=asked_size(size),
            encoder=encoder,
            layout=packing,
            stored_projection=stored_projection,
            sound=sound,
            sound_out=sound_out,
            force=force,
            console=console,
        )
        return
    if path_file is None:
        raise click.UsageError("say where to look: --path FILE.json, or --rig N")
    from pano_jobs.video.render import render as run

    with console.progress() as progress, as_one(videos, output) as video:
        result = run(
            video,
            path_file,
            output,
            LensSettings(
                width_px=size[0],
                height_px=size[1],
                shutter_deg=shutter_deg,
                encoder=encoder,
                is_stabilized=is_stabilized,
                level=level,
            ),
            hfov_deg=hfov_deg,
            projection=None if projection is None else Lens(projection),
            aspects=aspects,
            layout=packing,
            stored_projection=stored_projection,
            sound=sound,
            sound_out=sound_out,
            overwrite=force,
            progress=progress,
        )
    console.show(dataclasses.replace(result, source=videos[0]), notes=result.notes)


def _film_rig(
    videos: tuple[Path, ...],
    rig: RigChoice,
    output: Path,
    *,
    hfov_deg: float | None,
    size: tuple[int, int] | None,
    encoder: EncoderSettings,
    layout: StereoLayout | None,
    stored_projection: ProjectionChoice,
    sound: SoundChoice,
    sound_out: SoundOut,
    force: bool,
    console: Console,
) -> None:
    from pano_jobs.video.rig import film_rig

    with console.progress() as progress, as_one(videos, output) as video:
        result = film_rig(
            video,
            output,
            rig.views(hfov_deg, size),
            size=size,
            pictures=rig.pictures,
            encoder=encoder,
            layout=layout,
            stored_projection=stored_projection,
            sound=sound,
            sound_out=sound_out,
            overwrite=force,
            progress=progress,
        )
    console.show(dataclasses.replace(result, source=videos[0]), notes=result.notes)
