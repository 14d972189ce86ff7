"""The `batch` job: make a film of every video of a folder.

The output folder mirrors the input folder. A clip that fails is noted and the next one
begins; what is finished is skipped and what was begun goes on, so that a batch that was
killed is simply started again. Several batches on one folder share its clips.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pano.errors import MediaError, PanoError
from pano_jobs.batch.clip_run import (
    ELSEWHERE,
    ClipTask,
    Rules,
    ShowProgress,
    show_nothing,
)
from pano_jobs.batch.clips import BatchClip, find_clips
from pano_jobs.batch.forecast import Experience, TimeLeft, planned_words
from pano_jobs.batch.part_run import run_task
from pano_jobs.batch.parted import PartedTasks, TellPart
from pano_jobs.batch.report import write_report
from pano_jobs.batch.stages.work import ClipWork, PartedWork
from pano_jobs.batch.watch import Watch
from pano_jobs.batch.workers import run_at_once
from pano_jobs.results import BatchResult, ClipOutcome

log = logging.getLogger(__name__)

# Runs tasks at once, and yields each with its outcome as it ends.
Engine = Callable[
    [Iterator[ClipTask]], Generator[tuple[ClipTask, ClipOutcome], None, None]
]

# While a long batch runs, its report is written so often.
_REPORT_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a batch goes through a folder.

    Parameters
    ----------
    join
        Make one clip of files that their names say are chapters of one recording.
    n_jobs
        Clips at once, each in a process of its own if there are several.
    engine
        Runs the clips in the place of processes of this one.
    watch
        Goes on to look for new clips, without an end.
    """

    rules: Rules = field(default_factory=Rules)
    join: bool = False
    n_jobs: int = 1
    engine: Engine | None = None
    watch: Watch | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told how a batch goes on.

    Parameters
    ----------
    starting
        Told each clip before it is worked on in this process.
    filmed
        Told the clip of which a part is filmed, how many of its parts are, and how many
        there are.
    ended
        Told each outcome, how many clips are still to be worked on, and the time left.
    show
        Shows the progress within a clip.
    """

    starting: Callable[[Path], None] = lambda _: None
    filmed: TellPart = lambda *_: None
    ended: Callable[[ClipOutcome, int, str], None] = lambda *_: None
    show: ShowProgress = show_nothing


def batch(
    folder: Path,
    output: Path,
    work: ClipWork,
    options: BatchOptions | None = None,
    listener: Listener | None = None,
) -> BatchResult:
    """Make something of every video below a folder.

    The report is written when the batch ends, even when it is interrupted.

    Raises
    ------
    MediaError
        If the folder is missing or holds no video.
    """
    options = options or BatchOptions()
    running = _Batch(folder, output, work, options, listener or Listener())
    try:
        for clips in running.rounds():
            running.go_through(clips)
    except BaseException:
        # What ended the batch is being raised; a second failure must not hide it.
        running.try_to_report()
        raise
    running.report()
    return running.result()


def plan_batch(
    folder: Path, output: Path, work: ClipWork, options: BatchOptions | None = None
) -> BatchResult:
    """Say what `batch` would do to every video, and write nothing.

    Raises
    ------
    MediaError
        If the folder is missing or holds no video.
    """
    options = options or BatchOptions()
    experience = Experience.of(output)
    outcomes = []
    for clip in _found(folder, output, work, options):
        task = ClipTask(clip, work, options.rules)
        room = task.room()
        outcome = task.settled(room)
        if outcome is None:
            words = planned_words(task, task.stages_to_make(room), experience)
            outcome = task.outcome("planned", words)
        outcomes.append(outcome)
    return BatchResult(folder=folder, output=output, clips=tuple(outcomes))


def _found(
    folder: Path, output: Path, work: ClipWork, options: BatchOptions
) -> list[BatchClip]:
    clips = list(find_clips(folder, output, suffix=work.suffix, join=options.join))
    if not clips and options.watch is None:
        raise MediaError(f"{folder} holds no video")
    return clips


class _Batch:
    """A batch as it runs: what came of each clip, and how much is left."""

    def __init__(
        self,
        folder: Path,
        output: Path,
        work: ClipWork,
        options: BatchOptions,
        listener: Listener,
    ) -> None:
        self._folder, self._output, self._work = folder, output, work
        self._options, self._listener = options, listener
        self._outcomes: dict[Path, tuple[BatchClip, ClipOutcome]] = {}
        self._sizes: dict[Path, int] = {}
        self._time_left = TimeLeft(0)
        self._reported_s = time.monotonic()

    def rounds(self) -> Iterator[list[BatchClip]]:
        """Yield the clips to go through: once all, or forever those that come."""
        watch = self._options.watch
        if watch is None:
            yield self._look()
            return
        yield from watch.rounds(self._look)

    def _look(self) -> list[BatchClip]:
        return _found(self._folder, self._output, self._work, self._options)

    def go_through(self, clips: list[BatchClip]) -> None:
        """Work on clips; on those that another batch had, once more at the end."""
        if not clips:
            return
        todo = []
        for clip in clips:
            task = ClipTask(clip, self._work, self._options.rules)
            known = self._settled(task)
            if known is None:
                todo.append(task)
            else:
                self._end(task, known)
        elsewhere = []
        for task, outcome in self._run(todo):
            if outcome.reason == ELSEWHERE:
                elsewhere.append(task)
            else:
                self._end(task, outcome)
        for task, outcome in self._run(elsewhere):
            self._end(task, outcome)
        if self._options.watch is not None:
            self.try_to_report()

    def _settled(self, task: ClipTask) -> ClipOutcome | None:
        """Return what is known of a clip; count it as work where nothing is."""
        try:
            identity = task.clip.identity()
            room = task.room()
            known = None if room.is_left_open else task.settled(room)
        except PanoError as error:
            return task.outcome("failed", str(error))
        if known is None:
            self._sizes[task.clip.target] = identity.n_bytes
            self._time_left.add(identity.n_bytes)
        return known

    def _run(self, tasks: list[ClipTask]) -> Iterator[tuple[ClipTask, ClipOutcome]]:
        """Run tasks, and the parts of clips; yield each clip with its outcome."""
        todo = PartedTasks(tasks, self._listener.filmed)
        engine = self._engine(n_tasks=len(tasks))
        with contextlib.closing(todo), contextlib.closing(engine(todo)) as ended:
            for task, outcome in ended:
                settled = todo.settle(task, outcome)
                if settled is not None:
                    yield task, settled

    def _engine(self, n_tasks: int) -> Engine:
        n_jobs, engine = self._options.n_jobs, self._options.engine
        if engine is not None:
            return engine
        work = self._work
        makes_parts = isinstance(work, PartedWork) and work.part_s is not None
        if n_jobs > 1 and (n_tasks > 1 or makes_parts):
            return functools.partial(run_at_once, n_jobs=n_jobs)
        return self._one_after_another

    def _one_after_another(
        self, tasks: Iterator[ClipTask]
    ) -> Generator[tuple[ClipTask, ClipOutcome], None, None]:
        for task in tasks:
            if type(task) is ClipTask:
                self._listener.starting(task.clip.source)
            yield task, run_task(task, self._listener.show)

    def _end(self, task: ClipTask, outcome: ClipOutcome) -> None:
        target = task.clip.target
        self._outcomes[target] = (task.clip, outcome)
        n_bytes = self._sizes.pop(target, 0)
        self._time_left.done(n_bytes, is_worked_on=outcome.status == "done")
        n_left = len(self._sizes)
        self._listener.ended(outcome, n_left, self._time_left.words())
        if time.monotonic() - self._reported_s > _REPORT_EVERY_S:
            self.try_to_report()

    def report(self) -> None:
        """Write the report, if there is anything to report."""
        self._reported_s = time.monotonic()
        if self._outcomes:
            write_report(self._folder, self._output, self._sorted())

    def try_to_report(self) -> None:
        """Write the report, which no batch is to end for."""
        try:
            self.report()
        except (PanoError, OSError):
            log.warning("the report cannot be written yet", exc_info=True)

    def _sorted(self) -> list[tuple[BatchClip, ClipOutcome]]:
        return sorted(self._outcomes.values(), key=lambda one: one[0].source)

    def result(self) -> BatchResult:
        """Return what came of every clip, in the order of their names."""
        clips = tuple(outcome for _, outcome in self._sorted())
        return BatchResult(folder=self._folder, output=self._output, clips=clips)
