import itertools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pano.media import MediaWriter, open_media, probe
from pano.media.containers.film_clock import FilmClock, nominal_rate
from tests.pano.media.writing.test_encode import copy_through
from tests.synthetic import Clip, SoundTrack, sine, write_clip

MS = Fraction(1, 1000)
MICROSECOND = Fraction(1, 1_000_000)
NTSC = Fraction(1000, 1001)


def film_times(stamps: Sequence[int], rate: Fraction | None) -> list[Fraction]:
    clock = FilmClock(MS, rate)
    return [clock.pts(stamp) * clock.time_base for stamp in stamps]


def in_ms(times: Sequence[Fraction]) -> list[int]:
    return [round(time / MS) for time in times]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (Fraction(19001, 317), 60 * NTSC),  # as Matroska says it
        (Fraction(29011, 242), 120 * NTSC),
        (Fraction(30), Fraction(30)),
        (30 * NTSC, 30 * NTSC),
        (Fraction(25, 2), Fraction(25, 2)),
        (Fraction(2729, 100), Fraction(2729, 100)),
        (Fraction(1, 10), Fraction(1, 10)),
    ],
)
def test_a_header_means_a_whole_or_a_broadcast_rate(
    said: Fraction, meant: Fraction
) -> None:
    assert nominal_rate(said) == meant


@pytest.mark.parametrize("start", [Fraction(0), Fraction(7, 10_000), Fraction(12, 7)])
@pytest.mark.parametrize("rate", [24 * NTSC, 30 * NTSC, 60 * NTSC, Fraction(60)])
def test_rounded_stamps_of_a_rate_become_exact(rate: Fraction, start: Fraction) -> None:
    exact = [k / rate for k in range(500)]
    stamps = in_ms([start + time for time in exact])
    assert film_times(stamps, rate) == exact


def test_a_missing_picture_leaves_its_place_free() -> None:
    rate = 60 * NTSC
    exact = [k / rate for k in range(100) if k not in (7, 8, 50)]
    assert film_times(in_ms(exact), rate) == exact


def test_a_variable_rate_stays_variable() -> None:
    stamps = [0, 40, 61, 99, 143, 151, 200]
    assert in_ms(film_times(stamps, Fraction(30))) == stamps


def test_a_rate_that_changes_is_exact_as_far_as_it_holds() -> None:
    rate = 30 * NTSC
    exact = [k / rate for k in range(10)]
    stamps = [*in_ms(exact), 321, 342]
    assert film_times(stamps, rate) == [*exact, 321 * MS, 342 * MS]


def test_stamps_stay_where_no_rate_is_known() -> None:
    assert in_ms(film_times([5, 22, 38, 55], None)) == [0, 17, 33, 50]


def test_coarse_stamps_are_not_taken_for_rounded_ones() -> None:
    clock = FilmClock(Fraction(1, 30), Fraction(25))
    times = [clock.pts(stamp) * clock.time_base for stamp in (0, 1, 2, 4)]
    assert times == [Fraction(k, 30) for k in (0, 1, 2, 4)]


def test_times_grow_whatever_the_stamps_are_near_to() -> None:
    times = film_times([0, 16, 17, 18, 33, 34], 60 * NTSC)
    assert all(b > a for a, b in itertools.pairwise(times))


def test_finer_stamps_than_microseconds_are_rounded_to_them() -> None:
    clock = FilmClock(Fraction(256_000_077, 1_000_000_000), None)
    assert clock.time_base == MICROSECOND
    # MP4 refuses a picture of 2**31 ticks and more.
    assert [clock.pts(stamp) for stamp in (23, 56)] == [0, 8_448_003]


def test_a_rate_is_exact_in_stamps_finer_than_microseconds() -> None:
    clock = FilmClock(Fraction(1, 1_000_000_000), 30 * NTSC)
    stamps = (0, 33_366_667, 66_733_333, 100_100_000)
    times = [clock.pts(stamp) * clock.time_base for stamp in stamps]
    assert times == [k / (30 * NTSC) for k in range(4)]


def test_a_film_of_nanoseconds_holds_pictures_of_seconds_in_mp4(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    with MediaWriter(
        target,
        width_px=64,
        height_px=32,
        frame_rate=None,
        time_base=Fraction(1, 1_000_000_000),
    ) as writer:
        for k in range(3):
            writer.write(np.zeros((32, 64, 3), np.uint8), k * 3_000_000_000)
    with open_media(target) as media:
        assert [frame.time for frame in media.frames()] == [0, 3, 6]


@pytest.mark.parametrize("rate", [60 * NTSC, 30 * NTSC], ids=["59.94", "29.97"])
def test_a_film_of_matroska_has_a_constant_rate_in_mp4(
    tmp_path: Path, rate: Fraction
) -> None:
    clip = Clip(rate=rate, n_pictures=40, sound=SoundTrack(sine(0.7)))
    source = write_clip(tmp_path / "source.mkv", clip)
    target = copy_through(source, tmp_path / "out.mp4")
    with open_media(target) as media:
        assert [frame.time for frame in media.frames()] == [k / rate for k in range(40)]
    info = probe(target)
    assert info.average_frame_rate == rate
    with av.open(str(target)) as container:
        video = container.streams.video[0]
        assert video.duration * video.time_base == 40 / rate
        assert {
            packet.duration for packet in container.demux(video) if packet.size
        } == {1 / (rate * video.time_base)}
