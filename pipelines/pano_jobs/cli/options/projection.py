"""Options of how the source's picture holds the sphere."""

from __future__ import annotations

import click

from pano.projections.kinds import MAX_FOV_DEG, ProjectionChoice, SourceProjection
from pano_jobs.cli.options.gathering import gathered


def projection_choice(
    *, source_projection: str | None, fov_deg: float | None, yaw_offset_deg: float
) -> ProjectionChoice:
    """Return what a person said of how a picture holds the sphere."""
    kind = None if source_projection is None else SourceProjection(source_projection)
    return ProjectionChoice(kind, fov_deg, yaw_offset_deg)


projection_options = gathered(
    "stored_projection",
    projection_choice,
    click.option(
        "--projection",
        "source_projection",
        type=click.Choice([kind.value for kind in SourceProjection]),
        help="Projection of the input.  [default: from the file]",
    ),
    click.option(
        "--fov",
        "fov_deg",
        type=click.FloatRange(90.0, MAX_FOV_DEG),
        metavar="DEGREES",
        help="Field of view of the input's fisheye lenses.  "
        "[default: from the file, else 190 for two lenses and 180 for one]",
    ),
    click.option(
        "--yaw-offset",
        "yaw_offset_deg",
        type=click.FloatRange(-360.0, 360.0),
        metavar="DEGREES",
        default=0.0,
        help="Which direction of a fisheye or cube picture becomes the front.",
    ),
)
