from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

from pano.camera.path import CameraPath, PathSource
from pano.export.events import HEADER, sound_events, write_edl, write_events
from pano.export.timeline import Timeline

N = 120
RATE_HZ = 30.0
TIMELINE = Timeline(frame_rate_hz=Fraction(30))


def path_of(trust, *, yaw_deg=None, cut_at=None, start_s=0.0) -> CameraPath:
    k = np.arange(N)
    return CameraPath(
        time_s=start_s + k / RATE_HZ,
        yaw_deg=np.full(N, 350.0) if yaw_deg is None else yaw_deg,
        pitch_deg=np.full(N, 12.0),
        roll_deg=np.zeros(N),
        hfov_deg=np.full(N, 65.5),
        cut=k == cut_at,
        trust=np.asarray(trust, float),
        confidence=np.full(N, 0.05),
        source=PathSource(file="clip.mp4"),
    )


def heard(*spans: tuple[int, int]):
    trust = np.full(N, 0.1)
    for start, stop in spans:
        trust[start:stop] = 0.9
    return trust


def spans(path):
    return [(event.start, event.stop) for event in sound_events(path, RATE_HZ)]


def test_an_event_lasts_as_long_as_it_is_heard_and_knows_its_direction():
    (event,) = sound_events(path_of(heard((30, 80))), RATE_HZ)
    assert (event.start, event.stop) == (30, 80)
    assert event.yaw_deg == pytest.approx(-10.0)
    assert event.pitch_deg == pytest.approx(12.0)
    assert event.turned_deg == pytest.approx(0.0, abs=1e-6)
    assert event.mean_trust == pytest.approx(0.9)
    assert event.name == "sound at yaw -10 pitch +12"


def test_a_short_pause_does_not_end_an_event_and_a_long_one_does():
    assert spans(path_of(heard((10, 40), (50, 80)))) == [(10, 80)]
    assert spans(path_of(heard((10, 40), (60, 80)))) == [(10, 40), (60, 80)]


def test_what_is_shorter_than_a_word_is_no_event():
    assert spans(path_of(heard((10, 20)))) == []
    assert spans(path_of(heard())) == []


def test_a_cut_parts_two_events():
    assert spans(path_of(heard((0, N)), cut_at=60)) == [(0, 60), (60, N)]


def test_a_source_that_moves_is_told_by_how_far():
    path = path_of(heard((0, N)), yaw_deg=np.linspace(150.0, 210.0, N))
    (event,) = sound_events(path, RATE_HZ)
    assert abs(event.yaw_deg) == pytest.approx(180.0)
    assert event.turned_deg == pytest.approx(60.0, abs=2.0)  # at pitch 12°


def test_the_rows_hold_frames_of_the_clip_and_seconds_of_its_own_clock():
    text = write_events(path_of(heard((30, 80)), start_s=7.0), TIMELINE)
    header, row = text.splitlines()
    assert header == HEADER
    values = dict(zip(header.split(","), map(float, row.split(",")), strict=True))
    assert (values["start_frame"], values["end_frame"]) == (30, 80)
    assert values["start_s"] == pytest.approx(8.0)
    assert values["end_s"] == pytest.approx(7.0 + 80 / 30)


EVENT = re.compile(
    r"(\d{3})  001      V     C        "
    r"(\d\d:\d\d:\d\d:\d\d) (\d\d:\d\d:\d\d:\d\d) \2 \3\n"
    r" \|C:ResolveColorBlue \|M:([^|]+) \|D:(\d+)\n"
)


def test_the_edl_has_a_marker_for_each_event():
    text = write_edl(path_of(heard((0, 30), (75, 110))), TIMELINE)
    head, *_ = text.partition("\n\n")
    assert head == "TITLE: clip.mp4\nFCM: NON-DROP FRAME"
    found = EVENT.findall(text)
    assert [event[0] for event in found] == ["001", "002"]
    assert [event[1] for event in found] == ["01:00:00:00", "01:00:02:15"]
    assert [event[2] for event in found] == ["01:00:00:01", "01:00:02:16"]
    assert [int(event[4]) for event in found] == [30, 35]


def test_time_code_counts_thirty_frames_at_29_97_hz():
    ntsc = Timeline(frame_rate_hz=Fraction(30_000, 1001))
    text = write_edl(path_of(heard((60, 110))), ntsc)
    assert EVENT.findall(text)[0][1] in ("01:00:01:29", "01:00:02:00")
