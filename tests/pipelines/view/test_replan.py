from __future__ import annotations

import math

import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.director.wishes import CutRules, OneShot
from pano.errors import SettingsError
from pano.media import open_media
from pano_jobs.analysis.kept_maps import KeptAnalysis
from pano_jobs.progress import SILENT
from pano_jobs.settings import DirectSettings, LensSettings, PanSettings
from pano_jobs.video.pan import pan
from pano_jobs.view.replan import Replanner
from tests.fake_localizer import RedLocalizer


@pytest.fixture
def kept(tmp_path, clip_of_disc):
    clip = clip_of_disc(lambda _: -60.0)
    names = {"path_target": tmp_path / "p.json", "maps_target": tmp_path / "maps.npz"}
    pan(clip, tmp_path / "film.mp4", **names, localizer=RedLocalizer())
    return clip


@pytest.fixture
def replanner(kept):
    with open_media(kept) as media:
        maps = KeptAnalysis(kept.with_name("maps.npz"), progress=SILENT)
        yield Replanner(media, maps, CameraPath.load(kept.with_name("p.json")))


def test_without_wishes_the_path_is_the_one_of_pan(replanner, kept):
    path = replanner.plan(replanner.settings({}))
    ours = CameraPath.load(kept.with_name("p.json"))
    assert path.yaw_deg == pytest.approx(ours.yaw_deg, abs=0.1)
    assert path.source == ours.source


def test_what_is_wished_is_planned(replanner):
    wishes = [{"time": 1.5, "yaw": 90.0, "pitch": 10.0}]
    pose = replanner.plan(replanner.settings({"wishes": wishes})).at(1.5)
    assert (pose.yaw_deg, pose.pitch_deg) == pytest.approx((90.0, 10.0), abs=1.0)
    never = [{"yaw": -60.0, "pitch": 0.0, "radius": 30.0}]
    pose = replanner.plan(replanner.settings({"wishes": never})).at(2.5)
    assert abs(pose.yaw_deg + 60.0) > 20.0


def test_the_usual_settings_are_those_of_pan(replanner):
    assert replanner.settings({}) == PanSettings()
    assert replanner.settings({"motion": "calm"}).direct.motion == "calm"


def test_a_picture_and_cuts_are_those_of_the_settings(replanner):
    picture = {"lens": "pannini", "hfov": 120.5, "size": [720, 1280]}
    wishes = [{"cut": 1.5}, {"from": 0.5, "to": 2.5}]
    settings = replanner.settings({**picture, "wishes": wishes, "cuts": False})
    lens = LensSettings(720, 1280, hfov_deg=120.5, lens=Lens.PANNINI)
    cuts = CutRules(math.inf, asked_s=(1.5,), one_shots=(OneShot(0.5, 2.5),))
    assert settings == PanSettings(lens=lens, direct=DirectSettings(cuts=cuts))
    path = replanner.plan(settings)
    assert path.time_s[path.cut] == pytest.approx([1.5], abs=1e-3)
    assert path.source.lens is Lens.PANNINI


@pytest.mark.parametrize(
    "asked",
    [
        {"lens": "fisheye"},
        {"hfov": float("nan")},
        {"hfov": 190.0},
        {"size": [720]},
        {"size": [720, 1e400]},
        {"size": [720, 1 << 20]},
        {"wishes": [{"cut": float("inf")}]},
        {"wishes": [{"from": 3.0, "to": 2.0}]},
        {"wishes": [{"from": 3.0}]},
        {"motion": "wild"},
        {"motion": ["calm"]},
        {"wishes": 3},
        {"wishes": [3]},
        {"wishes": [{"yaw": 0.0}]},
        {"wishes": [{"yaw": 0.0, "pitch": 0.0, "time": float("nan")}]},
        {"wishes": [{"yaw": 0.0, "pitch": 100.0, "time": 1.0}]},
        {"wishes": [{"yaw": 0.0, "pitch": 0.0, "radius": 1e9}]},
        {"wishes": [{"yaw": 0.0, "pitch": 0.0, "time": 1.0}] * 201},
    ],
)
def test_what_is_no_wish_is_refused_in_a_sentence(replanner, asked):
    with pytest.raises(SettingsError):
        replanner.settings(asked)
