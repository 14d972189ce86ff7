from __future__ import annotations

import numpy as np
import pytest

from pano.camera.motion_blur import poses_while_open
from pano.camera.path import CameraPath
from pano.equirect.planes import Planes
from pano.rendering.renderer import ViewportRenderer

RATE_HZ = 30.0
N = 60


def path_of(yaw_deg, *, cut_at: int | None = None) -> CameraPath:
    k = np.arange(N)
    return CameraPath(
        time_s=k / RATE_HZ,
        yaw_deg=yaw_deg,
        pitch_deg=np.zeros(N),
        roll_deg=np.zeros(N),
        hfov_deg=np.full(N, 60.0),
        cut=k == cut_at,
        trust=np.ones(N),
        confidence=np.ones(N),
    )


def test_a_still_camera_takes_one_sharp_picture():
    path = path_of(np.full(N, 10.0))
    (pose,) = poses_while_open(path, 1.0, 0.5 / RATE_HZ, width_px=1280)
    assert pose == path.at(1.0)


def test_a_turning_camera_is_exposed_around_the_frames_time():
    path = path_of(np.arange(N) * 1.0)  # a degree a frame
    poses = poses_while_open(path, 1.0, 0.5 / RATE_HZ, width_px=1280)
    yaws_deg = np.array([pose.yaw_deg for pose in poses])
    assert yaws_deg.mean() == pytest.approx(30.0)
    assert np.ptp(yaws_deg) < 0.5
    # No two views are more than 1.5 pixels of 1280 / 60 per degree apart.
    assert np.diff(yaws_deg).max() * 1280 / 60.0 <= 1.5
    assert yaws_deg[0] == pytest.approx(29.75, abs=0.5 / len(yaws_deg))


def test_nothing_beyond_a_cut_gets_into_the_picture():
    path = path_of(np.where(np.arange(N) < 30, np.arange(N), 150.0), cut_at=30)
    for time_s in (29 / RATE_HZ, 30 / RATE_HZ):
        poses = poses_while_open(path, time_s, 2.0 / RATE_HZ, width_px=1280)
        shots = {pose.yaw_deg > 100.0 for pose in poses}
        assert shots == {time_s >= 30 / RATE_HZ - 1e-9}


def test_a_whip_pan_is_blurred_with_a_bounded_number_of_views():
    path = path_of(np.arange(N) * 40.0)
    assert len(poses_while_open(path, 1.0, 1.0 / RATE_HZ, width_px=1920)) == 24


def test_an_exposure_is_the_mean_of_its_views():
    rng = np.random.default_rng(0)
    planes = Planes(
        rng.integers(0, 256, (64, 128), np.uint8),
        rng.integers(0, 256, (32, 64), np.uint8),
        rng.integers(0, 256, (32, 64), np.uint8),
    )
    renderer = ViewportRenderer(32, 18)
    path = path_of(np.arange(N) * 3.0)
    poses = poses_while_open(path, 1.0, 1.0 / RATE_HZ, width_px=32)
    assert len(poses) > 1
    blurred = renderer.expose_planes(planes, poses)
    views = [renderer.render_planes(planes, pose) for pose in poses]
    for name in ("y", "u", "v"):
        mean = np.mean([getattr(view, name) for view in views], axis=0)
        assert np.abs(getattr(blurred, name) - mean).max() <= 0.5
