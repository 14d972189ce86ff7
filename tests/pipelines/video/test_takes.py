from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest

from pano.director.wishes import CutRules
from pano.media import SphericalMetadata, StereoLayout, open_media, write_spherical
from pano_jobs.settings import DirectSettings, PanSettings
from pano_jobs.video.takes import brief, filmed_clip
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
