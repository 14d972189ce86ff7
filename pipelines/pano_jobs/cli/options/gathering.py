"""Options that come as one: a command is handed what is made of their values."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import click

from pano.errors import SettingsError

F = TypeVar("F", bound=Callable[..., Any])


def _chain(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def gathered(
    name: str, build: Callable[..., object], *options: Callable[[F], F]
) -> Callable[[F], F]:
    """Offer options to a command and hand it what `build` makes of their values."""
    parts = tuple(inspect.signature(build).parameters)

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def gather(**values: Any) -> Any:
            try:
                built = build(**{part: values.pop(part) for part in parts})
            except SettingsError as error:
                raise click.UsageError(str(error)) from error
            return command(**values, **{name: built})

        return _chain(*options)(cast(F, gather))

    return decorate
