from __future__ import annotations

import cv2
import numpy as np
import pytest

from pano.errors import NoAudioError
from pano.media import open_media
from pano.saliency_maps.saliency_map import mean_direction
from pano.sphere import Direction, angle_between_deg, angles_deg_to_pixel
from pano_jobs.analysis.audio_track import load_audio_track, mismatch_note
from pano_jobs.analysis.localize import localize, log_solid_angles
from pano_jobs.settings import LocalizeSettings
from tests.fake_localizer import RedLocalizer
from tests.synthetic import Clip, SoundTrack, sine, write_clip

WIDTH_PX, HEIGHT_PX = 240, 120
# One cell of the 30 × 60 map is 6°, and the disc spans a few of them.
CELL_DEG = 6.0


def red_disc(yaw_deg: float, pitch_deg: float):
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
    x, y = angles_deg_to_pixel(yaw_deg, pitch_deg, WIDTH_PX, HEIGHT_PX)
    for turn in (-WIDTH_PX, 0, WIDTH_PX):
        place = (round(float(x)) + turn, round(float(y)))
        cv2.circle(image, place, 8, (255, 0, 0), -1)
    return image


def clip_of(tmp_path, paint, *, sound_s: float | None = 1.0, n_pictures: int = 30):
    sound = None if sound_s is None else SoundTrack(sine(sound_s))
    clip = Clip(WIDTH_PX, HEIGHT_PX, n_pictures=n_pictures, sound=sound, paint=paint)
    return write_clip(tmp_path / "clip.mp4", clip)


def maps_of(path, localizer, settings):
    with open_media(path) as media:
        audio = load_audio_track(media, settings, localizer=localizer)
        return list(localize(media.analysis_frames(), audio, settings))


@pytest.mark.parametrize("truth", [(40.0, 10.0), (178.0, -5.0), (-179.0, 50.0)])
def test_the_map_has_its_mass_where_the_source_is(tmp_path, truth):
    path = clip_of(tmp_path, lambda _: red_disc(*truth))
    maps = maps_of(path, RedLocalizer(), LocalizeSettings())
    assert len(maps) == 30
    for found in maps:
        direction, _ = mean_direction(found.masses())
        assert angle_between_deg(direction, Direction(*truth)) < CELL_DEG


def test_the_network_looks_only_as_often_as_it_is_told(tmp_path):
    path = clip_of(tmp_path, lambda _: red_disc(0.0, 0.0))
    for rate_hz, n_looks in ((5.0, 5), (30.0, 30)):
        localizer = RedLocalizer()
        settings = LocalizeSettings(visual_rate_hz=rate_hz, looks="all")
        maps_of(path, localizer, settings)
        assert localizer.n_looks == n_looks
    localizer = RedLocalizer()
    maps_of(path, localizer, LocalizeSettings())
    assert localizer.n_looks == 1


def test_without_evidence_every_steradian_counts_the_same(tmp_path):
    path = clip_of(tmp_path, lambda _: np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8))
    for found in maps_of(path, RedLocalizer(), LocalizeSettings()):
        assert found.density.max() / found.density.min() < 1.01


def test_the_prior_is_the_logarithm_of_area():
    prior = log_solid_angles(30, 60)
    assert prior.shape == (30, 1)
    # A cell of the polar row spans 1 - cos 6°, one at the horizon sin 6°.
    ratio = (1.0 - np.cos(np.radians(6.0))) / np.sin(np.radians(6.0))
    np.testing.assert_allclose(prior[0] - prior[14], np.log(ratio), rtol=1e-4)


def test_a_clip_without_sound_is_refused_with_the_remedy(tmp_path):
    path = clip_of(tmp_path, lambda _: red_disc(0.0, 0.0), sound_s=None)
    with pytest.raises(NoAudioError, match=r"clip.mp4 has no sound.*--no-sound-ok"):
        maps_of(path, RedLocalizer(), LocalizeSettings())


def test_a_clip_without_sound_may_have_uniform_maps_without_a_localizer(tmp_path):
    path = clip_of(tmp_path, lambda _: red_disc(0.0, 0.0), sound_s=None)
    maps = maps_of(path, None, LocalizeSettings(require_sound=False))
    assert len(maps) == 30
    assert {found.confidence for found in maps} == {0.0}
    np.testing.assert_allclose(maps[0].density, 1.0 / (4.0 * np.pi), rtol=1e-4)


def test_missing_sound_is_heard_as_silence(tmp_path):
    path = clip_of(tmp_path, lambda _: red_disc(0, 0), sound_s=1.0, n_pictures=90)
    localizer = RedLocalizer()
    maps = maps_of(path, localizer, LocalizeSettings())
    assert len(maps) == 90
    assert len(localizer.track.samples) == 3 * 22_050
    assert maps[80].level_db == -120.0


def test_the_level_is_that_of_the_second_around_the_picture(tmp_path):
    path = clip_of(tmp_path, lambda _: red_disc(0, 0), sound_s=3.0, n_pictures=90)
    levels_db = [m.level_db for m in maps_of(path, RedLocalizer(), LocalizeSettings())]
    # A sine at half scale has an RMS of -9.03 dBFS; AAC changes it a little.
    assert levels_db[45] == pytest.approx(-9.03, abs=0.3)
    # At the very beginning half of the second lies before the sound: -3 dB.
    assert levels_db[0] == pytest.approx(-12.04, abs=0.4)


@pytest.mark.parametrize(
    ("sound_s", "picture_s", "words"),
    [(5.0, 8.0, "3.0 s shorter"), (9.5, 8.0, "1.5 s longer"), (8.05, 8.0, None)],
)
def test_a_mismatch_of_lengths_is_said(sound_s, picture_s, words):
    note = mismatch_note(sound_s=sound_s, picture_s=picture_s)
    assert note is None if words is None else words in note
