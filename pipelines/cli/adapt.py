"""`pano adapt`: from pretrained trunks to trunks for scenes and for films' sound."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.console import Console
from pipelines.cli.learning_options import soundnet_option, trunks_option
from pipelines.cli.options import OUT_FILE, console_options, force_option


@click.command()
@click.argument("pairs", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=OUT_FILE,
    required=True,
    metavar="FILE.safetensors",
    help="Where the trunks go.",
)
@click.option(
    "--sight-steps",
    "n_sight_steps",
    type=click.IntRange(min=0),
    default=1600,
    show_default=True,
    help="Steps of seeing; 0 leaves the visual trunk as it is.",
)
@click.option(
    "--hearing-steps",
    "n_hearing_steps",
    type=click.IntRange(min=0),
    default=2500,
    show_default=True,
    help="Steps of hearing; 0 leaves the sound trunk as it is.",
)
@click.option(
    "--teacher",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="YAMNET.onnx",
    help="Also learn to hear what YAMNet hears; it is not needed afterwards.",
)
@soundnet_option
@trunks_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of the dice.")
@force_option
@console_options
def adapt(
    pairs: Path,
    output: Path,
    n_sight_steps: int,
    n_hearing_steps: int,
    teacher: Path | None,
    soundnet: Path | None,
    trunks: Path | None,
    seed: int,
    force: bool,
    console: Console,
) -> None:
    """Adapt the pretrained trunks to PAIRS, a folder made by `pano prepare`.

    The picture's trunk learns to name small things among others, the sound's to hear
    through mixtures and noise. `pano train --trunks` then trains heads on them.
    """
    from pipelines.adapt import AdaptSettings, adapt
    from pipelines.outputs import check_output

    if n_sight_steps == n_hearing_steps == 0:
        raise click.UsageError("with no steps at all there is nothing to adapt")
    check_output(output, source=None, overwrite=force)
    settings = AdaptSettings(
        pairs,
        output,
        n_sight_steps=n_sight_steps,
        n_hearing_steps=n_hearing_steps,
        teacher=teacher,
        trunks=trunks,
        soundnet=soundnet,
        seed=seed,
    )
    with console.counting() as tell:
        result = adapt(settings, on_step=tell)
    console.show(result)
