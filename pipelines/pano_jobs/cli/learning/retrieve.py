"""`pano retrieve`: cross-modal retrieval between pictures and sounds."""

from __future__ import annotations

from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.learning import (
    count_option,
    pairs_argument,
    picture_size_option,
    seed_option,
    soundnet_option,
    split_option,
)
from pano_jobs.cli.options.shared import (
    IN_FILE,
    checkpoint_option,
    console_options,
    force_option,
    output_folder_option,
)
from pano_jobs.results import Result


def _read_ks(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Read rising numbers of neighbours, written 1,5,10."""
    parts = [part.strip() for part in value.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        words = f"{value!r} is not a list of numbers; write it like 1,5,10,20"
        raise click.BadParameter(words, ctx, param)
    return tuple(sorted({int(part) for part in parts}))


@click.command()
@pairs_argument
@click.option(
    "--picture",
    type=IN_FILE,
    metavar="FILE",
    help="Query picture: list its nearest neighbours instead of evaluating.",
)
@click.option(
    "--sound",
    type=IN_FILE,
    metavar="FILE",
    help="Query sound: list the nearest pictures; with --picture, those alike in "
    "what is heard.",
)
@checkpoint_option
@split_option("Split of PAIRS to search.")
@output_folder_option(
    "Also write results.json, tables, a plot and picture sheets here.", required=False
)
@click.option(
    "--k",
    "ks",
    callback=_read_ks,
    metavar="N,N,…",
    default="1,5,10,20",
    help="Numbers of neighbours to evaluate; a query lists the largest.",
)
@count_option(
    "--limit",
    "n_pairs",
    500,
    "Pictures in the database; the time grows with their square.",
    least=2,
)
@soundnet_option
@picture_size_option
@seed_option
@force_option
@console_options
def retrieve(
    pairs: Path,
    picture: Path | None,
    sound: Path | None,
    checkpoint: Path | None,
    split: str,
    output: Path | None,
    ks: tuple[int, ...],
    n_pairs: int,
    soundnet: Path | None,
    picture_size_px: tuple[int, int] | None,
    seed: int,
    force: bool,
    console: Console,
) -> None:
    """Search PAIRS, a folder made by `pano prepare`, across picture and sound.

    Every picture gets one of its sounds; then sounds look for pictures and pictures
    for sounds. The tables are those of the paper, beside stricter ones and chance.
    With --picture, --sound or both, the nearest to that query are listed instead.
    """
    from pano_jobs.outputs import check_results
    from pano_jobs.retrieval.query import QueryFiles, QuerySettings, search
    from pano_jobs.retrieval.retrieve import RetrievalFiles, RetrieveSettings
    from pano_jobs.retrieval.retrieve import retrieve as run

    result: Result
    if picture is not None or sound is not None:
        if output is not None:
            check_results(QueryFiles.of(output).all(), overwrite=force)
        query = QuerySettings(
            pairs,
            picture,
            sound,
            checkpoint=checkpoint,
            split=split,
            target=output,
            n_found=max(ks),
            picture_size_px=picture_size_px,
        )
        with console.counting() as tell:
            result = search(query, on_step=tell)
    else:
        if output is not None:
            check_results(RetrievalFiles.of(output).all(), overwrite=force)
        settings = RetrieveSettings(
            pairs,
            checkpoint=checkpoint,
            split=split,
            target=output,
            ks=ks,
            n_pairs=n_pairs,
            seed=seed,
            soundnet=soundnet,
            picture_size_px=picture_size_px,
        )
        with console.counting() as tell:
            result = run(settings, on_step=tell)
    console.show(result)
