"""Progress reporting of the jobs.

Jobs tell a `Progress` what passes through them and know nothing of terminals.
Progress is measured in seconds of the clip, because the number of frames is not
known before the last one is decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable


@runtime_checkable
class Timed(Protocol):
    """Anything with a place in the time of a clip."""

    @property
    def time_s(self) -> float:
        """Its presentation time in seconds."""
        ...


T = TypeVar("T", bound=Timed)


@runtime_checkable
class Progress(Protocol):
    """Receives the progress of a job."""

    def follow(
        self, items: Iterable[T], *, words: str, duration_s: float | None
    ) -> Iterator[T]:
        """Pass the items on, unchanged, and note how far they are.

        `duration_s` is that of the whole clip, ``None`` where nobody knows it.
        """
        ...


class SilentProgress:
    """Reports nothing."""

    def follow(
        self, items: Iterable[T], *, words: str, duration_s: float | None
    ) -> Iterator[T]:
        """Pass the items on."""
        yield from items


SILENT = SilentProgress()
