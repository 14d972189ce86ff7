from fractions import Fraction
from pathlib import Path

import av
import pytest

from pano.errors import MediaError
from pano.media.reading import DecodingReport, PresentationClock


def times(stamps: list[int | None], *, rate: int = 25, per_second: int = 100):
    clock = PresentationClock(Fraction(1, per_second), Fraction(rate))
    pictures = [av.VideoFrame(16, 16, "yuv420p") for _ in stamps]
    for picture, pts in zip(pictures, stamps, strict=True):
        picture.pts = pts
    return [clock.pts(picture) for picture in pictures]


def test_times_of_the_file_are_kept() -> None:
    assert times([7, 11, 300, 301]) == [7, 11, 300, 301]


def test_missing_times_go_on_at_the_nominal_rate() -> None:
    assert times([None, None, 8, None]) == [0, 4, 8, 12]


def test_a_time_that_no_clock_shows_counts_as_missing() -> None:
    far = 10**12 + 1  # in hundredths of a second
    assert times([far, 4, -far, 12, far]) == [0, 4, 8, 12, 16]


def test_times_counted_from_1970_are_kept() -> None:
    now = 1_795_000_000 * 100
    assert times([now, now + 4]) == [now, now + 4]


def test_a_repeated_time_is_moved_by_the_smallest_step() -> None:
    assert times([0, 4, 4, 8]) == [0, 4, 5, 8]


def test_a_jump_back_is_closed_without_a_gap() -> None:
    assert times([500, 504, 0, 10, 12]) == [500, 504, 508, 518, 520]


def test_few_corrupt_frames_are_allowed_even_in_a_short_file() -> None:
    DecodingReport(n_good=5, n_corrupt=10).check(Path("a.mp4"))
    with pytest.raises(MediaError, match="11 of 16 frames"):
        DecodingReport(n_good=5, n_corrupt=11).check(Path("a.mp4"))


def test_a_tenth_of_a_long_file_may_be_corrupt() -> None:
    DecodingReport(n_good=900, n_corrupt=100).check(Path("a.mp4"))
    with pytest.raises(MediaError, match="101 of 1000 frames"):
        DecodingReport(n_good=899, n_corrupt=101).check(Path("a.mp4"))
