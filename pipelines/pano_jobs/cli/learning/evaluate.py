"""`pano evaluate`: evaluate a checkpoint, camera paths or a sound field."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.learning import (
    count_option,
    picture_size_option,
    seed_option,
    split_option,
)
from pano_jobs.cli.options.shared import (
    FOLDER,
    IN_FILE,
    checkpoint_option,
    console_options,
    force_option,
    output_folder_option,
)

# What can be said about a sound field; an option that would do nothing is a mistake.
_OPTIONS_OF_FIELD = {"field", "split", "config", "as_json", "quiet"}


@click.command()
@click.argument("pairs", type=FOLDER, required=False)
@click.option(
    "--paths",
    type=IN_FILE,
    multiple=True,
    metavar="FILE.json",
    help="Camera path or file of Pano2Vid's outputs to evaluate; may be repeated.",
)
@click.option(
    "--truth",
    type=IN_FILE,
    metavar="FILE.json",
    help="With --paths: reference trajectories in Pano2Vid's format, or a path.",
)
@click.option(
    "--maps",
    type=IN_FILE,
    metavar="FILE.npz",
    help="With --paths: the clip's maps; adds baselines and scores of the maps.",
)
@click.option(
    "--video",
    type=IN_FILE,
    metavar="FILE.mp4",
    help="With --paths: the clip itself; adds a baseline without sound.",
)
@click.option(
    "--field",
    type=FOLDER,
    metavar="STARSS23",
    help="Measure the directions in the sound fields of this STARSS23 folder.",
)
@checkpoint_option
@split_option("Split of PAIRS, or of STARSS23, to evaluate on.")
@click.option(
    "--compare",
    "other",
    type=IN_FILE,
    metavar="FILE.safetensors",
    help="Second checkpoint to compare with, with intervals of the difference.",
)
@output_folder_option(
    "Also write results.json, table.md and plots here.", required=False
)
@count_option(
    "--sounds-per-object",
    "n_per_object",
    1,
    "Number of sounds of its class to ask about each object.",
)
@picture_size_option
@seed_option
@force_option
@console_options
def evaluate(
    pairs: Path | None,
    paths: tuple[Path, ...],
    truth: Path | None,
    maps: Path | None,
    video: Path | None,
    field: Path | None,
    checkpoint: Path | None,
    split: str,
    other: Path | None,
    output: Path | None,
    n_per_object: int,
    picture_size_px: tuple[int, int] | None,
    seed: int,
    force: bool,
    console: Console,
) -> None:
    """Measure the localizer on PAIRS, a folder made by `pano prepare`.

    Every picture is asked with sounds that belong to it and with sounds that do not:
    off-screen, wind, noise, silence. The tables hold the network beside predictors
    that do not listen and the oracle, 95 % intervals in brackets; what does not apply
    to the set is said at the end.

    With --paths, measure camera paths instead: how near they are to people's, and how
    calmly they move.

    With --field, measure the directions in sound fields instead: how far the loudest
    trusted one is from the nearest that was tracked, in each annotated frame.
    """
    if (pairs is not None) + bool(paths) + (field is not None) != 1:
        raise click.UsageError("give either PAIRS, --paths or --field")
    if field is not None:
        _refuse_idle_options()
        from pano_jobs.evaluation.evaluate_field import evaluate_field

        with console.counting() as tell:
            measured = evaluate_field(field, split=split, on_step=tell)
        console.show(measured)
        return
    if pairs is None:
        from pano_jobs.evaluation.evaluate_paths import evaluate_paths

        found = evaluate_paths(paths, truth=truth, maps=maps, video=video)
        console.show(found, notes=found.notes)
        return
    if any(found is not None for found in (truth, maps, video)):
        raise click.UsageError("--truth, --maps and --video go with --paths")
    from pano_jobs.evaluation.evaluate import EvaluateSettings, EvaluationFiles
    from pano_jobs.evaluation.evaluate import evaluate as run
    from pano_jobs.outputs import check_results

    if output is not None:
        check_results(EvaluationFiles.of(output).all(), overwrite=force)
    settings = EvaluateSettings(
        pairs,
        checkpoint,
        split,
        other,
        output,
        seed,
        n_per_object,
        picture_size_px,
    )
    with console.counting() as tell:
        result = run(settings, on_step=tell)
    console.show(result)


def _refuse_idle_options() -> None:
    ctx = click.get_current_context()
    for parameter in ctx.command.params:
        name = parameter.name or ""
        typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and name not in _OPTIONS_OF_FIELD:
            raise click.UsageError(f"{parameter.opts[0]} does nothing with --field.")
