"""The parts of a clip's films: one filmed, all joined, in whatever process.

Whoever hands the tasks out holds the clip's lock all the while. A task has a lock of
its own, because a process may outlive its machine's place in a cluster by some seconds.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from pano.errors import MediaError, PanoError
from pano.media.cameras.chapters import joined_chapters
from pano_jobs.batch.clip_run import (
    FINISHED,
    ClipTask,
    ShowProgress,
    run_clip,
    show_nothing,
)
from pano_jobs.batch.lock import held
from pano_jobs.batch.stages.room import LAST_STAGE
from pano_jobs.batch.stages.work import PartedWork
from pano_jobs.results import ClipOutcome
from pano_jobs.video.parts import UnevenPartError
from soundloc.errors import SoundlocError

# The status of a part whose clip has to be filmed in one piece.
UNEVEN = "uneven"
# As long as a process may go on that its cluster has given up.
_LOCK_WAIT_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PartTask(ClipTask):
    """A part of a clip that was begun, by its number from 0."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class JoinTask(ClipTask):
    """A clip whose parts are all filmed.

    Parameters
    ----------
    filming_s
        How long that took, all parts together.
    """

    filming_s: float = 0.0


def run_task(
    task: ClipTask, show: ShowProgress = show_nothing, *, wait_s: float = 0.0
) -> ClipOutcome:
    """Do what is to be done of a clip: begin it or make it, film a part, or join them.

    Parameters
    ----------
    wait_s
        How long to wait for whoever works on it.
    """
    if not isinstance(task, (PartTask, JoinTask)):
        return run_clip(task, show, wait_s=wait_s)
    begun_s = time.monotonic()
    try:
        if isinstance(task, PartTask):
            _film(task, show)
            return task.outcome("done", "", time.monotonic() - begun_s)
        return _join(task, show)
    except UnevenPartError as error:
        return task.outcome(UNEVEN, str(error), time.monotonic() - begun_s)
    except (PanoError, SoundlocError, OSError) as error:
        log.info("%s failed", task.clip.source, exc_info=True)
        return task.outcome("failed", str(error), time.monotonic() - begun_s)


def _film(task: PartTask, show: ShowProgress) -> None:
    work, room = _parted(task), task.room()
    parts = work.parts(room)
    with held(parts.lock(task.number), wait_s=_LOCK_WAIT_S) as is_ours:
        _refuse_taken(task, is_ours=is_ours)
        if parts.is_filmed(task.number):
            return
        with joined_chapters(task.clip.chapters) as video, show() as progress:
            work.film_part(video, room, task.number, progress)


def _join(task: JoinTask, show: ShowProgress) -> ClipOutcome:
    clip, work, room = task.clip, _parted(task), task.room()
    parts = work.parts(room)
    with held(parts.lock("join"), wait_s=_LOCK_WAIT_S) as is_ours:
        _refuse_taken(task, is_ours=is_ours)
        room = task.room()
        room.add_time(task.filming_s)
        room.finish_publishing()
        films, pages = work.films(clip.target), work.pages(clip.target)
        is_joined = room.state.has(LAST_STAGE, room.keys[LAST_STAGE])
        if is_joined and room.state.owns(clip.output, [*films, *pages]):
            words = FINISHED  # by a process that was given up too early
        else:
            with joined_chapters(clip.chapters) as video, show() as progress:
                made = room.films / clip.target.name
                summary = work.join(video, made, room, progress)
            room.publish(films, pages, summary)
            words = "; ".join(summary.notes)
        parts.remove()
    room.close(keep=task.rules.keep)
    return task.outcome("done", words)


def _parted(task: ClipTask) -> PartedWork:
    if not isinstance(task.work, PartedWork):
        raise TypeError(f"{type(task.work).__name__} makes no parts")
    return task.work


def _refuse_taken(task: ClipTask, *, is_ours: bool) -> None:
    if not is_ours:
        raise MediaError(
            f"a process that was given up still works on {task.clip.source}; start "
            "the batch again"
        )
