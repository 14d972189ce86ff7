"""Console output of the commands: results on stdout, everything else on stderr."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import click

from pano_jobs.progress import Progress
from pano_jobs.results import Result, as_json
from soundloc.progress import StepProgress


@dataclass(frozen=True, slots=True)
class Console:
    """Output settings of a command: JSON, quiet or normal.

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
        """Show progress bars while a job runs, if stderr is a terminal."""
        from pano_jobs.progress_bars import progress_bars

        return progress_bars(shown=not self.quiet)

    def counting(self) -> AbstractContextManager[StepProgress]:
        """Show progress bars for a job that counts pictures, sounds or steps."""
        from pano_jobs.progress_bars import counting_bars

        return counting_bars(shown=not self.quiet)

    def note(self, words: str) -> None:
        """Print a note on stderr, unless quiet."""
        if not self.quiet:
            click.echo(f"pano: {words}", err=True)

    def show(self, result: Result, *, notes: tuple[str, ...] = ()) -> None:
        """Print the notes on stderr and the result on stdout."""
        for words in notes:
            self.note(words)
        if self.as_json:
            click.echo(as_json(result))
        elif not self.quiet:
            click.echo(result.words())
