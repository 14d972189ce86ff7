"""`pano pan`: convert a 360° video to a video with a normal field of view."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import click

from pano.media.sound.choice import SoundOut
from pano_jobs.cli.console import Console
from pano_jobs.cli.options.chapters import as_one, videos_argument
from pano_jobs.cli.options.director import direct_options
from pano_jobs.cli.options.lens import aspect_option, lens_options
from pano_jobs.cli.options.shared import (
    IN_FILE,
    OUT_FILE,
    console_options,
    force_option,
    localize_options,
    output_option,
    refuse_localize_options,
    sheet_option,
)
from pano_jobs.cli.options.sound import sound_out_option
from pano_jobs.settings import (
    DirectSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)


@click.command()
@videos_argument()
@output_option("FILE.mp4", "Output video.")
@lens_options
@aspect_option
@sound_out_option
@direct_options
@localize_options
@click.option(
    "--save-path",
    type=OUT_FILE,
    metavar="FILE.json",
    help="Also write the camera path, to edit and to render again.",
)
@click.option(
    "--save-maps",
    type=OUT_FILE,
    metavar="FILE.npz",
    help="Also write the maps of the analysis, thirty a second, for --maps.",
)
@click.option(
    "--maps",
    type=IN_FILE,
    metavar="FILE.npz",
    help="Plan from these maps of VIDEO instead of analysing it again. They are kept "
    "in 16 bits; the path lies within 0.01° of a fresh one.",
)
@sheet_option
@click.option(
    "--why",
    type=click.Path(path_type=Path),
    metavar="FILE.png|FOLDER",
    help="Also draw a page that shows what was heard and why the camera looked there.",
)
@force_option
@console_options
def pan(
    videos: tuple[Path, ...],
    output: Path,
    lens: LensSettings,
    aspects: tuple[Fraction, ...],
    sound_out: SoundOut,
    direct: DirectSettings,
    localize: LocalizeSettings,
    save_path: Path | None,
    save_maps: Path | None,
    maps: Path | None,
    sheet: Path | None,
    why: Path | None,
    force: bool,
    console: Console,
) -> None:
    """Turn a 360° VIDEO into one that looks where the sound comes from.

    Several VIDEOs are the chapters of one recording, in their order.

    The sound is copied; a sound field turns with the camera. Angles are in degrees:
    yaw is positive to the right, pitch is positive up.
    """
    if maps is not None:
        refuse_localize_options()
        if save_maps is not None:
            raise click.UsageError("--save-maps has nothing new to keep with --maps")
    from pano_jobs.explain.why import page_target
    from pano_jobs.video.pan import pan as run

    outputs = output, save_path, save_maps, sheet, why
    with console.progress() as progress, as_one(videos, *outputs) as video:
        result = run(
            video,
            output,
            PanSettings(
                localize=localize,
                lens=lens,
                aspects=aspects,
                direct=direct,
                sound_out=sound_out,
            ),
            path_target=save_path,
            maps_source=maps,
            maps_target=save_maps,
            sheet_target=sheet,
            why_target=None if why is None else page_target(why, videos[0]),
            overwrite=force,
            progress=progress,
        )
    console.show(dataclasses.replace(result, source=videos[0]), notes=result.notes)
