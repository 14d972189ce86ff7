"""`pano study`: people compare films, and their answers are scored."""

from __future__ import annotations

from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.shared import OUT_FILE, console_options, force_option


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=OUT_FILE,
    metavar="STUDY.html",
    help="Page of the study to write.",
)
@click.option("--seed", type=int, default=0, help="Hides the films' names.")
@click.option(
    "--checks",
    "n_checks",
    type=click.IntRange(min=0),
    default=2,
    metavar="N",
    help="Pairs with a film upside down, to tell who does not look.",
)
@click.option(
    "--score",
    "key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="STUDY.key.json",
    help="Score answers to this study instead; SOURCES are people's files.",
)
@force_option
@console_options
def study(
    sources: tuple[Path, ...],
    output: Path | None,
    seed: int,
    n_checks: int,
    key: Path | None,
    force: bool,
    console: Console,
) -> None:
    """Let people compare the films in a folder SOURCES, CLIP/DIRECTOR.mp4.

    Writes a page that shows two films of a clip at a time, sides and order shuffled,
    and saves answers to a file. With --score it prints whom people prefer, with
    intervals.
    """
    if key is not None:
        if output is not None:
            raise click.UsageError("--score writes no page; leave --output out")
        from pano_jobs.study.score import score_study

        console.show(score_study(key, sources))
        return
    if output is None or len(sources) != 1:
        raise click.UsageError("give one folder of films and -o STUDY.html, or --score")
    from pano_jobs.study.build import build_study

    console.show(
        build_study(sources[0], output, seed=seed, n_checks=n_checks, overwrite=force)
    )
