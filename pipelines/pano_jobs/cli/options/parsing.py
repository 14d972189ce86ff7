"""Parsers of option values: sizes, aspects, directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import click

from pano.camera.horizon import Tilt
from pano_jobs.settings import MIN_SIDE_PX, Level

Reader = Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[Any, ...]]


def reads(keys: tuple[str, ...], build: Callable[..., object]) -> Reader:
    """Make a parser of named numbers, written t=12.5,yaw=90,pitch=0."""

    def read(
        ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
    ) -> tuple[object, ...]:
        return tuple(_built(text, ctx, param) for text in values)

    def _built(text: str, ctx: click.Context, param: click.Parameter) -> object:
        pairs = [part.partition("=") for part in text.split(",")]
        given = {key.strip(): number for key, _, number in pairs}
        if sorted(given) != sorted(keys):
            form = ",".join(f"{key}=…" for key in keys)
            raise click.BadParameter(f"{text!r} is not of the form {form}", ctx, param)
        try:
            return build(*(float(given[key]) for key in keys))
        except ValueError as error:
            raise click.BadParameter(f"{text!r}: {error}", ctx, param) from error

    return read


def read_times(
    ctx: click.Context, param: click.Parameter, values: tuple[float, ...]
) -> tuple[float, ...]:
    """Refuse what is no time."""
    for value in values:
        if not math.isfinite(value):
            raise click.BadParameter(f"{value} is no time", ctx, param)
    return values


def read_size(
    ctx: click.Context, param: click.Parameter, value: str
) -> tuple[int, int]:
    """Read a picture size, written 1280x720."""
    width, _, height = value.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        words = f"{value!r} is not a size; write it like 1280x720"
        raise click.BadParameter(words, ctx, param)
    size = int(width), int(height)
    if min(size) < MIN_SIDE_PX or any(side % 2 for side in size):
        words = f"{value!r}: both sides must be even and at least {MIN_SIDE_PX}"
        raise click.BadParameter(words, ctx, param)
    return size


def read_aspects(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[Fraction, ...]:
    """Read aspect ratios, written 16:9."""
    aspects = []
    for value in values:
        width, _, height = value.partition(":")
        if not (width.isdecimal() and height.isdecimal() and int(width) * int(height)):
            words = f"{value!r} is no aspect; write it like 16:9"
            raise click.BadParameter(words, ctx, param)
        aspects.append(Fraction(int(width), int(height)))
    if len(set(aspects)) < len(aspects):
        raise click.BadParameter("the same aspect twice", ctx, param)
    return tuple(aspects)


def read_level(ctx: click.Context, param: click.Parameter, value: str) -> Level:
    """Read what to level by: auto, file, off or a tilt, written roll=8,pitch=-3."""
    match value:
        case "auto" | "file" | "off":
            return value
        case _ if "=" not in value:
            words = f"{value!r} is none of auto, file, off and roll=…,pitch=…"
            raise click.BadParameter(words, ctx, param)
    found: tuple[Tilt, ...] = reads(("roll", "pitch"), Tilt)(ctx, param, (value,))
    return found[0]
