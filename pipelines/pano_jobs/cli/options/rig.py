"""Options of `pano render --rig`: which views, and pictures in place of films."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource

from pano.camera.rig.views import DEFAULT_RIG_HFOV_DEG, RigView, cube, load_rig, ring
from pano.errors import SettingsError
from pano_jobs.cli.options.gathering import gathered
from pano_jobs.video.picture_choice import MAX_RATE_HZ, PictureChoice, PictureFormat

_CUBE = "cube"
# Of a camera that moves, or another lens.
_IDLE = ("path_file", "projection", "aspects", "shutter_deg", "is_stabilized", "level")


@dataclass(frozen=True, slots=True)
class RigChoice:
    """What `--rig` and its companions say.

    Parameters
    ----------
    words
        A number of views, `cube` or a file.
    """

    words: str
    pictures: PictureChoice | None

    def views(
        self, hfov_deg: float | None, size: tuple[int, int] | None
    ) -> tuple[RigView, ...]:
        """Return the views.

        Raises
        ------
        SettingsError
            If there is no such rig.
        """
        if self.words == _CUBE:
            if hfov_deg not in (None, 90.0) or (size and size[0] != size[1]):
                raise SettingsError(
                    "the faces of a cube are square and 90° wide; leave --hfov out "
                    "and choose a square --size"
                )
            return cube()
        try:
            if self.words.isdecimal():
                return ring(int(self.words), hfov_deg or DEFAULT_RIG_HFOV_DEG)
            return load_rig(Path(self.words), hfov_deg or DEFAULT_RIG_HFOV_DEG)
        except ValueError as error:
            raise SettingsError(f"no rig of this kind: {error}") from error


def _rig_choice(
    *,
    rig: str | None,
    picture_format: PictureFormat | None,
    every: int | None,
    picture_rate_hz: float | None,
) -> RigChoice | None:
    if rig is None and picture_format is not None:
        raise SettingsError("--pictures are taken of the views of a --rig")
    if picture_format is None:
        if every is not None or picture_rate_hz is not None:
            raise SettingsError("--every and --picture-rate choose among --pictures")
        return None if rig is None else RigChoice(rig, None)
    if every is not None and picture_rate_hz is not None:
        raise SettingsError("--every and --picture-rate exclude each other")
    pictures = PictureChoice(picture_format, every or 1, picture_rate_hz)
    return None if rig is None else RigChoice(rig, pictures)


rig_options = gathered(
    "rig",
    _rig_choice,
    click.option(
        "--rig",
        metavar="N|cube|FILE.json",
        help="Film fixed views instead of a path: N round the horizon, the faces of a "
        "cube, or a list of views.",
    ),
    click.option(
        "--pictures",
        "picture_format",
        type=click.Choice(["png", "jpg"]),
        help="Write pictures of the rig's views instead of films.",
    ),
    click.option(
        "--every",
        type=click.IntRange(min=1),
        metavar="N",
        help="Write a picture of every Nth frame only.",
    ),
    click.option(
        "--picture-rate",
        "picture_rate_hz",
        type=click.FloatRange(0.0, MAX_RATE_HZ, min_open=True),
        metavar="HZ",
        help="Write so many pictures a second only.",
    ),
)


def refuse_path_options() -> None:
    """Refuse what is about a moving camera where the views of a rig are filmed.

    A configuration file serves all commands, so what it says is passed over.
    """
    ctx = click.get_current_context()
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name in _IDLE and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} has no place with --rig; leave one of the two "
                "out",
                ctx,
            )


def asked_size(size: tuple[int, int]) -> tuple[int, int] | None:
    """Return the size if somebody asked for one: a rig has another default."""
    source = click.get_current_context().get_parameter_source("size")
    return None if source is ParameterSource.DEFAULT else size
