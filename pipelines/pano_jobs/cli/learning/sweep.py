"""`pano sweep`: the paper's tables and an ablation, each by one command."""

from __future__ import annotations

from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.learning import soundnet_option
from pano_jobs.cli.options.shared import console_options

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("pairs", type=_FOLDER)
@click.option(
    "--over",
    type=click.Choice(
        ["supervision", "labels", "splits", "weights", "paper", "ingredients"]
    ),
    required=True,
    help="Table 1, 2, 4 or 5 of the paper; ours against the paper; or what each "
    "ingredient of ours is worth.",
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    required=True,
    metavar="FOLDER",
    help="Where measures, table and plot go; what is there already is not repeated.",
)
@click.option(
    "--preset",
    type=click.Choice(["light", "strong", "paper", "official"]),
    default="strong",
    show_default=True,
    help="The recipe that is varied, on the light trunk.",
)
@click.option(
    "--seeds",
    "n_seeds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Trainings of each row.",
)
@click.option(
    "--steps",
    "n_steps",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Length of each training.",
)
@click.option(
    "--train-pictures",
    "n_train",
    type=click.IntRange(min=2),
    default=1500,
    show_default=True,
    help="Use the first so many of the training split.",
)
@click.option(
    "--measured-pictures",
    "n_measured",
    type=click.IntRange(min=2),
    default=250,
    show_default=True,
    help="Measure on the first so many of the split.",
)
@click.option(
    "--split",
    type=click.Choice(["validation", "test"]),
    default="test",
    show_default=True,
    help="Measure on this one: choose on validation, report on test.",
)
@soundnet_option
@console_options
def sweep(
    pairs: Path,
    over: str,
    output: Path,
    preset: str,
    n_seeds: int,
    n_steps: int,
    n_train: int,
    n_measured: int,
    split: str,
    soundnet: Path | None,
    console: Console,
) -> None:
    """Train many times on PAIRS, changing one thing at a time, and compare.

    Every figure is a mean over seeds, with an interval over seeds and pictures; the
    differences from the first row are paired by seed and question.
    """
    from pano_jobs.training.sweep.job import SweepSettings
    from pano_jobs.training.sweep.job import sweep as run
    from pano_jobs.training.sweep.report import SweepResult, figures, write
    from pano_jobs.training.sweep.variants import Over

    settings = SweepSettings(
        pairs,
        output,
        Over(over),
        preset,
        n_seeds=n_seeds,
        n_steps=n_steps,
        n_train=n_train,
        n_measured=n_measured,
        split=split,
        soundnet=soundnet,
    )
    with console.counting() as tell:
        swept = run(settings, on_step=tell)
    result = SweepResult(output, over, split, n_seeds, figures(swept))
    write(result)
    console.show(result)
