"""`pano prepare`: make a pair set of material, footage or a published data set."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.learning import count_option
from pano_jobs.cli.options.prepare import gather_options
from pano_jobs.cli.options.shared import (
    FOLDER,
    console_options,
    force_option,
    output_folder_option,
)
from pano_jobs.datasets.gather_settings import GatherSettings, Origin

MATERIAL = "material"

_DIVIDING = {"train_list", "validation_list", "test_list", "split"}
# What can be said about each; an option that would do nothing is a mistake.
_OPTIONS = {
    MATERIAL: {"n_scenes", "n_photographs", "panoramas", "seed"},
    Origin.VIDEOS: {"window_s", "every_s", "layout", "labels", *_DIVIDING},
    Origin.FOLDERS: {"window_s", "sounds", "nowhere", "recording", *_DIVIDING},
    Origin.FLICKR: {"window_s", "boxes", *_DIVIDING},
    Origin.VGGSS: {"window_s", "boxes", "labels", *_DIVIDING},
    Origin.AVSBENCH: {"window_s", "mask_boxes", *_DIVIDING},
    Origin.BOXES: {"window_s", "boxes", *_DIVIDING},
    Origin.STARSS23: {"window_s", "every_s", *_DIVIDING},
}
_ALL_OPTIONS = frozenset().union(*_OPTIONS.values())


@click.command()
@click.argument("source", type=FOLDER)
@output_folder_option(
    "Output folder of the pair set; created if missing.", required=False
)
@click.option(
    "--from",
    "origin",
    type=click.Choice([MATERIAL, *(origin.value for origin in Origin)]),
    default=MATERIAL,
    help="Kind of data set SOURCE is.",
)
@click.option(
    "--check", is_flag=True, help="Check the pair set SOURCE for faults instead."
)
@count_option(
    "--scenes",
    "n_scenes",
    4000,
    "material: composed scenes for training; a tenth each for the others.",
    least=10,
)
@count_option(
    "--photographs",
    "n_photographs",
    500,
    "material: frames of two boxed photographs, divided likewise.",
    least=0,
)
@click.option(
    "--panoramas",
    type=FOLDER,
    metavar="FOLDER",
    help="material: further equirectangular stills, behind training scenes.",
)
@click.option("--seed", type=int, default=0, help="material: random seed.")
@gather_options
@force_option
@console_options
@click.pass_context
def prepare(
    ctx: click.Context,
    source: Path,
    output: Path | None,
    origin: str,
    check: bool,
    n_scenes: int,
    n_photographs: int,
    panoramas: Path | None,
    seed: int,
    settings: GatherSettings,
    force: bool,
    console: Console,
) -> None:
    """Make a pair set of SOURCE, to train on and to measure with.

    \b
    material  a folder with a class table, classes.csv, that joins pictures,
              cut-outs and sounds by class: scenes are composed of them
    videos    footage, ordinary and 360°: pictures with their own sound,
              labelled where a sound field tells its direction
    folders   SOURCE/pictures/<class>/*.jpg and SOURCE/sounds/<class>/*.wav
    flickr    Flickr-SoundNet, with the boxes of its subjects
    vggss     VGGSound with the boxes of VGG-SS
    avsbench  one part of AVSBench, its masks as boxes
    boxes     IS3, VPO or AVSBench by their JSON of boxes
    starss23  STARSS23: foa_dev, video_dev and metadata_dev

    Recordings, pictures and people never cross between the splits. What is missing
    or broken is left out, counted and named. With --check nothing is made: the exit
    code is 1 if something in the pair set SOURCE is broken.
    """  # noqa: D301 - click's mark before a table is a real backspace
    if check:
        _check(ctx, source, console)
        return
    if output is None:
        raise click.UsageError("Missing option '-o' / '--output'.", ctx)
    _refuse_idle_options(ctx, origin)
    with console.counting() as tell:
        if origin == MATERIAL:
            from pano_jobs.datasets.prepare import PrepareSettings
            from pano_jobs.datasets.prepare import prepare as compose

            composing = PrepareSettings(
                source,
                output,
                n_scenes,
                n_photographs,
                seed,
                overwrite=force,
                panoramas=panoramas,
            )
            result = compose(composing, on_step=tell)
        else:
            from pano_jobs.datasets.gather import gather

            result = gather(
                Origin(origin), source, output, settings, overwrite=force, on_step=tell
            )
    console.show(result)


def _check(ctx: click.Context, pairs: Path, console: Console) -> None:
    from soundloc.audit.inspection import inspect_pairs

    with console.counting() as tell:
        inspection = inspect_pairs(pairs, on_step=tell)
    console.show(inspection)
    if inspection.n_faults:
        ctx.exit(1)


def _refuse_idle_options(ctx: click.Context, origin: str) -> None:
    for parameter in ctx.command.params:
        name = parameter.name or ""
        typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and name in _ALL_OPTIONS - _OPTIONS[origin]:
            words = f"{parameter.opts[0]} does nothing with --from {origin}."
            raise click.UsageError(words, ctx)
