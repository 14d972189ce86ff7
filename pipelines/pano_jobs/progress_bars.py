"""Progress bars in the terminal, drawn by rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress

from pano_jobs.progress import SILENT, Progress, T
from soundloc.progress import StepProgress


class BarProgress:
    """Draws one bar with the time left per stage; made by `progress_bars`."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars

    def follow(
        self, items: Iterable[T], *, words: str, duration_s: float | None
    ) -> Iterator[T]:
        """Pass the items on and move this stage's bar."""
        task = self._bars.add_task(words, total=duration_s)
        start_s: float | None = None
        for item in items:
            start_s = item.time_s if start_s is None else start_s
            self._bars.update(task, completed=item.time_s - start_s)
            yield item
        done = self._bars.tasks[self._bars.task_ids.index(task)].completed
        self._bars.update(task, total=max(done, 1e-3), completed=max(done, 1e-3))


@contextmanager
def progress_bars(*, shown: bool) -> Iterator[Progress]:
    """Draw bars on stderr while the block runs, where it is a terminal."""
    with _bars(shown=shown) as bars:
        yield SILENT if bars is None else BarProgress(bars)


@contextmanager
def counting_bars(*, shown: bool) -> Iterator[StepProgress]:
    """Draw a bar for each thing that is counted: told what, how many, of how many."""
    with _bars(shown=shown) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if bars is not None:
                if what not in tasks:
                    tasks[what] = bars.add_task(what, total=total)
                bars.update(tasks[what], completed=done)

        yield tell


@contextmanager
def _bars(*, shown: bool) -> Iterator[RichProgress | None]:
    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=console) as bars:
        yield bars
