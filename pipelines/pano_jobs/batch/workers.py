"""Several clips at once, each in a process of its own that may die alone.

A pool of the standard library is lost with any of its processes, and a clip that eats
all memory takes its process with it: here that clip fails and the next one begins. The
processes are started anew rather than forked, so that no lock and no open file is
shared; one whose batch is gone ends by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from pano_jobs.batch.clip_run import ClipTask
from pano_jobs.batch.part_run import run_task
from pano_jobs.batch.signals import ending_on_sigterm
from pano_jobs.results import ClipOutcome

# Time to leave nothing half-written; after it a process is killed.
_GRACE_S = 20.0


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    task: ClipTask | None = None

    @classmethod
    def hire(cls) -> _Worker:
        """Start a process that waits for tasks."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def give(self, task: ClipTask) -> None:
        """Hand over a task; one that has died meanwhile is found out later."""
        self.task = task
        try:
            self.connection.send(task)
        except OSError:
            self.process.join(_GRACE_S)

    def outcome(self) -> ClipOutcome:
        """Take the outcome of the task, or say that the process died of it."""
        task, self.task = self.task, None
        if task is None:
            raise ValueError("a worker without a task has no outcome")
        try:
            outcome = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(_GRACE_S)
            return task.outcome("failed", _died_words(task, self.process.exitcode))
        if not isinstance(outcome, ClipOutcome):
            raise TypeError(f"expected an outcome, got {type(outcome).__name__}")
        return outcome


def run_at_once(
    tasks: Iterator[ClipTask], n_jobs: int
) -> Generator[tuple[ClipTask, ClipOutcome], None, None]:
    """Run tasks in `n_jobs` processes; yield each with its outcome as it ends.

    Tasks are taken when a process is free for them.
    """
    crew: list[_Worker] = []
    try:
        while True:
            _employ(crew, tasks, n_jobs)
            busy = {id(one.connection): one for one in crew if one.task is not None}
            if not busy:
                return
            for connection in wait([one.connection for one in busy.values()]):
                worker = busy[id(connection)]
                task, outcome = worker.task, worker.outcome()
                if not worker.process.is_alive():
                    crew.remove(worker)
                if task is not None:
                    yield task, outcome
    finally:
        _dismiss(crew)


def _employ(crew: list[_Worker], tasks: Iterator[ClipTask], n_jobs: int) -> None:
    """Give tasks to all that are free, and start processes while there are too few."""
    while sum(one.task is not None for one in crew) < n_jobs:
        task = next(tasks, None)
        if task is None:
            return
        free = next((one for one in crew if one.task is None), None)
        if free is None:
            free = _Worker.hire()
            crew.append(free)
        free.give(task)


def _dismiss(crew: list[_Worker]) -> None:
    """End all processes: the idle ones by themselves, the busy ones with a signal."""
    for worker in crew:
        worker.connection.close()
        if worker.task is not None:
            worker.process.terminate()
    for worker in crew:
        worker.process.join(_GRACE_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _died_words(task: ClipTask, exit_code: int | None) -> str:
    how = f"exit code {exit_code}"
    if exit_code is not None and exit_code < 0:
        how = f"signal {-exit_code}"
    return (
        f"the process that worked on {task.clip.source} ended ({how}), perhaps for "
        "want of memory; try it alone with fewer --jobs"
    )


def _serve(connection: Connection) -> None:
    """Run what comes until nothing more does; the life of a process."""
    # Ctrl-C reaches every process of a terminal: the batch decides, and sends a signal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_batch, daemon=True).start()
    with ending_on_sigterm():
        while True:
            try:
                task = connection.recv()
            except (EOFError, OSError):
                return
            connection.send(run_task(task))


def _end_with_the_batch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
