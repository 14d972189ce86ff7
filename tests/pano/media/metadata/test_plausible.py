from fractions import Fraction
from pathlib import Path

import pytest

from pano.errors import MediaError
from pano.media.metadata.plausible import (
    believed_duration_s,
    believed_frame_rate,
    believed_n_frames,
    believed_padding_px,
    believed_pixel_shape,
    believed_pose_deg,
    believed_rotation_deg,
    believed_time_base,
    is_sound_plausible,
    refuse_large_picture,
    refuse_large_sphere,
)

PATH = Path("clip.mp4")


@pytest.mark.parametrize(
    "rate", [Fraction(1, 600), Fraction(30000, 1001), Fraction(960)]
)
def test_a_rate_between_a_slide_show_and_slow_motion_is_believed(rate) -> None:
    notes: list[str] = []
    assert believed_frame_rate(rate, notes) == rate
    assert notes == []


@pytest.mark.parametrize("rate", [Fraction(10**9), Fraction(-25)])
def test_a_rate_that_nothing_has_is_put_aside_with_a_note(rate) -> None:
    notes: list[str] = []
    assert believed_frame_rate(rate, notes) is None
    assert "pictures a second, which is not believed" in notes[0]


@pytest.mark.parametrize("rate", [None, Fraction(0), Fraction(1, 36_000)])
def test_a_rate_that_says_nothing_is_put_aside_in_silence(rate) -> None:
    notes: list[str] = []
    assert believed_frame_rate(rate, notes) is None
    assert notes == []


@pytest.mark.parametrize(
    ("stated", "believed", "n_notes"),
    [
        (None, Fraction(1), 0),
        (Fraction(0), Fraction(1), 0),
        (Fraction(9, 8), Fraction(9, 8), 0),
        (Fraction(1, 2), Fraction(1, 2), 0),
        (Fraction(1, 10**6), Fraction(1), 1),
        (Fraction(300), Fraction(1), 1),
        (Fraction(-1), Fraction(1), 1),
    ],
)
def test_pixels_are_square_unless_they_can_be_what_is_stated(
    stated, believed, n_notes
) -> None:
    notes: list[str] = []
    assert believed_pixel_shape(stated, notes) == believed
    assert len(notes) == n_notes


@pytest.mark.parametrize(
    ("stated_deg", "turned_deg", "n_notes"),
    [
        (0.0, 0, 0),
        (-90.0, 270, 0),
        (180.0, 180, 0),
        (90.4, 90, 0),
        (40.0, 0, 1),
        (float("nan"), 0, 1),
        (-2147483648.0, 0, 1),
    ],
)
def test_only_quarter_turns_are_followed(stated_deg, turned_deg, n_notes) -> None:
    notes: list[str] = []
    assert believed_rotation_deg(stated_deg, notes) == turned_deg
    assert len(notes) == n_notes


@pytest.mark.parametrize(
    ("stated_s", "believed_s", "n_notes"),
    [
        (None, None, 0),
        (0.0, None, 0),
        (7200.0, 7200.0, 0),
        (-3.0, None, 1),
        (1e12, None, 1),
        (float("nan"), None, 1),
    ],
)
def test_a_duration_is_believed_up_to_a_week(stated_s, believed_s, n_notes) -> None:
    notes: list[str] = []
    assert believed_duration_s(stated_s, notes) == believed_s
    assert len(notes) == n_notes


def test_a_file_has_no_more_frames_than_bytes() -> None:
    notes: list[str] = []
    assert believed_n_frames(30, 5_000, notes) == 30
    assert believed_n_frames(0, 5_000, notes) is None
    assert notes == []
    assert believed_n_frames(2**31, 5_000, notes) is None
    assert "more than it has room for" in notes[0]


@pytest.mark.parametrize("stated", [None, Fraction(0), Fraction(-1, 30)])
def test_a_file_without_a_unit_of_time_is_refused(stated) -> None:
    with pytest.raises(MediaError, match=r"clip\.mp4 says nothing about time"):
        believed_time_base(stated, PATH)


def test_pictures_too_large_for_any_memory_are_refused_by_their_size() -> None:
    refuse_large_picture(PATH, 32_768, 16_384)
    with pytest.raises(MediaError, match=r"clip\.mp4 states pictures of 65536×65536"):
        refuse_large_picture(PATH, 65_536, 65_536)


def test_a_sphere_too_large_for_any_memory_is_refused_by_its_size() -> None:
    refuse_large_sphere(PATH, 32_768, 16_384)
    with pytest.raises(MediaError, match=r"would be a sphere of 40960×20480 by its"):
        refuse_large_sphere(PATH, 40_960, 20_480)


def test_a_heading_beyond_a_half_turn_is_wrapped() -> None:
    assert believed_pose_deg(350.0, -12.0, -190.0) == (-10.0, -12.0, 170.0)


@pytest.mark.parametrize(
    "pose",
    [(0.0, 0.0, float("inf")), (0.0, -32768.0, 0.0), (400.0, 0.0, 0.0)],
)
def test_a_pose_that_no_camera_has_is_none(pose) -> None:
    assert believed_pose_deg(*pose) is None


@pytest.mark.parametrize(
    ("rate_hz", "channels", "is_plausible"),
    [
        (8_000, 1, True),
        (192_000, 18, True),
        (1, 2, False),
        (2**31 - 1, 2, False),
        (48_000, 0, False),
        (48_000, 512, False),
    ],
)
def test_a_sound_has_a_rate_and_channels(rate_hz, channels, is_plausible) -> None:
    assert is_sound_plausible(rate_hz, channels) is is_plausible


@pytest.mark.parametrize(("stated", "believed", "n_notes"), [(4, 4, 0), (255, 0, 1)])
def test_padding_that_leaves_no_face_is_put_aside_with_a_note(
    stated, believed, n_notes
) -> None:
    notes: list[str] = []
    assert believed_padding_px(stated, 96, 64, notes) == believed
    assert len(notes) == n_notes
