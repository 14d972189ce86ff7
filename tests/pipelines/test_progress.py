from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from rich.console import Console
from rich.progress import Progress

from pano_jobs.progress import SilentProgress
from pano_jobs.progress_bars import BarProgress, progress_bars


@dataclass(frozen=True)
class Tick:
    time_s: float


TICKS = [Tick(10.0 + 0.1 * k) for k in range(20)]


def test_silence_passes_everything_on():
    passed = SilentProgress().follow(TICKS, words="Working", duration_s=2.0)
    assert list(passed) == TICKS


def test_a_bar_counts_from_the_first_time_to_its_end():
    with Progress(console=Console(file=io.StringIO())) as bars:
        passed = BarProgress(bars).follow(TICKS, words="Working", duration_s=50.0)
        for _ in range(11):
            next(passed)
        assert bars.tasks[0].completed == pytest.approx(1.0)
        list(passed)
        assert bars.tasks[0].finished


def test_nothing_is_drawn_where_stderr_is_no_terminal(capsys):
    with progress_bars(shown=True) as progress:
        list(progress.follow(TICKS, words="Working", duration_s=None))
    assert capsys.readouterr() == ("", "")


def test_stages_are_lazy():
    taken = []

    def source():
        for tick in TICKS:
            taken.append(tick)
            yield tick

    passed = SilentProgress().follow(source(), words="Working", duration_s=None)
    next(passed)
    assert len(taken) == 1
