"""Clips in processes of their own, and how batches end when they are told to."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from pano_jobs.batch.run import BatchOptions, batch
from pano_jobs.batch.signals import TERMINATED
from pano_jobs.batch.stages.state import STATE_FOLDER
from pano_jobs.cli.main import INTERRUPTED
from tests.pipelines.batch.quick_work import QuickWork, made, statuses, touch

_WAIT_S = 60.0
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


@dataclass(frozen=True)
class DeadlyWork(QuickWork):
    """Kills the process that works on one clip, as the system does for memory."""

    deadly: str = ""

    def make(self, source, target, room, progress):
        if source.name == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().make(source, target, room, progress)


def work_without_end(work, source, target, room, progress):
    """Write half a film and never end."""
    part = target.with_name("half.part.mp4")
    try:
        part.write_text("half")
        time.sleep(_WAIT_S)
    finally:
        part.unlink()
    raise AssertionError("nobody ended it")


def test_a_process_that_dies_fails_its_clip_alone(tmp_path):
    touch(*(tmp_path / f"in/{name}.mp4" for name in "abc"))
    options = BatchOptions(n_jobs=2)
    work = DeadlyWork(deadly="b.mp4")
    result = batch(tmp_path / "in", tmp_path / "out", work, options)
    assert statuses(result) == ["done", "failed", "done"]
    assert "(signal 9)" in result.clips[1].reason
    work = dataclasses.replace(work, deadly="")
    result = batch(tmp_path / "in", tmp_path / "out", work, options)
    assert statuses(result) == ["skipped", "done", "skipped"]


_ENDLESS = """
import sys
from pano_jobs.batch.stages.work import PanWork
from pano_jobs.cli import main
from tests.pipelines.batch.test_workers import work_without_end

PanWork.make = work_without_end
if __name__ == "__main__":
    main(sys.argv[1:])
"""


def half_films(folder):
    return list((folder / "out" / STATE_FOLDER).rglob("half.part.mp4"))


def wait_for(condition):
    until_s = time.monotonic() + _WAIT_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "n_jobs", "code"),
    [
        (signal.SIGINT, 1, INTERRUPTED),
        pytest.param(signal.SIGINT, 2, INTERRUPTED, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 1, TERMINATED, marks=pytest.mark.slow),
        (signal.SIGTERM, 2, TERMINATED),
        (signal.SIGKILL, 2, -signal.SIGKILL),
    ],
)
def test_a_batch_that_is_ended_leaves_nothing_half_written(
    tmp_path, number, n_jobs, code
):
    touch(tmp_path / "in/a.mp4", tmp_path / "in/b.mp4")
    (tmp_path / "endless.py").write_text(_ENDLESS)
    words = ["batch", tmp_path / "in", "-o", tmp_path / "out", "--jobs", str(n_jobs)]
    process = subprocess.Popen([sys.executable, tmp_path / "endless.py", *words])
    wait_for(lambda: len(half_films(tmp_path)) == n_jobs)
    process.send_signal(number)
    assert process.wait(_WAIT_S) == code
    # The processes of a batch that was killed end by themselves.
    wait_for(lambda: not half_films(tmp_path))
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {STATE_FOLDER}


_SLOW = """
import sys
from pathlib import Path
from pano_jobs.batch.run import batch
from tests.pipelines.batch.test_workers import SlowWork

folder = Path(sys.argv[1])
batch(folder / "in", folder / "out", SlowWork())
"""


def test_two_batches_on_a_folder_share_its_clips(tmp_path):
    names = [f"{number:02d}.mp4" for number in range(40)]
    touch(*(tmp_path / "in" / name for name in names))
    batches = [
        subprocess.Popen([sys.executable, "-c", _SLOW, tmp_path]) for _ in range(2)
    ]
    assert [process.wait(_WAIT_S) for process in batches] == [0, 0]
    assert made(tmp_path / "out") == [["maps", "path", "film"]] * len(names)
    assert not list((tmp_path / "out" / STATE_FOLDER).glob("*.lock"))


@dataclass(frozen=True)
class SlowWork(QuickWork):
    """Takes a moment, so that two batches meet."""

    def make(self, source, target, room, progress):
        time.sleep(0.02)
        return super().make(source, target, room, progress)
