"""Clips that turn out to be long: their parts are handed out, and joined at the end.

The tasks of a batch as an engine takes them. What a task ends with may bring new ones,
so that this iterator can go on after it had nothing more to give. The lock of a clip
that is filmed in parts is held here until its film is there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pano.errors import PanoError
from pano_jobs.batch.clip_run import ELSEWHERE, ClipTask, PartedOutcome
from pano_jobs.batch.lock import held
from pano_jobs.batch.part_run import UNEVEN, JoinTask, PartTask
from pano_jobs.batch.stages.room import Room
from pano_jobs.results import ClipOutcome

log = logging.getLogger(__name__)

# Told the clip, how many of its parts are filmed, and how many there are.
TellPart = Callable[[Path, int, int], None]


@dataclass(slots=True)
class _Filming:
    """A clip that is filmed in parts.

    Parameters
    ----------
    running
        Numbers of the parts that are handed out.
    filming_s
        How long those that are filmed took, all together.
    trouble
        What the first part that was not filmed ended with.
    """

    lock: contextlib.ExitStack
    n_parts: int
    begun_s: float
    running: set[int] = field(default_factory=set)
    n_filmed: int = 0
    filming_s: float = 0.0
    trouble: ClipOutcome | None = None


class PartedTasks:
    """The tasks of a batch: clips, and what becomes of long ones.

    Parameters
    ----------
    on_part
        Told whenever a part is filmed.
    """

    def __init__(self, tasks: Iterable[ClipTask], on_part: TellPart) -> None:
        self._tasks = deque(tasks)
        self._on_part = on_part
        self._filming: dict[Path, _Filming] = {}

    def __iter__(self) -> PartedTasks:
        return self

    def __next__(self) -> ClipTask:
        if not self._tasks:
            raise StopIteration
        task = self._tasks.popleft()
        if isinstance(task, PartTask):
            self._filming[task.clip.target].running.add(task.number)
        return task

    def close(self) -> None:
        """Give the locks back."""
        for filming in self._filming.values():
            filming.lock.close()
        self._filming.clear()

    def settle(self, task: ClipTask, outcome: ClipOutcome) -> ClipOutcome | None:
        """Take what a task ended with; return what became of its clip, once it is."""
        if isinstance(outcome, PartedOutcome):
            return self._begin(task, outcome)
        if isinstance(task, PartTask):
            return self._take(task, outcome)
        if isinstance(task, JoinTask):
            return self._end(task, outcome)
        return outcome

    def _begin(self, task: ClipTask, outcome: PartedOutcome) -> ClipOutcome | None:
        lock = contextlib.ExitStack()
        if not lock.enter_context(held(Room(task.clip, {}).lock_path)):
            lock.close()
            return task.outcome("skipped", ELSEWHERE)
        begun_s = time.monotonic() - outcome.took_s
        self._filming[task.clip.target] = _Filming(lock, outcome.n_parts, begun_s)
        parts = (
            PartTask(task.clip, task.work, task.rules, number=number)
            for number in range(outcome.n_parts)
        )
        self._tasks.extendleft(reversed(list(parts)))
        return None

    def _take(self, task: PartTask, outcome: ClipOutcome) -> ClipOutcome | None:
        filming = self._filming[task.clip.target]
        filming.running.remove(task.number)
        filming.filming_s += outcome.took_s
        if outcome.status == "done":
            filming.n_filmed += 1
            self._on_part(task.clip.source, filming.n_filmed, filming.n_parts)
        else:
            filming.trouble = filming.trouble or outcome
            self._drop_parts(task.clip.target)
        if filming.running:
            return None
        if filming.trouble is not None:
            return self._give_up(task, filming.trouble)
        if filming.n_filmed == filming.n_parts:
            join = JoinTask(
                task.clip, task.work, task.rules, filming_s=filming.filming_s
            )
            self._tasks.appendleft(join)
        return None

    def _drop_parts(self, target: Path) -> None:
        self._tasks = deque(
            task
            for task in self._tasks
            if not (isinstance(task, PartTask) and task.clip.target == target)
        )

    def _give_up(self, task: ClipTask, trouble: ClipOutcome) -> ClipOutcome | None:
        """Film a clip in one piece whose parts would not fit, or let it fail."""
        if trouble.status != UNEVEN:
            return self._end(task, trouble)
        self._filming.pop(task.clip.target).lock.close()
        whole = ClipTask(task.clip, task.work, task.rules, may_be_parted=False)
        self._tasks.appendleft(whole)
        return None

    def _end(self, task: ClipTask, outcome: ClipOutcome) -> ClipOutcome:
        filming = self._filming.pop(task.clip.target)
        with filming.lock:
            if outcome.status == "failed":
                self._fail(task, outcome.reason)
        took_s = round(time.monotonic() - filming.begun_s, 3)
        return dataclasses.replace(outcome, took_s=took_s)

    def _fail(self, task: ClipTask, reason: str) -> None:
        """Note why a clip failed, unless not even that can be done."""
        try:
            room = task.room()
            # What was kept may be what is wrong: a second failure clears it.
            is_first = room.state.failure is None
            room.fail(reason)
            room.close(keep=is_first)
        except (PanoError, OSError):
            log.info("%s failed", task.clip.source, exc_info=True)
