"""The option `--config FILE.toml`: defaults from a file, keyed by long options.

One file serves all commands: a key must belong to some command, and a command takes
those that are its own. A key that belongs to none is a mistake, not a wish.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path

import click


def read_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    """Replace the defaults of this command by the values of a file."""
    if path is None:
        return
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        words = f"cannot read {path}: {error.strerror}"
        raise click.BadParameter(words, ctx, param) from error
    except ValueError as error:
        words = f"{path} is not TOML: {error}"
        raise click.BadParameter(words, ctx, param) from error
    here = _keys(ctx.command)
    everywhere = set(here)
    if ctx.parent is not None and isinstance(ctx.parent.command, click.Group):
        for command in ctx.parent.command.commands.values():
            everywhere |= set(_keys(command))
    for key in values:
        if key not in everywhere:
            near = difflib.get_close_matches(key, sorted(everywhere), n=1, cutoff=0.5)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise click.BadParameter(f"{path}: unknown key {key!r}{meant}", ctx, param)
    ctx.default_map = {here[key]: value for key, value in values.items() if key in here}


def _keys(command: click.Command) -> dict[str, str]:
    """Map the keys a file may hold to the parameters of a command."""
    return {
        name.removeprefix("--"): option.name
        for option in command.params
        if isinstance(option, click.Option) and option.name not in (None, "config")
        for name in (*option.opts, *option.secondary_opts)
        if name.startswith("--") and option.name is not None
    }
