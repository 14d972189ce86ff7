import threading
import time

import cv2
import pytest

from pano_jobs.overlap import ahead, in_order, n_workers, one_thread_of_opencv


def numbers(n: int, *, seen: list[int] | None = None, error_at: int | None = None):
    for k in range(n):
        if k == error_at:
            raise OSError("the disk is gone")
        if seen is not None:
            seen.append(k)
        yield k


def test_items_come_in_order():
    assert list(ahead(numbers(50))) == list(range(50))


def test_only_a_few_are_taken_before_they_are_asked_for():
    seen: list[int] = []
    items = ahead(numbers(50, seen=seen), n_waiting=2)
    assert next(items) == 0
    time.sleep(0.3)
    # One given, two waiting, one in the hand of who took it.
    assert len(seen) <= 4
    items.close()


def test_an_error_reaches_who_asks_after_what_came_before_it():
    items = ahead(numbers(9, error_at=5))
    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_nobody_works_on_once_nobody_asks():
    seen: list[int] = []
    n_before = threading.active_count()
    items = ahead(numbers(1000, seen=seen))
    next(items)
    items.close()
    n_seen = len(seen)
    assert threading.active_count() == n_before
    time.sleep(0.2)
    assert len(seen) == n_seen


def test_an_interrupt_of_who_takes_ends_the_thread():
    n_before = threading.active_count()

    def interrupted():
        for item in ahead(numbers(1000)):
            if item == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threading.active_count() == n_before


def test_results_come_in_the_order_of_their_items():
    def work(k: int) -> int:
        time.sleep(0.002 * (5 - k % 5))
        return k * k

    assert list(in_order(work, numbers(40))) == [(k, k * k) for k in range(40)]


def test_work_is_done_by_several_threads_at_once():
    if n_workers() < 2:
        pytest.skip("one processor has one worker")
    together = threading.Barrier(2, timeout=20.0)

    def work(_: int) -> int:
        return together.wait()

    assert len(list(in_order(work, numbers(4)))) == 4


def test_an_error_of_the_work_reaches_who_asks():
    def work(k: int) -> int:
        return 1 // (3 - k)

    results = in_order(work, numbers(40))
    assert [next(results)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_few_items_wait():
    seen: list[int] = []
    results = in_order(lambda k: k, numbers(1000, seen=seen))
    next(results)
    assert len(seen) <= n_workers() + 1
    results.close()


def test_opencv_has_its_threads_again():
    n_before = cv2.getNumThreads()
    with one_thread_of_opencv():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == n_before
    list(in_order(lambda k: k, numbers(3)))
    assert cv2.getNumThreads() == n_before
