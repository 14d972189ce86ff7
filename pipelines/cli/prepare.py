"""`pano prepare`: from folders of pictures and sounds to a pair set."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.console import Console
from pipelines.cli.options import console_options

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("material", type=_FOLDER)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    required=True,
    metavar="FOLDER",
    help="Where the pair set goes; made if it does not exist.",
)
@click.option(
    "--scenes",
    "n_scenes",
    type=click.IntRange(min=10),
    default=4000,
    show_default=True,
    help="Composed scenes for training; validation and test get a tenth each.",
)
@click.option(
    "--photographs",
    "n_photographs",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    help="Frames of two boxed photographs, divided likewise.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the dice.")
@console_options
def prepare(
    material: Path,
    output: Path,
    n_scenes: int,
    n_photographs: int,
    seed: int,
    console: Console,
) -> None:
    """Compose a pair set from MATERIAL, to train on.

    MATERIAL is a folder with a class table, classes.csv, that joins folders of
    pictures, cut-outs and sounds by class. Recordings, pictures and people never
    cross between the train, validation and test split.
    """
    from pipelines.prepare import PrepareSettings
    from pipelines.prepare import prepare as run

    settings = PrepareSettings(material, output, n_scenes, n_photographs, seed)
    with console.counting() as tell:
        result = run(settings, on_step=tell)
    console.show(result)
