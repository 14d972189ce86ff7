from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pano.errors import MediaError, NoAudioError
from pano_jobs.datasets.sources.clips import (
    cut_window,
    middle_window,
    open_clip,
    read_track,
)
from tests.synthetic import Clip, SoundTrack, click_at, picture_index, sine, write_clip

RATE_HZ = 22_050
RAMP = np.arange(10 * RATE_HZ, dtype=np.float32)


def clip_at(path: Path, *, size: tuple[int, int] = (96, 64), **more: Any) -> Path:
    width, height = size
    return write_clip(
        path, Clip(width, height, rate=Fraction(10), n_pictures=60, **more)
    )


def test_a_window_is_centred() -> None:
    window = cut_window(RAMP, 5.0, 2.0)
    assert (window.start_s, window.stop_s) == (4.0, 6.0)
    assert window.samples[0] == 4 * RATE_HZ
    assert len(window.samples) == 2 * RATE_HZ


@pytest.mark.parametrize(
    ("center_s", "expected"),
    [(0.5, (0.0, 3.5)), (9.0, (6.0, 10.0)), (5.0, (2.0, 8.0)), (20.0, (10.0, 10.0))],
)
def test_a_window_ends_where_its_clip_does(
    center_s: float, expected: tuple[float, float]
) -> None:
    window = cut_window(RAMP, center_s, 6.0)
    assert (window.start_s, window.stop_s) == expected
    assert len(window.samples) == round((expected[1] - expected[0]) * RATE_HZ)


def test_the_middle_of_a_track_is_taken_where_the_moment_is_unknown() -> None:
    window = middle_window(RAMP, 4.0)
    assert (window.start_s, window.stop_s) == (3.0, 7.0)
    assert len(middle_window(RAMP, 20.0).samples) == len(RAMP)


def test_windows_without_sound_say_so() -> None:
    assert cut_window(RAMP, 5.0, 2.0).fault == ""
    assert cut_window(RAMP, 20.0, 2.0).fault == "no sound around the picture"
    assert cut_window(0 * RAMP, 5.0, 2.0).fault == "silent"


def test_pictures_stand_in_the_middle_of_their_part_of_the_clip(tmp_path: Path) -> None:
    with open_clip(clip_at(tmp_path / "a.mp4")) as clip:
        found = [(t, picture_index(image)) for t, image in clip.frames_every(2.0)]
    assert found == [(1.0, 10), (3.0, 30), (5.0, 50 % 35)]


def test_a_clip_shorter_than_the_spacing_gives_its_middle(tmp_path: Path) -> None:
    with open_clip(clip_at(tmp_path / "a.mp4")) as clip:
        found = [(t, picture_index(image)) for t, image in clip.frames_every(60.0)]
    assert found == [(3.0, 30)]


def test_the_picture_at_a_moment_is_what_is_on_screen(tmp_path: Path) -> None:
    with open_clip(clip_at(tmp_path / "a.mp4")) as clip:
        image = clip.frame_at(2.55)
        assert image is not None
        assert picture_index(image) == 25
        assert clip.frame_at(6.5) is None


def test_an_ordinary_video_keeps_its_shape(tmp_path: Path) -> None:
    with open_clip(clip_at(tmp_path / "a.mp4", size=(1280, 720))) as clip:
        assert not clip.is_sphere
        image = clip.frame_at(1.0)
    assert image is not None
    assert image.shape == (360, 640, 3)


def test_a_small_picture_is_not_enlarged_and_pixels_become_square(
    tmp_path: Path,
) -> None:
    clip = clip_at(
        tmp_path / "a.mp4", size=(64, 64), sample_aspect_ratio=Fraction(3, 2)
    )
    with open_clip(clip) as opened:
        image = opened.frame_at(1.0)
    assert image is not None
    assert image.shape == (64, 96, 3)


def test_an_upright_picture_stays_upright(tmp_path: Path) -> None:
    clip = clip_at(tmp_path / "a.mp4", size=(960, 480), rotation_deg=90)
    with open_clip(clip) as opened:
        image = opened.frame_at(1.0)
    assert image is not None
    assert image.shape == (640, 320, 3)


def test_a_sphere_is_seen_as_the_localizer_sees_it(tmp_path: Path) -> None:
    with open_clip(clip_at(tmp_path / "a.mp4", size=(64, 32))) as clip:
        assert clip.is_sphere
        image = clip.frame_at(1.0)
    assert image is not None
    assert image.shape == (480, 960, 3)


def test_the_user_may_say_that_a_wide_video_is_no_sphere(tmp_path: Path) -> None:
    with open_clip(clip_at(tmp_path / "a.mp4", size=(64, 32)), layout="flat") as clip:
        assert not clip.is_sphere
        image = clip.frame_at(1.0)
    assert image is not None
    assert image.shape == (32, 64, 3)


def test_the_left_eye_of_a_packed_sphere_is_taken(tmp_path: Path) -> None:
    def two_eyes(k: int) -> np.ndarray:
        image = np.zeros((64, 64, 3), np.uint8)
        image[:32] = 200
        return image

    clip = clip_at(tmp_path / "a.mp4", size=(64, 64), paint=two_eyes)
    with open_clip(clip, layout="top-bottom") as opened:
        image = opened.frame_at(1.0)
    assert image is not None
    assert image.shape == (480, 960, 3)
    assert image.mean() > 190


@pytest.mark.parametrize("start_s", [0.0, 0.5])
def test_the_sound_is_on_the_clock_of_the_picture(
    tmp_path: Path, start_s: float
) -> None:
    track = SoundTrack(click_at(3.0, 5.0), start_s=start_s)
    with open_clip(clip_at(tmp_path / "a.mkv", sound=track)) as clip:
        samples = clip.track()
    assert np.abs(samples).argmax() / RATE_HZ == pytest.approx(3.0 + start_s, abs=0.03)


def test_a_silent_film_has_no_track(tmp_path: Path) -> None:
    with (
        open_clip(clip_at(tmp_path / "a.mp4")) as clip,
        pytest.raises(NoAudioError),
    ):
        clip.track()


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("404")
    with pytest.raises(MediaError), open_clip(tmp_path / "a.mp4"):
        pass
    with pytest.raises(MediaError):
        read_track(tmp_path / "a.mp4")


def test_sounds_are_brought_to_the_rate_of_pair_sets(tmp_path: Path) -> None:
    clip = clip_at(tmp_path / "a.mp4", sound=SoundTrack(sine(2.0)))
    assert len(read_track(clip)) == pytest.approx(2 * RATE_HZ, rel=0.05)
