from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pano.camera.path import CameraPath
from pano.export.keyframes import Curve, keyframes

BOUND_DEG = 0.25
# Rounding in the cubics' arithmetic at angles of some hundred degrees.
ROUNDING_DEG = 1e-7


def path_of(
    yaw_deg, *, pitch_deg=None, cut=(), rate_hz=30.0, start_s=0.0
) -> CameraPath:
    n = len(yaw_deg)
    return CameraPath(
        time_s=start_s + np.arange(n) / rate_hz,
        yaw_deg=np.asarray(yaw_deg, float),
        pitch_deg=np.zeros(n) if pitch_deg is None else np.asarray(pitch_deg, float),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.isin(np.arange(n), cut),
        trust=np.ones(n),
        confidence=np.ones(n),
    )


def error_deg(shots, path: CameraPath) -> float:
    """Return the largest error of any angle on a clock 16 times as fine."""
    largest = 0.0
    for shot in shots:
        inside = (path.time_s >= shot.time_s[0]) & (path.time_s <= shot.time_s[-1])
        own_s = path.time_s[inside]
        fine_s = np.interp(
            np.arange(16 * (len(own_s) - 1) + 1) / 16, np.arange(len(own_s)), own_s
        )
        found = shot.at(fine_s)
        for axis, values in enumerate((path.yaw_deg, path.pitch_deg)):
            true = np.interp(fine_s, own_s, values[inside])
            largest = max(largest, float(np.abs(found[:, axis] - true).max()))
    return largest


def eased(n: int = 150) -> np.ndarray:
    share = np.clip(np.linspace(-0.3, 1.3, n), 0.0, 1.0)
    return 150.0 + 60.0 * share**2 * (3.0 - 2.0 * share)


walks = st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=80).map(
    lambda steps: 170.0 + np.cumsum(steps)
)


@given(walks, st.sampled_from(list(Curve)))
@settings(deadline=None, max_examples=60)
def test_no_curve_is_further_from_the_path_than_the_bound(yaw_deg, curve):
    path = path_of(yaw_deg, pitch_deg=np.clip(yaw_deg - 170.0, -90, 90)[::-1])
    shots = keyframes(path, max_error_deg=BOUND_DEG, curve=curve)
    assert error_deg(shots, path) <= BOUND_DEG + ROUNDING_DEG


@given(walks, st.sampled_from(list(Curve)))
@settings(deadline=None, max_examples=60)
def test_no_curve_overshoots_its_keyframes(yaw_deg, curve):
    for shot in keyframes(path_of(yaw_deg), max_error_deg=1.0, curve=curve):
        for k in range(len(shot.time_s) - 1):
            inside = shot.at(np.linspace(shot.time_s[k], shot.time_s[k + 1], 33))[:, 0]
            low, high = np.sort(shot.values_deg[k : k + 2, 0])
            assert low - ROUNDING_DEG <= inside.min()
            assert inside.max() <= high + ROUNDING_DEG


@given(walks, st.sets(st.integers(1, 79), max_size=5))
@settings(deadline=None, max_examples=40)
def test_every_cut_is_a_step(yaw_deg, cuts):
    cuts = sorted(cut for cut in cuts if cut < len(yaw_deg))
    path = path_of(yaw_deg, cut=cuts)
    shots = keyframes(path, max_error_deg=BOUND_DEG)
    assert len(shots) == len(cuts) + 1
    for shot, first in zip(shots, [0, *cuts], strict=True):
        assert shot.time_s[0] == path.time_s[first]
        assert shot.values_deg[0, 0] == path.yaw_deg[first]
    for before, after in itertools.pairwise(shots):
        assert before.end_s == after.time_s[0]
        last = np.searchsorted(path.time_s, before.time_s[-1])
        assert path.cut[last + 1]


def test_yaw_runs_on_across_the_seam():
    (shot,) = keyframes(path_of(eased()), max_error_deg=BOUND_DEG)
    assert shot.values_deg[0, 0] == 150.0
    assert shot.values_deg[-1, 0] == 210.0
    assert np.all(np.diff(shot.values_deg[:, 0]) >= 0.0)


def test_a_turn_of_five_seconds_takes_few_keyframes_and_curves_take_fewest():
    path = path_of(eased())
    (smooth,) = keyframes(path, max_error_deg=BOUND_DEG)
    (lines,) = keyframes(path, max_error_deg=BOUND_DEG, curve=Curve.LINEAR)
    assert len(smooth.time_s) <= 12
    assert len(smooth.time_s) < len(lines.time_s) < 30


def test_a_still_camera_takes_two_keyframes():
    (shot,) = keyframes(path_of(np.full(300, -20.0)), max_error_deg=BOUND_DEG)
    assert len(shot.time_s) == 2
    assert np.all(shot.slopes_deg_per_s == 0.0)


def test_a_path_of_one_pose_is_one_keyframe():
    (shot,) = keyframes(path_of([12.0]), max_error_deg=BOUND_DEG)
    assert shot.at(np.array([-1.0, 0.0, 9.0]))[:, 0].tolist() == [12.0, 12.0, 12.0]


def test_a_bound_of_nothing_is_refused():
    with pytest.raises(ValueError, match="max_error_deg"):
        keyframes(path_of([1.0]), max_error_deg=0.0)
