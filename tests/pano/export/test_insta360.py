from __future__ import annotations

import dataclasses
import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from pano.camera.path import CameraPath
from pano.errors import SettingsError
from pano.export.insta360 import write_insta360
from pano.export.timeline import Timeline

N = 90
TIMELINE = Timeline(frame_rate_hz=Fraction(30))
NODE = {
    "auto_fov", "distance", "fov", "is_headtrack", "name", "node_type", "pan", "roll",
    "src_time", "state", "tilt", "time",
}  # fmt: skip


def path_of() -> CameraPath:
    k = np.arange(N)
    share = np.clip(k / 59.0, 0.0, 1.0)
    eased = share**2 * (3.0 - 2.0 * share)
    return CameraPath(
        time_s=4.0 + k / 30.0,
        yaw_deg=np.where(k < 60, 140.0 + 80.0 * eased, -30.0),
        pitch_deg=15.0 * eased,
        roll_deg=np.zeros(N),
        hfov_deg=np.full(N, 65.5),
        cut=k == 60,
        trust=np.ones(N),
        confidence=np.ones(N),
    )


def clip_of(text: str):
    return json.loads(text)["projects"][0]["clip"]


def test_keyframes_and_straight_transitions_take_turns():
    nodes = clip_of(write_insta360(path_of(), TIMELINE))["key_frame_track"]["node_list"]
    kinds = [node["node_type"] for node in nodes]
    assert kinds == [k % 2 for k in range(len(nodes))]
    assert len(nodes) % 2 == 1
    triples = zip(nodes[::2], nodes[1::2], nodes[2::2], strict=False)
    for before, between, after in triples:
        assert between["name"] == f"{before['name']}-{after['name']}"
        assert before["time"] < after["time"]
        assert [between[f"point{k}{axis}"] for k in (1, 2) for axis in "XY"] == [
            0.5
        ] * 4
    assert all(set(node) == NODE for node in nodes[::2])


def test_lines_between_the_keyframes_stay_near_the_path():
    path = path_of()
    nodes = clip_of(write_insta360(path, TIMELINE))["key_frame_track"]["node_list"]
    keys = nodes[::2]
    assert len(keys) < 30
    assert (keys[0]["time"], keys[-1]["time"]) == (0, N - 1)
    for start, end in itertools.pairwise(keys):
        for frame in range(start["time"], end["time"]):
            share = (frame - start["time"]) / (end["time"] - start["time"])
            for name, column in (("pan", path.yaw_deg), ("tilt", path.pitch_deg)):
                value = start[name] + share * (end[name] - start[name])
                off_deg = abs(np.degrees(value) - column[frame])
                assert off_deg <= TIMELINE.max_error_deg + 1e-6
    assert keys[0]["fov"] == pytest.approx(np.radians(65.5))


@pytest.mark.parametrize("shape", ["projects", "tracks"])
def test_a_project_keeps_everything_but_its_keyframes(shape):
    clip = {
        "name": "VID_1.insv",
        "camera_transform": {"distance": 0.4},
        "key_frame_track": {"node_list": [{"node_type": 0, "name": "old"}]},
    }
    project = (
        {"projects": [{"clip": clip, "id": "a"}]}
        if shape == "projects"
        else {"fps": 30, "tracks": [{"clips": []}, {"clips": [clip]}]}
    )
    timeline = dataclasses.replace(TIMELINE, project=json.dumps(project))
    written = json.loads(write_insta360(path_of(), timeline))
    filled = (
        written["projects"][0]["clip"]
        if shape == "projects"
        else written["tracks"][1]["clips"][0]
    )
    nodes = filled["key_frame_track"]["node_list"]
    assert nodes[0]["distance"] == 0.4
    assert "old" not in [node["name"] for node in nodes]
    assert filled["enable_user_keyframe"] is True
    assert filled["name"] == "VID_1.insv"
    del filled["key_frame_track"], filled["enable_user_keyframe"]
    del clip["key_frame_track"]
    assert written == project


@pytest.mark.parametrize("text", ["<xml/>", "{}", '{"projects": []}', '{"tracks": 3}'])
def test_what_is_no_project_is_refused_in_a_sentence(text):
    timeline = dataclasses.replace(TIMELINE, project=text)
    with pytest.raises(SettingsError, match="project"):
        write_insta360(path_of(), timeline)
