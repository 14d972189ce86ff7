"""Work that overlaps: what comes next is made while what there is is used.

Decoding, looking, filming and encoding spend their time outside the interpreter, so
threads are enough. Few items wait at a time, an error reaches whoever takes the items,
and nothing goes on once nobody does.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2

Item = TypeVar("Item")
Result = TypeVar("Result")

# More threads of one kind bring nothing: another kind is then the slowest.
_MOST_WORKERS = 4
_PATIENCE_S = 0.1


@dataclass(frozen=True, slots=True)
class _Answer(Generic[Item]):
    """An item, an error, or, without either, the end."""

    item: Item | None = None
    error: BaseException | None = None


def n_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def n_workers() -> int:
    """Return how many threads do one kind of work."""
    return min(n_processors(), _MOST_WORKERS)


def ahead(items: Iterable[Item], *, n_waiting: int = 2) -> Generator[Item, None, None]:
    """Take items, none of which is None, in a thread of its own, some before asked."""
    waiting: queue.Queue[_Answer[Item]] = queue.Queue(n_waiting)
    is_left = threading.Event()

    def offer(answer: _Answer[Item]) -> bool:
        while not is_left.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(answer, timeout=_PATIENCE_S)
                return True
        return False

    def take() -> None:
        try:
            for item in items:
                if not offer(_Answer(item)):
                    return
            offer(_Answer())
        except BaseException as error:
            offer(_Answer(error=error))

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        while True:
            # With a timeout, because on some systems Ctrl-C waits for a lock.
            with contextlib.suppress(queue.Empty):
                answer = waiting.get(timeout=_PATIENCE_S)
                if answer.error is not None:
                    raise answer.error
                if answer.item is None:
                    return
                yield answer.item
    finally:
        is_left.set()
        thread.join()


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[tuple[Item, Result], None, None]:
    """Work on several items at once; yield them with their results, in their order.

    OpenCV works with one thread per item meanwhile: whole items are the better parts.
    """
    n = n_workers()
    running: deque[tuple[Item, Future[Result]]] = deque()
    with one_thread_of_opencv(), ThreadPoolExecutor(n) as pool:
        try:
            for item in items:
                running.append((item, pool.submit(work, item)))
                if len(running) > n:
                    done, future = running.popleft()
                    yield done, future.result()
            while running:
                done, future = running.popleft()
                yield done, future.result()
        finally:
            for _, future in running:
                future.cancel()


@contextlib.contextmanager
def one_thread_of_opencv() -> Iterator[None]:
    """Let each call of OpenCV work with one thread."""
    n_before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(n_before)
