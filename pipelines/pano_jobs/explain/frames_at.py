"""Which of the frames that pass a page shows: the first at or after each moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class FramesAt(Generic[Kept]):
    """Keeps what is made of the frames of some moments.

    Where no frame is so late as a moment, as in a clip of one picture that stays, the
    very first frame is kept alone.

    Parameters
    ----------
    moments_s
        Rising presentation times.
    """

    def __init__(self, moments_s: Iterable[float]) -> None:
        self._waiting_s = list(moments_s)
        self._first: list[Kept] = []
        self._kept: list[Kept] = []

    def wants(self, time_s: float) -> bool:
        """Tell whether the frame of this time may be shown."""
        return not self._first or self._is_due(time_s)

    def moment_s(self, time_s: float) -> float:
        """Return the moment for which the frame of this time stands."""
        return self._waiting_s[0] if self._is_due(time_s) else time_s

    def keep(self, time_s: float, made: Kept) -> None:
        """Keep what was made of the frame of this time."""
        self._first = self._first or [made]
        if self._is_due(time_s):
            self._kept.append(made)
        while self._is_due(time_s):
            self._waiting_s.pop(0)

    @property
    def kept(self) -> list[Kept]:
        """What is to be shown, in the order of time; nothing if no frame passed."""
        return self._kept or self._first

    def _is_due(self, time_s: float) -> bool:
        return bool(self._waiting_s) and time_s >= self._waiting_s[0]
