"""Callback types for the progress of long computations."""

from __future__ import annotations

from collections.abc import Callable

# What is counted, how many are done, and of how many.
StepProgress = Callable[[str, int, int], None]
# The same of one thing, whose name the caller knows.
Progress = Callable[[int, int], None]


def untold(what: str, done: int, total: int) -> None:
    """Ignore the progress: the default callback."""
