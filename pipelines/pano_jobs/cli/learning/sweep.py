"""`pano sweep`: repeated trainings for the paper's tables and an ablation."""

from __future__ import annotations

from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.learning import (
    count_option,
    pairs_argument,
    preset_option,
    soundnet_option,
    split_option,
)
from pano_jobs.cli.options.shared import console_options, output_folder_option


@click.command()
@pairs_argument
@click.option(
    "--over",
    type=click.Choice(
        ["supervision", "labels", "splits", "weights", "paper", "ingredients"]
    ),
    required=True,
    help="Table 1, 2, 4 or 5 of the paper; ours against the paper; or what each "
    "ingredient of ours is worth.",
)
@output_folder_option(
    "Output folder of measures, table and plot; existing measures are reused."
)
@preset_option("strong", "Preset that is varied, on the light trunk.")
@count_option("--seeds", "n_seeds", 5, "Number of trainings per row.")
@count_option("--steps", "n_steps", 500, "Number of steps per training.")
@count_option(
    "--train-pictures",
    "n_train",
    1500,
    "Number of training pictures, the first of the split.",
    least=2,
)
@count_option(
    "--measured-pictures",
    "n_measured",
    250,
    "Number of pictures to evaluate on, the first of the split.",
    least=2,
)
@split_option(
    "Split to evaluate on: choose on validation, report on test.",
    ["validation", "test"],
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
