"""SIGTERM ends a batch as Ctrl-C does: what is open is closed, nothing half stays."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

# What a shell says of a process that the signal ended: 128 + 15.
TERMINATED = 143


def _end(number: int, frame: FrameType | None) -> None:
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # a second one would cut the end short
    raise SystemExit(TERMINATED)


@contextlib.contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Raise SystemExit with `TERMINATED` on SIGTERM while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
