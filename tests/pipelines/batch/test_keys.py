"""Which stages a changed setting redoes."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import pytest

from pano.camera.lens import Lens
from pano.director.wishes import Pin, Wishes
from pano.media.sound.choice import SoundChoice
from pano.sphere import Direction
from pano_jobs.batch.clips import SourceIdentity
from pano_jobs.batch.stages.keys import STAGE_VERSIONS
from pano_jobs.batch.stages.work import HeatMapWork, PanWork
from pano_jobs.settings import (
    DirectSettings,
    EncoderSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)

SOURCE = SourceIdentity((("a.mp4", 1000, 5),))
ALL, PATH_AND_FILM, FILM = ["maps", "path", "film"], ["path", "film"], ["film"]


def changed(one, other) -> list[str]:
    return [stage for stage in one if one[stage] != other[stage]]


def pan_keys(source=SOURCE, **settings):
    return PanWork(PanSettings(**settings)).keys(source)


@pytest.mark.parametrize(
    ("settings", "stages"),
    [
        ({"localize": LocalizeSettings(window_s=9.0)}, ALL),
        ({"localize": LocalizeSettings(sound=SoundChoice(track=1))}, ALL),
        ({"localize": LocalizeSettings(sound=SoundChoice(tracks="all"))}, FILM),
        ({"direct": DirectSettings(motion="calm")}, PATH_AND_FILM),
        ({"direct": DirectSettings(n_takes=2)}, PATH_AND_FILM),
        ({"direct": DirectSettings(start=Direction(10.0, 0.0))}, PATH_AND_FILM),
        (
            {"direct": DirectSettings(wishes=Wishes((Pin(1.0, Direction(0.0, 0.0)),)))},
            PATH_AND_FILM,
        ),
        # The director plans for what is in view.
        ({"lens": LensSettings(hfov_deg=90.0)}, PATH_AND_FILM),
        ({"lens": LensSettings(lens=Lens.PANNINI)}, PATH_AND_FILM),
        ({"lens": LensSettings(width_px=720, height_px=720)}, PATH_AND_FILM),
        ({"aspects": (Fraction(9, 16),)}, PATH_AND_FILM),
        ({"lens": LensSettings(level="off")}, PATH_AND_FILM),
        ({"lens": LensSettings(width_px=1920, height_px=1080)}, FILM),
        ({"lens": LensSettings(shutter_deg=180.0)}, FILM),
        ({"lens": LensSettings(is_stabilized=True)}, FILM),
        ({"lens": LensSettings(encoder=EncoderSettings("libx265"))}, FILM),
        ({"sound_out": "binaural"}, FILM),
        ({}, []),
    ],
)
def test_a_setting_redoes_the_stages_that_it_touches(settings, stages):
    assert changed(pan_keys(), pan_keys(**settings)) == stages


@pytest.mark.parametrize(
    "files",
    [
        (("b.mp4", 1000, 5),),
        (("a.mp4", 1001, 5),),
        (("a.mp4", 1000, 6),),
        (("a.mp4", 1000, 5), ("a2.mp4", 1, 1)),
    ],
)
def test_another_source_redoes_all(files):
    assert changed(pan_keys(), pan_keys(SourceIdentity(files))) == ALL


def test_a_checkpoint_is_known_by_what_it_holds(tmp_path):
    def keys(name, weights):
        (tmp_path / name).write_text(weights)
        return pan_keys(localize=LocalizeSettings(checkpoint=tmp_path / name))

    one = keys("one", "weights")
    assert keys("moved", "weights") == one
    assert changed(one, keys("two", "other weights")) == ALL
    assert changed(pan_keys(), one) == ALL


def test_another_version_of_a_stage_redoes_what_is_behind_it(monkeypatch):
    before = pan_keys()
    monkeypatch.setitem(STAGE_VERSIONS, "path", STAGE_VERSIONS["path"] + 1)
    assert changed(before, pan_keys()) == PATH_AND_FILM


def test_a_heat_map_shares_the_maps_of_a_pan_and_nothing_else():
    heat = HeatMapWork(LocalizeSettings(), EncoderSettings()).keys(SOURCE)
    assert heat["maps"] == pan_keys()["maps"]
    assert heat["film"] != pan_keys()["film"]
    other = HeatMapWork(LocalizeSettings(), EncoderSettings("libx265")).keys(SOURCE)
    assert changed(heat, other) == FILM


def test_every_setting_of_the_listening_counts():
    """A new setting must not be forgotten in the keys."""
    plain = LocalizeSettings()
    counted = {item.name for item in dataclasses.fields(plain)}
    others: dict[str, Any] = {
        "window_s": 1.0,
        "visual_rate_hz": 1.0,
        "looks": "all",
        "motion_gain": 1.0,
        "synchrony_gain": 0.5,
        "evidence": "picture",
        "compute": "torch",
        "require_sound": False,
    }
    for name, value in others.items():
        other = dataclasses.replace(plain, **{name: value})
        assert changed(pan_keys(), pan_keys(localize=other)) == ALL, name
    assert counted - set(others) == {"layout", "projection", "sound", "checkpoint"}
