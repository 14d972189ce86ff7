"""The courses that are compared: of the sound, and of the cells' motion."""

from fractions import Fraction

import numpy as np
import pytest

from pano.media import Frame
from pano_jobs.analysis.synchrony.clock import RATE_HZ, without_trend
from pano_jobs.analysis.synchrony.motion import MotionCourse
from pano_jobs.analysis.synchrony.strokes import Strokes

SOUND_RATE_HZ = 22_050
LEVEL, ONSETS = 0, 1


def clicks(*ticks: int, duration_s: float = 4.0) -> np.ndarray:
    """Noise of a twentieth of a second in the middle of each of these ticks."""
    rng = np.random.default_rng(0)
    track = rng.normal(0.0, 1e-4, round(duration_s * SOUND_RATE_HZ))
    for tick in ticks:
        middle = round((tick + 0.5) / RATE_HZ * SOUND_RATE_HZ)
        track[middle - 550 : middle + 550] += rng.normal(0.0, 0.3, 1100)
    return track.astype(np.float32)


def flickering(times_s, cells=((10, 20),), *, gain=40.0, everywhere=0.0) -> list[Frame]:
    """Frames in which some cells are brighter in every other picture."""
    frames = []
    for number, time_s in enumerate(times_s):
        image = np.full((480, 960, 3), 90.0)
        for row, column in cells:
            rows, columns = slice(16 * row, 16 * row + 16), slice(16 * column, None)
            image[rows, columns][:, :16] += gain * (number % 2)
        image += everywhere * (number % 2)
        pts = round(time_s * 90_000)
        frames.append(Frame(image.astype(np.uint8), pts, Fraction(1, 90_000)))
    return frames


def watched(frames: list[Frame]) -> MotionCourse:
    course = MotionCourse()
    assert len(list(course.passing(frames))) == len(frames)
    return course


def test_trends_are_taken_away_and_strokes_stay() -> None:
    ticks = np.arange(60.0)
    assert np.abs(without_trend(3.0 * ticks)[10:-10]).max() < 1e-9
    stroke = np.zeros(60)
    stroke[30] = 1.0
    assert without_trend(stroke)[30] > 0.9


def test_a_click_is_loud_and_begins_in_its_tick() -> None:
    strokes = Strokes.of(clicks(10, 33), SOUND_RATE_HZ)
    for course in (LEVEL, ONSETS):
        loudest = np.argsort(strokes.courses[course])[-2:]
        assert sorted(loudest) == [10, 33]


def test_silence_has_no_strokes() -> None:
    strokes = Strokes.of(np.zeros(SOUND_RATE_HZ, np.float32), SOUND_RATE_HZ)
    assert strokes.courses.shape == (2, 15)
    assert np.ptp(strokes.courses, axis=1) == pytest.approx([0.0, 0.0])


def test_sound_before_and_after_is_as_at_the_ends() -> None:
    strokes = Strokes.of(clicks(0, 59), SOUND_RATE_HZ)
    found = strokes.between(-3, 63)
    assert found.shape == (2, 66)
    assert np.all(found[:, :3] == found[:, 3:4])
    assert np.all(found[:, -3:] == found[:, -4:-3])
    empty = Strokes.of(np.zeros(0, np.float32), SOUND_RATE_HZ)
    assert not empty.between(-2, 5).any()


def test_what_changes_moves_and_what_does_not_rests() -> None:
    course = watched(flickering(np.arange(60) / 15.0))
    motion = course.between(5, 50)
    assert motion.shape == (45, 30, 60)
    assert motion[:, 10, 20].min() > 3.0
    motion[:, 10, 20] = 0.0
    assert np.abs(motion).max() < 0.05


def test_what_flickers_everywhere_is_no_motion() -> None:
    course = watched(flickering(np.arange(60) / 15.0, (), everywhere=30.0))
    assert np.abs(course.between(5, 50)).max() < 1e-6


@pytest.mark.parametrize("rate_hz", [10.0, 15.0, 24.0, 30.0, 59.94])
def test_motion_is_known_at_any_frame_rate(rate_hz) -> None:
    times_s = np.arange(int(4 * rate_hz)) / rate_hz
    frames = flickering(times_s, ((10, 20), (29, 59)))
    course = watched(frames)
    assert course.n_ticks in (58, 59)
    motion = course.between(0, 60)
    assert motion.shape[0] == course.n_ticks
    # Of faster films every other picture is taken, and these look the same.
    if rate_hz <= 15.0:
        assert motion[10:50, 29, 59].mean() > 1.0


def test_a_picture_shown_again_is_no_rest_between_two_motions() -> None:
    frames = flickering(np.arange(20) / 5.0)
    clock = [
        Frame(frames[k // 3].picture, k, Fraction(1, 15))
        for k in range(3 * len(frames))
    ]
    motion = watched(clock).between(5, 50)[:, 10, 20]
    assert motion.min() > 0.9 * motion.max()


def test_what_is_forgotten_is_what_came_before() -> None:
    course = watched(flickering(np.arange(60) / 15.0))
    before = course.between(30, 50)
    course.forget(30)
    np.testing.assert_array_equal(course.between(30, 50), before)
    assert course.n_ticks == 59
    assert course.knows(1000)


def test_a_tick_is_known_when_its_end_was_seen() -> None:
    course = MotionCourse()
    frames = course.passing(flickering(np.arange(30) / 15.0))
    for _ in range(11):
        next(frames)
    assert course.knows(10)
    assert not course.knows(11)


@pytest.mark.parametrize("n_frames", [0, 1])
def test_clips_without_a_second_picture_have_no_motion(n_frames) -> None:
    course = watched(flickering(np.arange(n_frames) / 15.0))
    assert course.between(0, 60).shape == (0, 30, 60)
