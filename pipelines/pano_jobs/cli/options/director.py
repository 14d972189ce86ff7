"""Command options of the director: camera motion, cuts and the user's wishes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import click

from pano.camera.motion_limits import MotionLimits
from pano.director.wishes import (
    DEFAULT_CUT_COST_S,
    CutRules,
    NeverRegion,
    OneShot,
    Pin,
    Wishes,
)
from pano.sphere import Direction
from pano_jobs.cli.options.gathering import gathered
from pano_jobs.cli.options.parsing import read_times, reads
from pano_jobs.cli.options.shared import DEFAULT, HFOV, POSITIVE
from pano_jobs.settings import (
    DIRECTORS,
    MOTIONS,
    SOLVERS,
    Director,
    DirectSettings,
    Motion,
    Solver,
)

Limit = float | None


def _pin(t: float, yaw: float, pitch: float) -> Pin:
    return Pin(t, Direction(yaw, pitch))


def _never(yaw: float, pitch: float, radius: float) -> NeverRegion:
    return NeverRegion(Direction(yaw, pitch), radius)


def _limits(motion: Motion, given: dict[str, Limit]) -> MotionLimits | None:
    """Change the operator's limits by those that are given."""
    changed = {name: limit for name, limit in given.items() if limit is not None}
    if not changed:
        return None
    from pano.director.operators import OPERATORS

    return dataclasses.replace(OPERATORS[motion].limits, **changed)


def _direct_settings(
    *,
    director: Director,
    motion: Motion,
    max_speed_deg_per_s: Limit,
    max_acceleration_deg_per_s2: Limit,
    max_jerk_deg_per_s3: Limit,
    start_yaw_deg: float,
    start_pitch_deg: float,
    narrowest_hfov_deg: float | None,
    cuts: bool,
    min_shot_s: float,
    source_cuts_s: tuple[float, ...],
    asked_cuts_s: tuple[float, ...],
    one_shots: tuple[OneShot, ...],
    pins: tuple[Pin, ...],
    never: tuple[NeverRegion, ...],
    n_takes: int,
    solver: Solver,
) -> DirectSettings:
    given = {
        "max_speed_deg_per_s": max_speed_deg_per_s,
        "max_acceleration_deg_per_s2": max_acceleration_deg_per_s2,
        "max_jerk_deg_per_s3": max_jerk_deg_per_s3,
    }
    return DirectSettings(
        director=director,
        motion=motion,
        limits=_limits(motion, given),
        start=Direction(start_yaw_deg, start_pitch_deg),
        narrowest_hfov_deg=narrowest_hfov_deg,
        cuts=CutRules(
            cost_s=DEFAULT_CUT_COST_S if cuts else math.inf,
            min_shot_s=min_shot_s,
            source_cuts_s=source_cuts_s,
            asked_s=asked_cuts_s,
            one_shots=one_shots,
        ),
        wishes=Wishes(pins, never),
        n_takes=n_takes,
        solver=solver,
    )


def _limit_option(name: str, target: str, unit: str, words: str) -> Callable[..., Any]:
    return click.option(
        name, target, type=POSITIVE, metavar=unit, help=f"{words}  [default: --motion]"
    )


direct_options = gathered(
    "direct",
    _direct_settings,
    click.option(
        "--director",
        type=click.Choice(DIRECTORS),
        default=DEFAULT.direct.director,
        help="Planner of the view: follow the sound, or AutoCam as published.",
    ),
    click.option(
        "--motion",
        type=click.Choice(MOTIONS),
        default=DEFAULT.direct.motion,
        help="Preset of the camera motion: its speed limits and smoothness.",
    ),
    _limit_option(
        "--max-speed", "max_speed_deg_per_s", "DEG/S", "Maximum angular speed."
    ),
    _limit_option(
        "--max-acceleration",
        "max_acceleration_deg_per_s2",
        "DEG/S²",
        "Maximum angular acceleration.",
    ),
    _limit_option(
        "--max-jerk",
        "max_jerk_deg_per_s3",
        "DEG/S³",
        "Maximum angular jerk.",
    ),
    click.option(
        "--start-yaw",
        "start_yaw_deg",
        type=click.FloatRange(-360.0, 360.0),
        metavar="DEGREES",
        default=DEFAULT.direct.start.yaw_deg,
        help="Initial yaw, until something is heard; right is positive.",
    ),
    click.option(
        "--start-pitch",
        "start_pitch_deg",
        type=click.FloatRange(-90.0, 90.0),
        metavar="DEGREES",
        default=DEFAULT.direct.start.pitch_deg,
        help="Initial pitch, until something is heard; up is positive.",
    ),
    click.option(
        "--zoom-to",
        "narrowest_hfov_deg",
        type=HFOV,
        metavar="DEGREES",
        help="Narrowest horizontal field of view when zooming.  [default: no zoom]",
    ),
    click.option(
        "--cuts/--no-cuts",
        default=math.isfinite(DEFAULT.direct.cuts.cost_s),
        help="Allow cuts to distant views instead of turning there.",
    ),
    click.option(
        "--min-shot",
        "min_shot_s",
        type=click.FloatRange(min=0.0),
        metavar="SECONDS",
        default=DEFAULT.direct.cuts.min_shot_s,
        help="Minimum length of a shot between two cuts.",
    ),
    click.option(
        "--source-cut",
        "source_cuts_s",
        type=float,
        multiple=True,
        metavar="SECONDS",
        help="Time of a cut in the clip itself; may be repeated.  [default: detected]",
    ),
    click.option(
        "--cut-at",
        "asked_cuts_s",
        type=float,
        callback=read_times,
        multiple=True,
        metavar="SECONDS",
        help="Cut to another view at this time; may be repeated.",
    ),
    click.option(
        "--one-shot",
        "one_shots",
        callback=reads(("from", "to"), OneShot),
        multiple=True,
        metavar="from=S,to=S",
        help="No cut between these times but --cut-at's; may be repeated.",
    ),
    click.option(
        "--pin",
        "pins",
        callback=reads(("t", "yaw", "pitch"), _pin),
        multiple=True,
        metavar="t=S,yaw=DEG,pitch=DEG",
        help="Look in this direction at this time; may be repeated.",
    ),
    click.option(
        "--never",
        callback=reads(("yaw", "pitch", "radius"), _never),
        multiple=True,
        metavar="yaw=DEG,pitch=DEG,radius=DEG",
        help="Never turn to this region of the sphere; may be repeated.",
    ),
    click.option(
        "--takes",
        "n_takes",
        type=click.IntRange(min=1),
        default=DEFAULT.direct.n_takes,
        help="Number of different paths to render; FILE-take2.mp4 is the second.",
    ),
    click.option(
        "--solver",
        type=click.Choice(SOLVERS),
        default=DEFAULT.direct.solver,
        help="Solver of the path smoothing; quadratic is for quick previews.",
    ),
)
