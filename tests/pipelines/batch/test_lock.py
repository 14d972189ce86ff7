from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from pano_jobs.batch import lock
from pano_jobs.batch.lock import held

_HOLD = """
import sys, time
from pathlib import Path
from pano_jobs.batch.lock import held

with held(Path(sys.argv[1])) as is_ours:
    print(is_ours, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Let another process hold the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, tmp_path / "lock"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"True"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_lock_that_another_process_holds_is_not_to_be_had(tmp_path, holder):
    with held(tmp_path / "lock") as is_ours:
        assert not is_ours
    assert holder.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_dead_process_holds_no_lock(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with held(tmp_path / "lock") as is_ours:
        assert is_ours


def test_a_lock_leaves_no_file(tmp_path):
    with held(tmp_path / "lock") as is_ours:
        assert is_ours
        with held(tmp_path / "lock") as is_ours_too:
            assert not is_ours_too
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()


def test_a_lock_on_a_file_that_is_gone_is_taken_anew(tmp_path, monkeypatch):
    take = lock._take
    taken: list[int] = []

    def take_late(file):
        if not taken:
            (tmp_path / "lock").unlink()  # by whoever had it
        taken.append(file)
        take(file)

    monkeypatch.setattr(lock, "_take", take_late)
    with held(tmp_path / "lock") as is_ours:
        assert is_ours
        assert len(taken) == 2
        assert (tmp_path / "lock").exists()


def test_a_file_system_without_locks_does_without(tmp_path, monkeypatch):
    def no_locks(file):
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(lock, "_take", no_locks)
    with held(tmp_path / "lock") as is_ours:
        assert is_ours
