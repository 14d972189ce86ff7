from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from pano.camera.filmed_clip import FilmedClip
from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.director.wishes import CutRules, Pin, Wishes
from pano.equirect.layouts import SphereBounds
from pano.media import SphericalMetadata, StereoLayout, open_media, write_spherical
from pano.sphere import Direction
from pano_jobs.settings import DirectSettings, LensSettings, PanSettings
from pano_jobs.video.takes import brief, filmed_clip, size_note
from tests.synthetic import Clip, write_clip


def test_the_director_learns_of_the_cuts_that_were_found_in_the_clip():
    settings = PanSettings()
    asked = brief(settings, settings.lens, found_cuts_s=(3.0, 7.5))
    assert asked.cuts.source_cuts_s == (3.0, 7.5)
    assert asked.cuts.cost_s == settings.direct.cuts.cost_s


def test_cuts_that_a_person_named_count_instead_of_those_found():
    named = CutRules(source_cuts_s=(5.0,))
    settings = PanSettings(direct=DirectSettings(cuts=named))
    assert brief(settings, settings.lens, found_cuts_s=(3.0,)).cuts == named


def test_a_path_remembers_how_its_clip_was_opened(tmp_path):
    drawn = Clip(64, 64, n_pictures=2, pts=[342, 343], timecode="10:20:30;12")
    drawn = dataclasses.replace(drawn, rate=Fraction(30_000, 1001))
    clip = write_clip(tmp_path / "a.mp4", drawn)
    with open_media(clip, layout=StereoLayout.TOP_BOTTOM) as media:
        known = filmed_clip(media)
    assert known.place == str(clip)
    assert (known.layout, known.eye_px) == (StereoLayout.TOP_BOTTOM, (64, 32))
    # The edit list of an MP4 counts milliseconds.
    assert known.start_s == pytest.approx(342 * 1001 / 30_000, abs=1e-3)
    assert known.frame_rate_hz == Fraction(30_000, 1001)
    assert str(known.timecode) == "10:20:30;12"
    assert not known.has_sound


def test_a_turned_clip_is_remembered_upright(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", Clip(32, 64, n_pictures=2, rotation_deg=90))
    write_spherical(clip, SphericalMetadata())
    with open_media(clip) as media:
        assert filmed_clip(media).eye_px == (64, 32)


def held(hfov_deg: float, lens: Lens = Lens.RECTILINEAR) -> CameraPath:
    """Zoom in to a field of view."""
    return CameraPath(
        time_s=np.arange(2.0),
        yaw_deg=np.zeros(2),
        pitch_deg=np.zeros(2),
        roll_deg=np.zeros(2),
        hfov_deg=np.array([hfov_deg + 10.0, hfov_deg]),
        cut=np.zeros(2, bool),
        trust=np.ones(2),
        confidence=np.ones(2),
        source=PathSource(lens=lens),
    )


# 360 px a radian: a rectilinear view of 90° has 720 pixels across in the middle.
SPHERE = FilmedClip(round(720 * np.pi), round(360 * np.pi))


@pytest.mark.parametrize(
    ("hfov_deg", "width_px", "said"),
    [(90.0, 720, ""), (90.0, 1440, "720x405"), (60.0, 720, "416x233")],
)
def test_a_picture_that_magnifies_its_clip_is_noted(hfov_deg, width_px, said):
    lens = LensSettings(width_px=width_px, height_px=2 * round(width_px * 9 / 32))
    notes = size_note(held(hfov_deg), lens, SPHERE)
    assert [said in note for note in notes] == ([True] if said else [])


def test_half_of_a_sphere_has_twice_the_pixels_for_an_angle():
    half = dataclasses.replace(SPHERE, bounds=SphereBounds(left=0.25, right=0.25))
    assert half.px_per_rad == pytest.approx(SPHERE.px_per_rad * np.sqrt(2.0))
    eyes = dataclasses.replace(SPHERE, layout=StereoLayout.TOP_BOTTOM)
    assert eyes.px_per_rad == pytest.approx(SPHERE.px_per_rad / np.sqrt(2.0), rel=1e-2)


def test_a_person_counts_times_from_the_first_picture():
    ahead = Direction(0.0, 0.0)
    direct = DirectSettings(
        cuts=CutRules(source_cuts_s=(5.0,)), wishes=Wishes(pins=(Pin(2.0, ahead),))
    )
    settings = PanSettings(direct=direct)
    asked = brief(settings, settings.lens, start_s=1.5)
    assert asked.wishes.pins == (Pin(3.5, ahead),)
    assert asked.cuts.source_cuts_s == (6.5,)


def test_a_path_remembers_black_bars_and_keeps_them_in_its_file(tmp_path):
    def paint(_):
        image = np.zeros((108, 192, 3), np.uint8)
        image[6:-6] = 120
        return image

    with open_media(
        write_clip(tmp_path / "a.mp4", Clip(192, 108, n_pictures=2, paint=paint))
    ) as media:
        known = filmed_clip(media)
    assert (known.eye_px, known.black_rows_px) == ((192, 96), 6)
    assert not known.is_plain
    assert FilmedClip.from_json(known.as_json(tmp_path), tmp_path) == known
