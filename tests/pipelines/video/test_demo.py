from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.errors import MediaError
from pano.media import StereoLayout, open_media
from pano_jobs.settings import DemoSettings, LensSettings, PanSettings
from pano_jobs.synthetic.world import default_world
from pano_jobs.video.demo import demo, draw_clip, report
from tests.fake_localizer import RedLocalizer

SMALL = DemoSettings(duration_s=4.0, width_px=320)
ASPECT = 16 / 9


def path_along(yaws_deg, pitches_deg, duration_s: float = 4.0) -> CameraPath:
    n = len(yaws_deg)
    return CameraPath(
        time_s=np.linspace(0.0, duration_s, n),
        yaw_deg=np.asarray(yaws_deg, dtype=np.float64),
        pitch_deg=np.asarray(pitches_deg, dtype=np.float64),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.zeros(n, dtype=np.bool_),
        trust=np.ones(n),
        confidence=np.ones(n),
    )


def test_the_drawn_clip_is_a_sphere_of_the_asked_length_with_sound(tmp_path):
    world = default_world(0, duration_s=SMALL.duration_s)
    draw_clip(world, tmp_path / "clip.mp4", SMALL)
    with open_media(tmp_path / "clip.mp4") as media:
        assert media.info.spherical is not None
        assert media.layout is StereoLayout.MONO
        assert sum(1 for _ in media.frames()) == 120
        sound = media.sound()
    assert sound.duration_s == pytest.approx(4.0, abs=0.1)
    assert np.abs(sound.samples).max() > 0.05


def test_a_camera_on_the_truth_is_right_and_one_behind_it_is_wrong():
    world = default_world(0, duration_s=4.0)
    yaws_deg, pitches_deg = [], []
    for time_s in np.linspace(0.0, 4.0, 401):
        truth = world.truth(float(time_s))
        yaws_deg.append(truth[0].yaw_deg if truth else 0.0)
        pitches_deg.append(truth[0].pitch_deg if truth else 0.0)
    right = report(path_along(yaws_deg, pitches_deg), world, aspect=ASPECT)
    assert right.median_angle_deg < 1.0
    assert right.share_in_view > 0.95
    behind_deg = np.asarray(yaws_deg) + 180.0
    wrong = report(path_along(behind_deg, pitches_deg), world, aspect=ASPECT)
    assert wrong.median_angle_deg > 150.0
    assert wrong.share_in_view == pytest.approx(0.0, abs=0.05)


def test_the_demo_leaves_clip_video_path_and_sheet(tmp_path):
    settings = PanSettings(lens=LensSettings(width_px=128, height_px=72))
    result = demo(tmp_path / "new", SMALL, settings, localizer=RedLocalizer())
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == [
        "demo-360.mp4",
        "demo-nfov.mp4",
        "demo-path.json",
        "demo-sheet.png",
    ]
    assert 0.0 <= result.median_angle_deg <= 180.0
    assert "in view" in result.words()


def test_a_second_demo_needs_force(tmp_path):
    (tmp_path / "demo-nfov.mp4").touch()
    with pytest.raises(MediaError, match="--force"):
        demo(tmp_path, SMALL, PanSettings(), localizer=RedLocalizer())
    assert [path.name for path in tmp_path.iterdir()] == ["demo-nfov.mp4"]


def test_the_report_asks_the_lens_of_the_path():
    # A little planet looks down, 90° below the horizon on which all sources stand.
    world = default_world(0, duration_s=4.0)
    planet = dataclasses.replace(
        path_along(np.zeros(2), np.full(2, -90.0)),
        hfov_deg=np.full(2, 300.0),
        source=PathSource(lens=Lens.STEREOGRAPHIC),
    )
    found = report(planet, world, aspect=ASPECT)
    assert found.median_angle_deg > 80.0
    assert found.share_in_view == 1.0
