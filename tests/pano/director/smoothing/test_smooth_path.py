import logging

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pano.camera.motion_limits import MotionLimits
from pano.camera.path import CameraPath
from pano.director.smoothing import smooth_path as smooth_module
from pano.director.smoothing.linear_program import MAX_PITCH_DEG, Style
from pano.director.smoothing.smooth_path import Targets, smooth, unwrap_deg
from pano.director.smoothing.spline import SplinePath
from pano.sphere import Direction

STEP_S = 0.2
AHEAD = Direction(0.0, 0.0)


def targets_of(yaw_deg, pitch_deg=None, weight=None) -> Targets:
    yaw_deg = np.asarray(yaw_deg, dtype=float)
    n = len(yaw_deg)
    return Targets(
        step_s=STEP_S,
        yaw_deg=yaw_deg,
        pitch_deg=np.zeros(n) if pitch_deg is None else np.asarray(pitch_deg),
        weight=np.ones(n) if weight is None else np.asarray(weight, dtype=float),
    )


def path_of(spline: SplinePath) -> CameraPath:
    n_knots = len(spline.control_deg) - 2
    time_s = np.arange(int((n_knots - 1) * STEP_S * 30.0) + 1) / 30.0
    found = spline.at(time_s)
    n = len(time_s)
    return CameraPath(
        time_s=time_s,
        yaw_deg=found[:, 0],
        pitch_deg=found[:, 1],
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.zeros(n, dtype=bool),
        trust=np.ones(n),
        confidence=np.ones(n),
    )


def planned(targets: Targets, limits=None, start=AHEAD, style=None) -> CameraPath:
    limits = limits or MotionLimits()
    return path_of(smooth(targets, limits=limits, start=start, style=style))


def test_a_spline_reproduces_a_straight_line() -> None:
    control_deg = np.stack([np.arange(-1.0, 6.0), np.full(7, 3.0)], axis=1)
    found = SplinePath(STEP_S, control_deg).at(np.array([0.0, 0.1, 0.5, 0.8, 9.0]))
    np.testing.assert_allclose(found[:, 0], [0.0, 0.5, 2.5, 4.0, 4.0], atol=1e-12)
    np.testing.assert_allclose(found[:, 1], 3.0)


streams = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float64, n, elements=st.floats(-180.0, 180.0)),
        hnp.arrays(np.float64, n, elements=st.floats(-90.0, 90.0)),
        hnp.arrays(np.float64, n, elements=st.floats(0.0, 1.0)),
    )
)
all_limits = st.builds(
    MotionLimits,
    max_speed_deg_per_s=st.floats(1.0, 200.0),
    max_acceleration_deg_per_s2=st.floats(1.0, 400.0),
    max_jerk_deg_per_s3=st.floats(5.0, 2000.0),
)


