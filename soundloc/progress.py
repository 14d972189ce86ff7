"""How far a long computation is, for whoever wants to know.

Jobs tell the terminal of it; nothing in this package prints.
"""

from __future__ import annotations

from collections.abc import Callable

# What is counted, how many are done, and of how many.
StepProgress = Callable[[str, int, int], None]
# The same of one thing, whose name the caller knows.
Progress = Callable[[int, int], None]


def untold(what: str, done: int, total: int) -> None:
    """Tell nobody."""
