"""How long a batch takes and how large its films become, by what is finished.

Sizes in bytes measure the work that is left: they are known of every clip at no cost.
What a dry run says of a clip goes by its length, which its header has to tell.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pano.errors import PanoError
from pano.media import probe
from pano_jobs.batch.clip_run import ClipTask
from pano_jobs.batch.stages.state import STATE_FOLDER, ClipState


def duration_words(seconds: float) -> str:
    """Say a length of time as a person would."""
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def size_words(n_bytes: float) -> str:
    """Say a size in the unit that fits."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes / 1e3:.0f} kB"


class TimeLeft:
    """Tells how long the rest takes, by how long what was worked on took.

    Parameters
    ----------
    n_bytes
        Of all clips that are to be worked on.
    """

    def __init__(
        self, n_bytes: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left, self._done = n_bytes, 0
        self._clock, self._begun_s = clock, clock()

    def add(self, n_bytes: int) -> None:
        """Count a clip that was found later."""
        self._left += n_bytes

    def done(self, n_bytes: int, *, is_worked_on: bool) -> None:
        """Count a clip that is through."""
        self._left = max(0, self._left - n_bytes)
        if is_worked_on:
            self._done += n_bytes

    def words(self) -> str:
        """Say how long the rest takes; nothing where nobody knows."""
        if self._done == 0 or self._left == 0:
            return ""
        pace = (self._clock() - self._begun_s) / self._done
        return f"about {duration_words(pace * self._left)} left"


@dataclass(slots=True)
class Experience:
    """What finished clips cost for each second of their length."""

    _stage_s: dict[str, tuple[float, float]] = field(default_factory=dict)
    _bytes: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def of(cls, output: Path) -> Experience:
        """Learn from all clips that are finished."""
        experience = cls()
        for path in sorted((output / STATE_FOLDER).glob("*.json")):
            experience.learn(ClipState.load(path))
        return experience

    def learn(self, state: ClipState) -> None:
        """Learn from one clip."""
        duration_s = state.summary.duration_s
        if not duration_s or "film" not in state.stages:
            return
        for stage, record in state.stages.items():
            took_s, of_s = self._stage_s.get(stage, (0.0, 0.0))
            self._stage_s[stage] = (took_s + record.seconds, of_s + duration_s)
        made = [state.outputs[name].n_bytes for name in state.films]
        self._bytes = (self._bytes[0] + sum(made), self._bytes[1] + duration_s)

    def seconds(self, stages: list[str], duration_s: float) -> float | None:
        """Return how long stages of a clip will take; None where nothing tells."""
        known = [self._stage_s[stage] for stage in stages if stage in self._stage_s]
        if len(known) < len(stages):
            return None
        return sum(took_s / of_s * duration_s for took_s, of_s in known)

    def n_bytes(self, duration_s: float) -> float | None:
        """Return how large a clip's films will be; None where nothing tells."""
        n_bytes, of_s = self._bytes
        return n_bytes / of_s * duration_s if of_s else None


def planned_words(task: ClipTask, stages: list[str], experience: Experience) -> str:
    """Say what would be done to a clip, how long it takes and what comes out."""
    words = ", ".join(stages)
    duration_s = None
    with contextlib.suppress(PanoError, OSError):
        duration_s = probe(task.clip.source).duration_from_header_s
    if duration_s is None:
        return words
    duration_s *= len(task.clip.chapters)  # cameras cut them equally long
    seconds = experience.seconds(stages, duration_s)
    n_bytes = experience.n_bytes(duration_s)
    if seconds is None or n_bytes is None:
        return f"{words}; a clip of {duration_words(duration_s)}"
    return f"{words}; about {duration_words(seconds)}, {size_words(n_bytes)}"