@settings(max_examples=40, deadline=None)
@given(stream=streams, limits=all_limits)
def test_limits_hold_whatever_the_targets_do(stream, limits) -> None:
    path = planned(targets_of(*stream), limits)
    assert path.certificate().is_within(limits)
    assert np.all(np.abs(path.pitch_deg) <= MAX_PITCH_DEG + 1e-6)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_limits_hold_across_the_joints_of_windows(seed) -> None:
    rng = np.random.default_rng(seed)
    n = 3 * smooth_module._ADVANCE
    targets = targets_of(
        rng.uniform(-180.0, 180.0, n // 20).repeat(20), None, rng.random(n)
    )
    limits = MotionLimits()
    assert planned(targets, limits).certificate().is_within(limits)


def test_windows_change_little_against_one_program(monkeypatch) -> None:
    n = 2 * smooth_module._WINDOW
    moment_s = np.arange(n) * STEP_S
    targets = targets_of(80.0 * np.sin(moment_s / 5.0), 20.0 * np.cos(moment_s / 7.0))
    in_windows = planned(targets)
    monkeypatch.setattr(smooth_module, "_WINDOW", 10 * n)
    at_once = planned(targets)
    apart = np.abs(in_windows.yaw_deg - at_once.yaw_deg)
    assert apart.max() < Style().dead_zone_deg


def test_a_still_target_keeps_the_camera_dead_still() -> None:
    rng = np.random.default_rng(1)
    path = planned(targets_of(40.0 + rng.normal(0.0, 2.0, 60)))
    assert np.ptp(path.yaw_deg) < 1e-6
    assert path.yaw_deg[0] == pytest.approx(40.0, abs=1.0)


def test_a_steady_walk_is_followed_at_constant_speed() -> None:
    path = planned(targets_of(np.arange(60) * 2.0), style=Style(dead_zone_deg=0.0))
    speed = np.diff(path.yaw_deg) * 30.0
    np.testing.assert_allclose(speed[75:-75], 10.0, atol=0.1)


def test_a_walker_is_followed_from_the_first_frame_to_the_last() -> None:
    path = planned(targets_of(np.arange(60) * 2.0), style=Style(dead_zone_deg=4.0))
    speed = np.diff(path.yaw_deg) * 30.0
    assert speed.min() > 5.0
    np.testing.assert_allclose(speed[30:-15], 10.0, atol=1.0)


def test_aside_and_up_the_camera_turns_in_one_motion() -> None:
    yaw_deg = np.repeat([0.0, 90.0], 40)
    pitch_deg = np.repeat([0.0, 20.0], 40)
    path = planned(targets_of(yaw_deg, pitch_deg))
    pitch_moves = np.abs(np.diff(path.pitch_deg)) * 30.0 > 0.5
    yaw_moves = np.abs(np.diff(path.yaw_deg)) * 30.0 > 0.5
    assert pitch_moves.any()
    assert np.mean(yaw_moves[pitch_moves]) > 0.9


def test_the_dead_zone_is_as_wide_for_its_height_as_the_picture() -> None:
    style = Style(dead_zone_deg=8.0, edge_deg=(24.0, 12.0))
    wander_deg = 6.0 * np.where(np.arange(160) // 40 % 2, 1.0, -1.0)
    still_deg = np.zeros(160)
    aside = planned(targets_of(wander_deg, still_deg), style=style)
    up = planned(targets_of(still_deg, wander_deg), style=style)
    assert np.ptp(aside.yaw_deg) < 1.0
    assert np.ptp(up.pitch_deg) > 3.0


def test_crossing_the_seam_takes_the_short_way() -> None:
    yaw_deg = np.concatenate([np.full(30, 170.0), np.full(30, -170.0)])
    path = planned(targets_of(yaw_deg), start=Direction(170.0, 0.0))
    assert path.yaw_deg[0] == pytest.approx(170.0, abs=4.1)
    assert path.yaw_deg[-1] == pytest.approx(190.0, abs=4.1)
    assert np.all((path.yaw_deg > 160.0) & (path.yaw_deg < 200.0))


def test_of_two_that_fit_in_one_picture_neither_is_left_nor_followed() -> None:
    moments = np.arange(100)
    path = planned(targets_of(np.where(moments % 20 < 10, -20.0, 20.0)))
    edge_deg, _ = Style().edge_deg
    middle = path.yaw_deg[60:-60]
    assert np.all(np.abs(middle) <= edge_deg - 20.0 + 1e-6)
    assert np.ptp(middle) < 1e-6


def test_without_any_target_the_camera_stays_at_the_start() -> None:
    start = Direction(33.0, -7.0)
    path = planned(targets_of(np.full(20, 99.0), None, np.zeros(20)), start=start)
    np.testing.assert_allclose(path.yaw_deg, 33.0, atol=1e-6)
    np.testing.assert_allclose(path.pitch_deg, -7.0, atol=1e-6)


def test_a_pause_holds_the_camera_where_it_was() -> None:
    yaw_deg = np.concatenate([np.full(20, 50.0), np.full(80, -120.0)])
    weight = np.concatenate([np.ones(20), np.zeros(80)])
    path = planned(targets_of(yaw_deg, None, weight))
    np.testing.assert_allclose(path.yaw_deg, path.yaw_deg[0], atol=1e-6)


def test_the_first_target_needs_no_swing_from_the_start() -> None:
    path = planned(targets_of(np.full(30, 120.0)))
    np.testing.assert_allclose(path.yaw_deg, 120.0, atol=4.1)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_shortest_clips_have_a_path(n) -> None:
    path = planned(targets_of(np.full(n, 20.0)))
    assert path.yaw_deg[0] == pytest.approx(20.0, abs=4.1)


def test_turning_the_scene_turns_the_path_alone() -> None:
    rng = np.random.default_rng(2)
    yaw_deg = np.cumsum(rng.normal(0.0, 9.0, 80))
    pitch_deg = rng.normal(0.0, 20.0, 80)
    plain = planned(targets_of(yaw_deg, pitch_deg))
    turned = planned(
        targets_of(yaw_deg + 150.0, pitch_deg), start=Direction(150.0, 0.0)
    )
    np.testing.assert_allclose(turned.yaw_deg, plain.yaw_deg + 150.0, atol=1e-6)
    np.testing.assert_allclose(turned.pitch_deg, plain.pitch_deg, atol=1e-6)


def test_mirroring_the_scene_mirrors_the_path_alone() -> None:
    rng = np.random.default_rng(3)
    yaw_deg = np.cumsum(rng.normal(0.0, 9.0, 80))
    pitch_deg = rng.normal(0.0, 20.0, 80)
    plain = planned(targets_of(yaw_deg, pitch_deg), start=Direction(10.0, 0.0))
    mirrored = planned(targets_of(-yaw_deg, pitch_deg), start=Direction(-10.0, 0.0))
    np.testing.assert_allclose(mirrored.yaw_deg, -plain.yaw_deg, atol=1e-6)
    np.testing.assert_allclose(mirrored.pitch_deg, plain.pitch_deg, atol=1e-6)


def test_a_solver_that_gives_up_is_replaced_by_least_squares(
    monkeypatch, caplog
) -> None:
    solve = scipy.optimize.linprog
    n_calls = 0

    def failing(*arguments, **named):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 1:
            return solve(*arguments, **named)
        return scipy.optimize.OptimizeResult(status=4, x=None)

    monkeypatch.setattr(scipy.optimize, "linprog", failing)
    n = smooth_module._WINDOW + 20
    with caplog.at_level(logging.WARNING):
        path = planned(targets_of(60.0 * np.sin(np.arange(n) / 15.0)))
    assert "by least squares instead" in caplog.text
    assert path.certificate().is_within(MotionLimits())


def preview(targets: Targets, limits=None, start=AHEAD) -> CameraPath:
    limits = limits or MotionLimits()
    return path_of(smooth(targets, limits=limits, start=start, solver="quadratic"))


@settings(max_examples=60, deadline=None)
@given(stream=streams, limits=all_limits)
def test_least_squares_keep_the_limits_too(stream, limits) -> None:
    path = preview(targets_of(*stream), limits)
    assert path.certificate().is_within(limits)
    assert np.all(np.abs(path.pitch_deg) <= MAX_PITCH_DEG + 1e-6)


def test_least_squares_follow_a_walk_and_a_jump() -> None:
    walk_deg = np.arange(100) * 2.0
    np.testing.assert_allclose(
        preview(targets_of(walk_deg)).yaw_deg[::6][5:-5], walk_deg[5:-5], atol=1.0
    )
    jumped = preview(targets_of(np.repeat([0.0, 150.0], 50)))
    assert np.abs(jumped.yaw_deg[:120]).max() < 5.0
    assert np.abs(jumped.yaw_deg[-120:] - 150.0).max() < 5.0
    # It makes use of what is allowed: the turn takes less than eight seconds.
    assert jumped.certificate().max_speed_deg_per_s > 25.0


def test_least_squares_turn_and_mirror_with_the_scene() -> None:
    yaw_deg = np.cumsum(np.random.default_rng(4).normal(0.0, 9.0, 80))
    plain = preview(targets_of(yaw_deg))
    turned = preview(targets_of(yaw_deg + 150.0), start=Direction(150.0, 0.0))
    np.testing.assert_allclose(turned.yaw_deg, plain.yaw_deg + 150.0, atol=1e-6)
    mirrored = preview(targets_of(-yaw_deg))
    np.testing.assert_allclose(mirrored.yaw_deg, -plain.yaw_deg, atol=1e-6)


def test_unwrapping_turns_the_short_way() -> None:
    found = unwrap_deg(np.array([170.0, -170.0, 100.0, -100.0]), start_deg=0.0)
    np.testing.assert_allclose(found, [170.0, 190.0, 100.0, 260.0])
