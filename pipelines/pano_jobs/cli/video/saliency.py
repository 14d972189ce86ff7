"""`pano saliency`: overlay a sound-source heat map on a 360° video."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.chapters import as_one, videos_argument
from pano_jobs.cli.options.lens import encoder_options
from pano_jobs.cli.options.shared import (
    OUT_FILE,
    console_options,
    force_option,
    localize_options,
    output_option,
    sheet_option,
)
from pano_jobs.settings import EncoderSettings, LocalizeSettings


@click.command()
@videos_argument()
@output_option(
    "FILE.mp4",
    "Output video.  [default: VIDEO.saliency.mp4 beside it]",
    required=False,
)
@localize_options
@encoder_options
@click.option(
    "--maps",
    type=OUT_FILE,
    metavar="FILE.npz",
    help="Also write the maps, thirty a second, for `pano pan --maps`.",
)
@sheet_option
@force_option
@console_options
def saliency(
    videos: tuple[Path, ...],
    output: Path | None,
    localize: LocalizeSettings,
    encoder: EncoderSettings,
    maps: Path | None,
    sheet: Path | None,
    force: bool,
    console: Console,
) -> None:
    """Paint over a 360° VIDEO where its sound comes from.

    Several VIDEOs are the chapters of one recording, in their order.

    The result is a 360° video again, with the sound copied unchanged.
    """
    from pano_jobs.video.heat_map import default_target
    from pano_jobs.video.heat_map import saliency as run

    target = output or default_target(videos[0], encoder)
    with console.progress() as progress, as_one(videos, target, maps, sheet) as video:
        result = run(
            video,
            target,
            localize,
            encoder=encoder,
            maps_target=maps,
            sheet_target=sheet,
            overwrite=force,
            progress=progress,
        )
    console.show(dataclasses.replace(result, source=videos[0]), notes=result.notes)
