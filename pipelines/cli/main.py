"""The command `pano`: its group, and what an error means to the shell.

0 done, 1 something failed, 2 wrong usage, 130 interrupted. Click alone would say 1
after Ctrl-C, which a script cannot tell from a failure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from pano.errors import PanoError
from pipelines.cli.adapt import adapt
from pipelines.cli.audit import audit
from pipelines.cli.batch import batch
from pipelines.cli.demo import demo
from pipelines.cli.evaluate import evaluate
from pipelines.cli.export import export
from pipelines.cli.info import info
from pipelines.cli.pan import pan
from pipelines.cli.prepare import prepare
from pipelines.cli.render import render
from pipelines.cli.retrieve import retrieve
from pipelines.cli.saliency import saliency
from pipelines.cli.sweep import sweep
from pipelines.cli.train import train
from soundloc.errors import SoundlocError

FAILED, INTERRUPTED = 1, 130


class PanoGroup(click.Group):
    """A group whose expected failures become one sentence on stderr."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and leave with its exit code."""
        try:
            code = super().main(
                args, prog_name, complete_var, standalone_mode=False, **extra
            )
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("pano: interrupted", err=True)
            code = INTERRUPTED
        except BrokenPipeError:
            # Whoever read us has left; Python must not fail once more on flushing.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = FAILED
        except (PanoError, SoundlocError, OSError) as error:
            click.echo(f"pano: {_sentence(error)}", err=True)
            code = FAILED
        sys.exit(code or 0)


def _sentence(error: Exception) -> str:
    """Say an error in one line."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return " ".join(str(error).split())


@click.group(
    name="pano", cls=PanoGroup, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="pano")
def main() -> None:
    """Turn 360° video into video that looks where the sound comes from."""


for command in (
    pan,
    saliency,
    render,
    export,
    batch,
    info,
    demo,
    prepare,
    adapt,
    train,
    evaluate,
    retrieve,
    sweep,
    audit,
):
    main.add_command(command)
