"""Options that several commands share, each with its unit and its default."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import click
from click.core import ParameterSource

from pano.media import StereoLayout
from pano.media.frames import ANALYSIS_RATE_HZ
from pano.media.sound.choice import SoundChoice
from pano.projections.kinds import ProjectionChoice
from pano_jobs.cli.config import read_config
from pano_jobs.cli.console import Console
from pano_jobs.cli.options.gathering import F, gathered
from pano_jobs.cli.options.projection import projection_choice, projection_options
from pano_jobs.cli.options.sound import sound_options
from pano_jobs.settings import (
    COMPUTE_ENGINES,
    EVIDENCE,
    LOOKS,
    Compute,
    Evidence,
    LocalizeSettings,
    Looks,
    PanSettings,
)

DEFAULT = PanSettings()
OUT_FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
IN_FILE = click.Path(path_type=Path)
HFOV = click.FloatRange(0.0, 360.0, min_open=True, max_open=True)
POSITIVE = click.FloatRange(min=0.0, min_open=True)


def _localize_settings(
    *,
    window_s: float,
    visual_rate_hz: float,
    looks: Looks,
    motion_gain: float,
    synchrony_gain: float,
    layout: str | None,
    stored_projection: ProjectionChoice,
    sound: SoundChoice,
    evidence: Evidence,
    checkpoint: Path | None,
    compute: Compute,
    no_sound_ok: bool,
) -> LocalizeSettings:
    return LocalizeSettings(
        window_s=window_s,
        visual_rate_hz=visual_rate_hz,
        looks=looks,
        motion_gain=motion_gain,
        synchrony_gain=synchrony_gain,
        layout=None if layout is None else StereoLayout(layout),
        projection=stored_projection,
        sound=sound,
        evidence=evidence,
        checkpoint=checkpoint,
        compute=compute,
        require_sound=not no_sound_ok,
    )


def output_option(
    metavar: str, words: str, *, required: bool = True
) -> Callable[[F], F]:
    """Offer `--output`, a file."""
    return click.option(
        "-o", "--output", type=OUT_FILE, required=required, metavar=metavar, help=words
    )


def output_folder_option(words: str, *, required: bool = True) -> Callable[[F], F]:
    """Offer `--output`, a folder."""
    return click.option(
        "-o", "--output", type=FOLDER, required=required, metavar="FOLDER", help=words
    )


console_options = gathered(
    "console",
    Console,
    click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.toml",
        is_eager=True,
        expose_value=False,
        callback=read_config,
        help="Read defaults from this file; its keys are the long options.",
    ),
    click.option(
        "--json", "as_json", is_flag=True, help="Print the result as one JSON object."
    ),
    click.option("--quiet", is_flag=True, help="Print no progress and no text."),
)

force_option = click.option("--force", is_flag=True, help="Overwrite existing output.")

layout_option = click.option(
    "--layout",
    type=click.Choice([layout.value for layout in StereoLayout]),
    help="Stereo layout of the input.  [default: from the file]",
)

sheet_option = click.option(
    "--sheet",
    type=OUT_FILE,
    metavar="FILE.png",
    help="Also write a contact sheet of some frames.",
)

checkpoint_option = click.option(
    "--checkpoint",
    type=IN_FILE,
    metavar="FILE",
    help="Checkpoint of the localizer.  [default: the bundled one]",
)

localize_options = gathered(
    "localize",
    _localize_settings,
    click.option(
        "--window",
        "window_s",
        type=POSITIVE,
        metavar="SECONDS",
        default=DEFAULT.localize.window_s,
        help="Length of the sound window around each frame.",
    ),
    click.option(
        "--visual-rate",
        "visual_rate_hz",
        type=click.FloatRange(0.0, float(ANALYSIS_RATE_HZ), min_open=True),
        metavar="HZ",
        default=DEFAULT.localize.visual_rate_hz,
        help="Frames per second the visual network runs on; 30 is the paper.",
    ),
    click.option(
        "--looks",
        type=click.Choice(LOOKS),
        default=DEFAULT.localize.looks,
        help="Look again at what changed, or at all of each picture as the paper does.",
    ),
    click.option(
        "--motion-gain",
        "motion_gain",
        type=click.FloatRange(min=0.0),
        metavar="GAIN",
        default=DEFAULT.localize.motion_gain,
        help="Extra weight of motion where confidence is low; 0 disables it.",
    ),
    click.option(
        "--synchrony-gain",
        "synchrony_gain",
        type=click.FloatRange(min=0.0, max=10.0),
        metavar="GAIN",
        default=DEFAULT.localize.synchrony_gain,
        help="Weight of what moves in time with the sound; 0 disables it.",
    ),
    layout_option,
    projection_options,
    sound_options,
    click.option(
        "--evidence",
        type=click.Choice(EVIDENCE),
        default=DEFAULT.localize.evidence,
        help="Go by the picture, by the direction in a sound field, or by both.",
    ),
    checkpoint_option,
    click.option(
        "--compute",
        type=click.Choice(COMPUTE_ENGINES),
        default=DEFAULT.localize.compute,
        help="Engine of the visual network: the quickest, or an exact one.",
    ),
    click.option(
        "--no-sound-ok",
        "no_sound_ok",
        is_flag=True,
        help="Accept a clip without sound; the camera holds its start view.",
    ),
)


def refuse_localize_options() -> None:
    """Refuse what would change an analysis where none is made.

    A configuration file serves all commands, so what it says is passed over.
    """
    ctx = click.get_current_context()
    idle = {
        name
        for settings in (_localize_settings, projection_choice)
        for name in inspect.signature(settings).parameters
    }
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name in idle and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} has no effect with --maps, which holds an "
                "analysis already made; leave one of the two out",
                ctx,
            )
