from __future__ import annotations

import json

import numpy as np
import pytest

from pano.camera.rig.views import cube, load_rig, ring
from pano.errors import SettingsError


def test_a_ring_goes_round_the_horizon_to_the_right():
    views = ring(4, 100.0)
    assert [view.pose.yaw_deg for view in views] == [0.0, 90.0, 180.0, 270.0]
    assert {view.pose.pitch_deg for view in views} == {0.0}
    assert {view.pose.hfov_deg for view in views} == {100.0}
    assert [view.name for view in ring(10)][::9] == ["view-01", "view-10"]


def test_the_faces_of_a_cube_look_along_all_axes():
    axes = {view.name: view.pose.direction.unit() for view in cube()}
    np.testing.assert_allclose(axes["front"], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(axes["right"], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(axes["up"], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(sum(axes.values()), 0.0, atol=1e-12)


def test_a_rig_is_read_with_defaults_for_what_is_left_out(tmp_path):
    file = tmp_path / "rig.json"
    file.write_text('[{"name": "a", "yaw_deg": 30}, {"name": "b", "hfov_deg": 50}]')
    first, second = load_rig(file, 80.0)
    assert (first.pose.yaw_deg, first.pose.hfov_deg) == (30.0, 80.0)
    assert (second.pose.pitch_deg, second.pose.hfov_deg) == (0.0, 50.0)


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ({}, "list of 1 to 64"),
        ([], "list of 1 to 64"),
        ([{"name": "a"}] * 65, "list of 1 to 64"),
        (["a"], "an object with a name"),
        ([{}], "needs a name"),
        ([{"name": "../a"}], "no name of a view"),
        ([{"name": "a b"}], "no name of a view"),
        ([{"name": "a"}, {"name": "A"}], "two views of the same name"),
        ([{"name": "a", "yaw": 3}], "has no 'yaw'"),
        ([{"name": "a", "yaw_deg": "left"}], "not a valid rig"),
        ([{"name": "a", "yaw_deg": float("nan")}], "yaw_deg must be finite"),
        ([{"name": "a", "yaw_deg": None}], "not a valid rig"),
        ([{"name": "a", "pitch_deg": 91}], "pitch_deg must be in"),
        ([{"name": "a", "hfov_deg": 180}], r"in \(0, 180\)"),
        ([{"name": "a", "yaw_deg": 10**400}], "not a valid rig"),
    ],
)
def test_what_is_no_rig_is_refused_in_one_line(tmp_path, views, words):
    file = tmp_path / "rig.json"
    file.write_text(views if isinstance(views, str) else json.dumps(views))
    with pytest.raises(SettingsError, match=words) as caught:
        load_rig(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_rig_that_is_gone_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.json cannot be read"):
        load_rig(tmp_path / "gone.json")


@pytest.mark.parametrize("n_views", [0, 65])
def test_a_ring_has_some_views_and_not_too_many(n_views):
    with pytest.raises(ValueError, match="1 to 64"):
        ring(n_views)
