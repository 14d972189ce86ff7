"""`pano batch`: process all 360° videos of a folder."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click

from pano.media.sound.choice import SoundOut
from pano.media.writing.encoders import suffix_of
from pano_jobs.cli.console import Console
from pano_jobs.cli.options.director import direct_options
from pano_jobs.cli.options.lens import aspect_option, lens_options
from pano_jobs.cli.options.shared import (
    console_options,
    force_option,
    localize_options,
    output_folder_option,
)
from pano_jobs.cli.options.sound import sound_out_option
from pano_jobs.settings import (
    DirectSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@output_folder_option("Output folder; its subfolders mirror those of FOLDER.")
@click.option(
    "--job",
    type=click.Choice(["pan", "saliency"]),
    default="pan",
    help="Job to run on every video.",
)
@lens_options
@aspect_option
@sound_out_option
@direct_options
@localize_options
@click.option(
    "--why",
    "has_page",
    is_flag=True,
    help="Also draw a page beside each video that shows why the camera looked there.",
)
@click.option(
    "--join",
    is_flag=True,
    help="Make one video of files that a camera's names call chapters of a recording.",
)
@force_option
@console_options
@click.pass_context
def batch(
    ctx: click.Context,
    folder: Path,
    output: Path,
    job: str,
    lens: LensSettings,
    aspects: tuple[Fraction, ...],
    sound_out: SoundOut,
    direct: DirectSettings,
    localize: LocalizeSettings,
    has_page: bool,
    join: bool,
    force: bool,
    console: Console,
) -> None:
    """Pan every 360° video below FOLDER, or paint its heat map.

    A clip that fails is reported and the next one begins; results that exist are
    skipped, so an interrupted batch is simply started again. The exit code is 1 if
    any clip failed.
    """
    from pano_jobs.explain.why import page_target
    from pano_jobs.video.batch import batch as run
    from pano_jobs.video.heat_map import saliency
    from pano_jobs.video.pan import pan
    from pano_jobs.video.takes import lenses_of, named

    settings = PanSettings(
        localize=localize,
        lens=lens,
        aspects=aspects,
        direct=direct,
        sound_out=sound_out,
    )

    def makes(target: Path) -> list[Path]:
        if job == "saliency":
            return [target]
        return named(target, settings, lenses_of(settings))

    def one(source: Path, target: Path) -> tuple[str, ...]:
        with console.progress() as progress:
            if job == "saliency":
                return saliency(
                    source,
                    target,
                    localize,
                    encoder=lens.encoder,
                    overwrite=force,
                    progress=progress,
                ).notes
            return pan(
                source,
                target,
                settings,
                why_target=page_target(target.parent, target) if has_page else None,
                overwrite=force,
                progress=progress,
            ).notes

    result = run(
        folder,
        output,
        one,
        suffix=suffix_of(lens.encoder.name),
        join=join,
        makes=makes,
        overwrite=force,
        starting=lambda source: console.note(str(source)),
    )
    console.show(result)
    if result.count("failed"):
        ctx.exit(1)
