"""One clip of a batch from decision to outcome, in whatever process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from pano.errors import MediaError, PanoError
from pano.media.cameras.chapters import joined_chapters
from pano_jobs.batch.clips import BatchClip
from pano_jobs.batch.lock import held
from pano_jobs.batch.stages.room import LAST_STAGE, Products, Room, is_made
from pano_jobs.batch.stages.state import Summary
from pano_jobs.batch.stages.work import ClipWork, PartedWork
from pano_jobs.progress import SILENT, Progress, T
from pano_jobs.results import ClipOutcome
from soundloc.errors import SoundlocError

FINISHED = "exists already"
FOREIGN = "exists already, not made by this batch"
ELSEWHERE = "another batch is working on it"

log = logging.getLogger(__name__)

ShowProgress = Callable[[], AbstractContextManager[Progress]]


def show_nothing() -> AbstractContextManager[Progress]:
    """Show no progress."""
    return nullcontext(SILENT)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a batch does with what it finds.

    Parameters
    ----------
    overwrite
        Make everything anew, whoever made what is there.
    keep
        Leave maps and paths of finished clips for the next time.
    retries_failed
        Run again what failed the last time with the same settings.
    """

    overwrite: bool = False
    keep: bool = False
    retries_failed: bool = True


@dataclass(frozen=True, slots=True)
class ClipTask:
    """A clip with all that another process needs to work on it.

    Parameters
    ----------
    may_be_parted
        Whether its films may be left to be made in parts.
    """

    clip: BatchClip
    work: ClipWork
    rules: Rules
    may_be_parted: bool = True

    def room(self) -> Room:
        """Enter the clip's room.

        Raises
        ------
        MediaError
            If the clip is gone.
        """
        return Room(self.clip, self.work.keys(self.clip.identity()))

    def outcome(self, status: str, reason: str, took_s: float = 0.0) -> ClipOutcome:
        """Say what became of the clip."""
        return ClipOutcome(
            self.clip.source, self.clip.target, status, reason, round(took_s, 3)
        )

    def settled(self, room: Room) -> ClipOutcome | None:
        """Return what is known without work; None where there is some to do."""
        if self.rules.overwrite:
            return None
        state, target = room.state, self.clip.target
        wanted = [*self.work.films(target), *self.work.pages(target)]
        is_current = state.has(LAST_STAGE, room.keys[LAST_STAGE])
        if is_current and state.owns(self.clip.output, wanted):
            return self.outcome("skipped", FINISHED)
        films = self.work.films(target)
        foreign = state.foreign(self.clip.output, films)
        if foreign and all(path.exists() for path in films):
            return self.outcome("skipped", FOREIGN)
        failure = state.failure
        is_known = failure is not None and failure.key == room.keys[LAST_STAGE]
        if failure is not None and is_known and not self.rules.retries_failed:
            return self.outcome("failed", failure.reason)
        return None

    def stages_to_make(self, room: Room) -> list[str]:
        """Name the stages that are not done, in their order."""
        products = {} if self.rules.overwrite else self.work.products(room)
        return [
            stage
            for stage in room.keys
            if stage not in products or not is_made(products[stage])
        ]


@dataclass(frozen=True, slots=True)
class PartedOutcome(ClipOutcome):
    """A clip that is ready to be filmed in parts.

    Parameters
    ----------
    n_parts
        How many there are.
    """

    n_parts: int = 0


def run_clip(
    task: ClipTask, show: ShowProgress = show_nothing, *, wait_s: float = 0.0
) -> ClipOutcome:
    """Make what is to be made of a clip, unless another batch is at it.

    Parameters
    ----------
    wait_s
        How long to wait for whoever works on it.
    """
    begun_s = time.monotonic()
    try:
        room = task.room()
        room.lock_path.parent.mkdir(parents=True, exist_ok=True)
        with held(room.lock_path, wait_s=wait_s) as is_ours:
            if not is_ours:
                return task.outcome("skipped", ELSEWHERE)
            return _run(task, task.room(), show)
    except (PanoError, SoundlocError, OSError) as error:
        log.info("%s failed", task.clip.source, exc_info=True)
        return task.outcome("failed", str(error), time.monotonic() - begun_s)


def _run(task: ClipTask, room: Room, show: ShowProgress) -> ClipOutcome:
    begun_s = time.monotonic()
    room.finish_publishing()
    found = task.settled(room)
    if found is not None:
        if found.status == "skipped" and room.films.exists():
            room.close(keep=task.rules.keep)
        return found
    try:
        notes = _make(task, room, show)
    except (PanoError, SoundlocError, OSError) as error:
        room.fail(str(error))
        raise
    took_s = time.monotonic() - begun_s
    if notes is None:
        return _parted(task, room, took_s)
    room.close(keep=task.rules.keep)
    return task.outcome("done", "; ".join(notes), took_s)


def _parted(task: ClipTask, room: Room, took_s: float) -> PartedOutcome:
    if not isinstance(task.work, PartedWork):
        raise TypeError(f"{type(task.work).__name__} makes no parts")
    n_parts = task.work.parts(room).plan().n_parts
    clip = task.clip
    return PartedOutcome(
        clip.source, clip.target, "begun", "", round(took_s, 3), n_parts
    )


def _make(task: ClipTask, room: Room, show: ShowProgress) -> tuple[str, ...] | None:
    """Make films and pages and return the notes; None where parts are left to film."""
    clip, work = task.clip, task.work
    films, pages = work.films(clip.target), work.pages(clip.target)
    if not task.rules.overwrite:
        foreign = room.state.foreign(clip.output, [*films, *pages])
        if foreign:
            raise MediaError(
                f"{foreign[0]} exists and was not made by this batch; move it away or "
                "add --force"
            )
    products = work.products(room)
    make: Callable[..., Summary | None] = work.make
    parts = None
    if isinstance(work, PartedWork) and work.part_s and task.may_be_parted:
        make, parts = work.begin, work.parts(room).folder
    room.open(products, is_fresh=task.rules.overwrite, parts=parts)
    is_reused = any(is_made(files) for files in products.values())
    try:
        with joined_chapters(clip.chapters) as video, show() as progress:
            noting = _NotingProgress(room, products, progress)
            summary = make(video, room.films / clip.target.name, room, noting)
            noting.note()
    except (PanoError, SoundlocError, OSError):
        # What was kept may be what is wrong: the next try begins anew.
        room.close(keep=not is_reused)
        raise
    if summary is None:
        return None
    room.publish(films, pages, summary)
    return summary.notes


class _NotingProgress:
    """Notes the stages that are done whenever a job begins another pass."""

    def __init__(self, room: Room, products: Products, progress: Progress) -> None:
        self._room, self._products, self._progress = room, products, progress

    def note(self) -> None:
        """Note every stage whose products are there."""
        for stage, files in self._products.items():
            if is_made(files):
                self._room.note(stage)

    def follow(
        self, items: Iterable[T], *, words: str, duration_s: float | None
    ) -> Iterator[T]:
        """Pass the items on."""
        self.note()
        yield from self._progress.follow(items, words=words, duration_s=duration_s)
