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
from pano_jobs.cli.learning.adapt import adapt
from pano_jobs.cli.learning.audit import audit
from pano_jobs.cli.learning.evaluate import evaluate
from pano_jobs.cli.learning.prepare import prepare
from pano_jobs.cli.learning.retrieve import retrieve
from pano_jobs.cli.learning.sweep import sweep
from pano_jobs.cli.learning.train import train
from pano_jobs.cli.video.batch import batch
from pano_jobs.cli.video.demo import demo
from pano_jobs.cli.video.export import export
from pano_jobs.cli.video.info import info
from pano_jobs.cli.video.pan import pan
from pano_jobs.cli.video.render import render
from pano_jobs.cli.video.saliency import saliency
from pano_jobs.cli.video.study import study
from pano_jobs.cli.video.view import view
from soundloc.errors import SoundlocError

FAILED, INTERRUPTED = 1, 130
# What extras install, and the rest goes without.
_EXTRAS = {"torch": "train", "torchvision": "train", "ray": "ray"}


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
        except ModuleNotFoundError as error:
            name = error.name or ""
            if name not in _EXTRAS:
                raise
            words = f"needs {name}, which is not installed"
            click.echo(
                f"pano: this {words}; pip install 'pano[{_EXTRAS[name]}]'", err=True
            )
            code = FAILED
        sys.exit(code or 0)


def _sentence(error: Exception) -> str:
    """Say an error in one line."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return " ".join(str(error).split())


@click.group(
    name="pano",
    cls=PanoGroup,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(package_name="pano")
def main() -> None:
    """Turn 360° video into video that looks where the sound comes from."""


for command in (
    pan,
    saliency,
    render,
    export,
    view,
    study,
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
