"""`pano adapt`: fine-tune the pretrained trunks on a pair set."""

from __future__ import annotations

from pathlib import Path

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.learning import (
    count_option,
    pairs_argument,
    refuse_idle_soundnet,
    seed_option,
    soundnet_option,
    trunks_option,
)
from pano_jobs.cli.options.shared import (
    FOLDER,
    console_options,
    force_option,
    output_option,
)

LOG_MEL = "log-mel"


@click.command()
@pairs_argument
@output_option("FILE.safetensors", "Output checkpoint.")
@click.option(
    "--sound",
    type=click.Choice(["soundnet", LOG_MEL]),
    default="soundnet",
    help="Sound trunk: adapt SoundNet-8, or distil a log-mel trunk from scratch.",
)
@count_option(
    "--sight-steps",
    "n_sight_steps",
    3000,
    "Training steps of the visual trunk; 0 leaves it as it is.",
    least=0,
)
@click.option(
    "--hearing-steps",
    "n_hearing_steps",
    type=click.IntRange(min=0),
    show_default="2500; log-mel: 8000",
    help="Training steps of the sound trunk; 0 leaves it as it is.",
)
@click.option(
    "--sight-share",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=1.0,
    help="Interpolation of the visual trunk from its old weights to the adapted ones.",
)
@click.option(
    "--teacher",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="YAMNET.onnx",
    help="YAMNet as the teacher to distil from; not needed afterwards.",
)
@click.option(
    "--more-sounds",
    type=FOLDER,
    metavar="FOLDER",
    help="log-mel: folder of further, unlabelled sounds.",
)
@soundnet_option
@trunks_option
@seed_option
@force_option
@console_options
def adapt(
    pairs: Path,
    output: Path,
    sound: str,
    n_sight_steps: int,
    n_hearing_steps: int | None,
    sight_share: float,
    teacher: Path | None,
    more_sounds: Path | None,
    soundnet: Path | None,
    trunks: Path | None,
    seed: int,
    force: bool,
    console: Console,
) -> None:
    """Adapt the pretrained trunks to PAIRS, a folder made by `pano prepare`.

    The picture's trunk learns to name small things among others, the sound's to hear
    through mixtures and noise. `pano train --trunks` then trains heads on them. While
    it runs, OUTPUT's folder holds what it goes on from when it was interrupted.
    """
    from pano_jobs.outputs import check_output
    from pano_jobs.training.adapt import AdaptSettings, adapt
    from pano_jobs.training.presets import SoundTrunk

    if n_sight_steps == n_hearing_steps == 0:
        raise click.UsageError("with no steps at all there is nothing to adapt")
    if sound == LOG_MEL and teacher is None and n_hearing_steps != 0:
        raise click.UsageError("the log-mel trunk starts from nothing; add --teacher")
    if sound != LOG_MEL and more_sounds is not None:
        raise click.UsageError("--more-sounds is for --sound log-mel")
    refuse_idle_soundnet(hears_log_mel=sound == LOG_MEL)
    check_output(output, source=None, overwrite=force)
    settings = AdaptSettings(
        pairs,
        output,
        sound=SoundTrunk(sound),
        n_sight_steps=n_sight_steps,
        n_hearing_steps=n_hearing_steps,
        sight_share=sight_share,
        teacher=teacher,
        more_sounds=more_sounds,
        trunks=trunks,
        soundnet=soundnet,
        seed=seed,
    )
    with console.counting() as tell:
        result = adapt(settings, on_step=tell)
    console.show(result)
