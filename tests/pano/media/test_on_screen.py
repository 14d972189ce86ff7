from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from pano.errors import MediaError
from pano.media import MediaInfo, open_media, probe
from pano.media.on_screen import OnScreen
from tests.synthetic import Clip, SoundTrack, sine, write_clip


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> MediaInfo:
    path = write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", Clip(n_pictures=1))
    return replace(probe(path), time_base=Fraction(1), start_pts=0)


def shown(info: MediaInfo, pts: list[int], *, last_s: int = 0, sounding_s: float = 0.0):
    """Return for how long pictures at whole seconds are shown, and the notes."""
    pictures = [(at, av.VideoFrame(16, 16, "yuv420p")) for at in pts]
    if last_s:
        pictures[-1][1].duration = last_s
    screen = OnScreen(info, lambda: sounding_s)
    times = [float(ends - at) for _, at, ends in screen.times(pictures)]
    return times, screen.notes


def test_pictures_are_shown_until_the_next_one_comes(info) -> None:
    assert shown(info, [0, 2, 3, 7], last_s=5) == ([2.0, 1.0, 4.0, 5.0], [])


def test_a_picture_under_an_hour_of_sound_stays_as_long(info) -> None:
    assert shown(info, [0], last_s=3600, sounding_s=3600.0) == ([3600.0], [])
    assert shown(info, [0, 5000, 5010], last_s=1, sounding_s=5010.0)[0][0] == 5000.0


def test_a_silent_slide_show_is_kept(info) -> None:
    assert shown(info, [0, 600, 1200], last_s=600) == ([600.0] * 3, [])


def test_a_last_picture_of_years_ends_with_the_sound_and_is_noted(info) -> None:
    times, notes = shown(info, [0, 1], last_s=10**8, sounding_s=900.0)
    assert times == [1.0, 899.0]
    assert "stay for 1e+08 s, which is not believed; it was analysed for" in notes[0]


def test_a_last_picture_of_years_without_sound_stays_like_the_one_before(info) -> None:
    assert shown(info, [0, 5], last_s=10**8)[0] == [5.0, 5.0]


def test_a_last_picture_may_stay_for_ten_minutes_without_sound(info) -> None:
    assert shown(info, [0, 5], last_s=600) == ([5.0, 600.0], [])


def test_a_picture_that_stays_for_years_before_another_is_refused(info) -> None:
    with pytest.raises(MediaError, match=r"a\.mp4 shows still pictures for 2\.78e\+04"):
        shown(info, [0, 10**8], sounding_s=60.0)


def test_many_long_pictures_without_sound_are_refused_together(info) -> None:
    with pytest.raises(MediaError, match=r"still pictures for 0\.5 hours"):
        shown(info, list(range(0, 20_000, 600)))


def test_a_time_lapse_of_a_picture_each_ten_seconds_has_no_end(info) -> None:
    assert len(shown(info, list(range(0, 40_000, 10)), last_s=10)[0]) == 4000


def test_a_damaged_time_does_not_make_the_analysis_run_for_ever(
    tmp_path: Path,
) -> None:
    clip = Clip(pts=[0, 1, 2, 30 * 7200], sound=SoundTrack(sine(0.2)))
    with (
        open_media(write_clip(tmp_path / "gap.mp4", clip)) as media,
        pytest.raises(MediaError, match=r"gap\.mp4 shows still pictures for 2 hours"),
    ):
        for _ in media.analysis_frames():
            pass
