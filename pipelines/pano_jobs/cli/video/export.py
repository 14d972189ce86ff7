"""`pano export`: write a camera path in the format of another program."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click

from pano.export import FORMATS, known_rate_hz
from pano_jobs.cli.console import Console
from pano_jobs.cli.options.parsing import read_size
from pano_jobs.cli.options.shared import (
    IN_FILE,
    console_options,
    force_option,
    output_option,
)

_MAX_RATE_HZ = 1000


def _read_rate(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> Fraction | None:
    """Read a frame rate, written 25, 29.97 or 30000/1001."""
    if value is None:
        return None
    try:
        rate_hz = Fraction(value)
    except (ValueError, ZeroDivisionError):
        rate_hz = Fraction(0)
    if not 0 < rate_hz <= _MAX_RATE_HZ:
        words = f"{value!r} is not a frame rate; write it like 25 or 30000/1001"
        raise click.BadParameter(words, ctx, param)
    return rate_hz if "/" in value else known_rate_hz(float(rate_hz))


def _read_own_size(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    return None if value is None else read_size(ctx, param, value)


@click.command()
@click.argument("path_file", metavar="PATH", type=IN_FILE)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    required=True,
    help="  ".join(f"{name}: {kind.purpose}." for name, kind in FORMATS.items()),
)
@output_option("FILE", "Output file.")
@click.option(
    "--size",
    callback=_read_own_size,
    metavar="WxH",
    help="Width and height of the picture in pixels.  [default: the path's own]",
)
@click.option(
    "--frame-rate",
    "frame_rate_hz",
    callback=_read_rate,
    metavar="HZ",
    help="Frame rate of the timeline.  [default: that of the clip]",
)
@click.option(
    "--max-error",
    "max_error_deg",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="DEGREES",
    help="Maximum error of the thinned keyframes.  [default: 0.25, or 0.02 where "
    "the other program films]",
)
@click.option(
    "--into",
    "project",
    type=IN_FILE,
    metavar="FILE",
    help="Project file of the other program to copy and insert the path into.",
)
@force_option
@console_options
def export(
    path_file: Path,
    format_name: str,
    output: Path,
    size: tuple[int, int] | None,
    frame_rate_hz: Fraction | None,
    max_error_deg: float | None,
    project: Path | None,
    force: bool,
    console: Console,
) -> None:
    """Write the camera path PATH for an editing program or for ffmpeg."""
    from pano_jobs.video.export import export as run

    result = run(
        path_file,
        output,
        format_name,
        size=size,
        frame_rate_hz=frame_rate_hz,
        max_error_deg=max_error_deg,
        project=project,
        overwrite=force,
    )
    console.show(result, notes=result.notes)
