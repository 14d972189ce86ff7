"""What a command says and where: results on stdout, everything else on stderr."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import click

from pano_jobs.progress import Progress
from pano_jobs.results import Result, as_json
from soundloc.progress import StepProgress


@dataclass(frozen=True, slots=True)
class Console:
    """How much a user wants to be told.

    Parameters
    ----------
    as_json
        The result is one JSON object instead of words.
    quiet
        Neither progress nor words; results in JSON and errors remain.
    """

    as_json: bool
    quiet: bool

    def progress(self) -> AbstractContextManager[Progress]:
        """Show bars while a job runs, where somebody can see them."""
        from pano_jobs.progress_bars import progress_bars

        return progress_bars(shown=not self.quiet)

    def counting(self) -> AbstractContextManager[StepProgress]:
        """Show bars for a job that counts pictures, sounds or steps."""
        from pano_jobs.progress_bars import counting_bars

        return counting_bars(shown=not self.quiet)

    def note(self, words: str) -> None:
        """Say something beside the result."""
        if not self.quiet:
            click.echo(f"pano: {words}", err=True)

    def show(self, result: Result, *, notes: tuple[str, ...] = ()) -> None:
        """Say the result, after what should be known about it."""
        for words in notes:
            self.note(words)
        if self.as_json:
            click.echo(as_json(result))
        elif not self.quiet:
            click.echo(result.words())
