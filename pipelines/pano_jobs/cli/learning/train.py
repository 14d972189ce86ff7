"""`pano train`: train the localizer on a pair set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.learning import (
    pairs_argument,
    picture_size_option,
    preset_option,
    refuse_idle_soundnet,
    seed_option,
    soundnet_option,
    trunks_option,
)
from pano_jobs.cli.options.shared import (
    FOLDER,
    OUT_FILE,
    console_options,
    force_option,
    output_option,
)

if TYPE_CHECKING:
    from soundloc.architecture.config import VisualTrunk


class _LossWeight(click.ParamType[tuple[str, float]]):
    """A loss and its weight, as NAME=NUMBER."""

    name = "NAME=NUMBER"

    def convert(
        self,
        value: str | tuple[str, float],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, float]:
        """Read the name and the weight."""
        if isinstance(value, tuple):
            return value
        name, _, number = value.partition("=")
        try:
            weight = float(number)
        except ValueError:
            self.fail(f"{value!r} is not NAME=NUMBER, such as ratio=0.5", param, ctx)
        if weight < 0.0:
            self.fail(f"a weight must be ≥ 0, got {value!r}", param, ctx)
        return name, weight


@click.command()
@pairs_argument
@output_option("FILE.safetensors", "Output checkpoint.")
@preset_option(
    "light",
    "Losses and optimiser: the default checkpoint's, all that was found to help, "
    "the paper's, or the paper's released code's.",
)
@click.option(
    "--trunk",
    type=click.Choice(["efficientnet_lite0", "vgg16"]),
    help="The visual trunk.  [default: the preset's; vgg16 for the last two]",
)
@click.option(
    "--sound",
    type=click.Choice(["soundnet", "log-mel"]),
    help="The sound trunk.  [default: the preset's; soundnet for the last two]",
)
@click.option(
    "--supervision",
    type=click.Choice(["unsupervised", "supervised", "semi-supervised"]),
    default="semi-supervised",
    help="Learn from co-occurrence (Eq. 6), from boxes (Eq. 8), or both (Eq. 7).",
)
@click.option(
    "--labels",
    "n_labels",
    type=click.IntRange(min=0),
    help="Number of training pictures that keep their boxes.  [default: all]",
)
@click.option(
    "--weight",
    "loss_weights",
    type=_LossWeight(),
    multiple=True,
    help="Weight of a loss, such as supervised=0.25; may be repeated.",
)
@soundnet_option
@trunks_option
@click.option(
    "--steps",
    "n_steps",
    type=click.IntRange(min=1),
    help="Number of training steps.  [default: the preset's]",
)
@picture_size_option
@seed_option
@click.option(
    "--log",
    type=OUT_FILE,
    metavar="FILE.csv",
    help="Also write the losses of every step.",
)
@click.option(
    "--tensorboard",
    type=FOLDER,
    metavar="FOLDER",
    help="Also write them for TensorBoard, where that is installed.",
)
@force_option
@console_options
def train(
    pairs: Path,
    output: Path,
    preset: str,
    trunk: str | None,
    sound: str | None,
    supervision: str,
    n_labels: int | None,
    loss_weights: tuple[tuple[str, float], ...],
    soundnet: Path | None,
    trunks: Path | None,
    n_steps: int | None,
    picture_size_px: tuple[int, int] | None,
    seed: int,
    log: Path | None,
    tensorboard: Path | None,
    force: bool,
    console: Console,
) -> None:
    """Train the localizer on PAIRS, a folder made by `pano prepare`.

    The pretrained trunks stay as they are; their answers are kept in PAIRS/features,
    so that the heads train in minutes and a second training starts at once. An
    interrupted training goes on where it was. With a GPU it trains there, in mixed
    precision; `torchrun --nproc-per-node N -m pano_jobs.cli train …` uses several.
    """
    from pano_jobs.outputs import check_output
    from pano_jobs.training.presets import SoundTrunk, Supervision
    from pano_jobs.training.train import TrainJobSettings
    from pano_jobs.training.train import train as run

    if sound is not None and trunks is not None:
        raise click.UsageError("--trunks already says what hears; leave --sound out")
    check_output(output, source=None, overwrite=force)
    settings = TrainJobSettings(
        pairs,
        output,
        preset,
        visual_trunk=cast("VisualTrunk | None", trunk),
        sound=None if sound is None else SoundTrunk(sound),
        supervision=Supervision(supervision),
        n_labels=n_labels,
        loss_weights=dict(loss_weights),
        soundnet=soundnet,
        trunks=trunks,
        n_steps=n_steps,
        picture_size_px=picture_size_px,
        seed=seed,
        log=log,
        tensorboard=tensorboard,
    )
    try:
        config = settings.recipe().config
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--weight") from error
    refuse_idle_soundnet(hears_log_mel=config.sound_features == "log-mel")
    with console.counting() as tell:
        result = run(settings, on_step=tell)
    console.show(result)
