"""`pano batch`: process all 360° videos of a folder."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from fractions import Fraction
from pathlib import Path

import click

from pano.media.sound.choice import SoundOut
from pano_jobs.batch.signals import ending_on_sigterm
from pano_jobs.cli.console import Console
from pano_jobs.cli.options.director import direct_options
from pano_jobs.cli.options.lens import aspect_option, lens_options
from pano_jobs.cli.options.shared import (
    POSITIVE,
    console_options,
    force_option,
    localize_options,
    output_folder_option,
)
from pano_jobs.cli.options.sound import sound_out_option
from pano_jobs.results import ClipOutcome
from pano_jobs.settings import (
    DirectSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)

# Cameras, copying programs and networks pause for less while a file grows.
_REST_S = 10.0
# Each part begins with a keyframe and decodes a second before it.
_LEAST_PART_S = 1.0


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@output_folder_option("Output folder; its subfolders mirror those of FOLDER.")
@click.option(
    "--job",
    type=click.Choice(["pan", "saliency"]),
    default="pan",
    help="Job to run on every video.",
)
@lens_options
@aspect_option
@sound_out_option
@direct_options
@localize_options
@click.option(
    "--why",
    "has_page",
    is_flag=True,
    help="Also draw a page beside each video that shows why the camera looked there.",
)
@click.option(
    "--part",
    "part_s",
    type=click.FloatRange(min=_LEAST_PART_S),
    metavar="SECONDS",
    help="Film clips that are longer in parts of so many seconds, as many at once as "
    "--jobs or the cluster lets, and join them without loss.  [default: in one piece]",
)
@click.option(
    "--join",
    is_flag=True,
    help="Make one video of files that a camera's names call chapters of a recording.",
)
@click.option(
    "--keep",
    is_flag=True,
    help="Keep maps and paths of finished clips: another lens or director then needs "
    "no new analysis. They take 0.8 GB for an hour of video.",
)
@click.option(
    "--retry-failed/--no-retry-failed",
    "retries_failed",
    default=True,
    help="Run once more what failed the last time with the same settings, or report "
    "it again as failed.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only say what would be done to every clip, and by the finished ones how long "
    "it takes and how large the films become.",
)
@click.option(
    "--jobs",
    "n_jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Clips at once; each takes about 1.2 GB of memory.  [default: 1; with ray as "
    "many as the machines have cores]",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="Work on this machine, or on all machines of a Ray cluster, which need the "
    "same folders at the same places (pip install 'pano[ray]').",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="Head of the Ray cluster.  [default: the cluster of this machine, or one of "
    "this machine alone]",
)
@click.option(
    "--watch",
    "rest_s",
    type=POSITIVE,
    metavar="[SECONDS]",
    is_flag=False,
    flag_value=_REST_S,
    help="Go on to look for new clips until interrupted; a file that changed in the "
    f"last SECONDS waits.  [default: off; {_REST_S:g} if only named]",
)
@force_option
@console_options
@click.pass_context
def batch(
    ctx: click.Context,
    folder: Path,
    output: Path,
    job: str,
    lens: LensSettings,
    aspects: tuple[Fraction, ...],
    sound_out: SoundOut,
    direct: DirectSettings,
    localize: LocalizeSettings,
    has_page: bool,
    part_s: float | None,
    join: bool,
    keep: bool,
    retries_failed: bool,
    dry_run: bool,
    n_jobs: int | None,
    engine: str,
    address: str | None,
    rest_s: float | None,
    force: bool,
    console: Console,
) -> None:
    """Pan every 360° video below FOLDER, or paint its heat map.

    A clip that fails is reported and the next one begins; what is finished is skipped
    and what was begun goes on, so an interrupted batch is simply started again. Several
    batches may share a folder. The exit code is 1 if any clip failed.
    """
    from pano_jobs.batch.clip_run import Rules
    from pano_jobs.batch.cluster import Share, connected
    from pano_jobs.batch.run import BatchOptions, Listener, plan_batch
    from pano_jobs.batch.run import batch as run
    from pano_jobs.batch.stages.work import HeatMapWork, PanWork
    from pano_jobs.batch.watch import Watch

    work: HeatMapWork | PanWork = HeatMapWork(localize, lens.encoder)
    if job == "pan":
        settings = PanSettings(
            localize=localize,
            lens=lens,
            aspects=aspects,
            direct=direct,
            sound_out=sound_out,
        )
        work = PanWork(settings, has_page=has_page, part_s=part_s)
    if part_s is not None and job != "pan":
        raise click.UsageError("--part needs --job pan")
    if address is not None and engine != "ray":
        raise click.UsageError("--address needs --engine ray")
    options = BatchOptions(
        rules=Rules(overwrite=force, keep=keep, retries_failed=retries_failed),
        join=join,
        n_jobs=n_jobs or 1,
        watch=None if rest_s is None else Watch(rest_s),
    )
    if dry_run:
        console.show(plan_batch(folder, output, work, options))
        return
    listener = Listener(
        starting=lambda source: _say_begun(console, source),
        filmed=lambda *filmed: _say_filmed(console, folder, *filmed),
        ended=lambda *ended: _say_ended(console, folder, *ended),
        show=console.progress,
    )
    with ending_on_sigterm(), contextlib.ExitStack() as stack:
        if engine == "ray":
            share = Share.of(localize, lens.encoder)
            cluster = stack.enter_context(connected(address, share, n_jobs))
            options = dataclasses.replace(options, engine=cluster.run)
        result = run(folder, output, work, options, listener)
    console.show(result)
    if result.count("failed"):
        ctx.exit(1)


def _say_begun(console: Console, source: Path) -> None:
    """Name a clip above its bars; without a terminal there are none."""
    if sys.stderr.isatty():
        console.note(str(source))


def _say_filmed(
    console: Console, folder: Path, source: Path, n_filmed: int, n_parts: int
) -> None:
    """Say in one line how far a clip is that is filmed in parts."""
    name = source.relative_to(folder)
    console.note(f"filmed {n_filmed} of {n_parts} parts of {name}")


def _say_ended(
    console: Console, folder: Path, outcome: ClipOutcome, n_left: int, left: str
) -> None:
    """Say in one line what became of a clip and how much is left."""
    from pano_jobs.batch.forecast import duration_words

    words = [
        f"{outcome.status} {outcome.source.relative_to(folder)}",
        f"in {duration_words(outcome.took_s)}" if outcome.took_s else "",
        outcome.reason if outcome.status == "failed" else "",
        f"{n_left} to do" if n_left else "",
        left,
    ]
    console.note("; ".join(filter(None, words)))
