import dataclasses

import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.metrics.path_quality import (
    PathQuality,
    angular_errors_deg,
    path_quality,
    share_in_view,
)
from pano.sphere import unit_vectors


def still_path(yaw_deg: float) -> CameraPath:
    return CameraPath(
        time_s=np.array([0.0, 10.0]),
        yaw_deg=np.full(2, yaw_deg),
        pitch_deg=np.zeros(2),
        roll_deg=np.zeros(2),
        hfov_deg=np.full(2, 90.0),
        cut=np.zeros(2, dtype=bool),
        trust=np.ones(2),
        confidence=np.ones(2),
    )


def test_errors_are_great_circles_over_the_seam() -> None:
    truth = unit_vectors(np.array([-175.0, 5.0, 0.0]), np.array([0.0, 0.0, 90.0]))
    found = angular_errors_deg(still_path(185.0), np.arange(3.0), truth)
    np.testing.assert_allclose(found, [0.0, 180.0, 90.0], atol=1e-9)


def test_the_view_is_a_rectangle_not_a_circle() -> None:
    # 90° by 2·atan(½) = 53.13°: 40° aside is inside, 40° above is not.
    truth = unit_vectors(np.array([40.0, 0.0, 0.0, 180.0]), np.array([0.0, 40, 26, 0]))
    found = share_in_view(still_path(0.0), np.arange(4.0), truth, aspect=2.0)
    assert found == 0.5


def test_a_little_planet_has_in_view_what_is_behind_it() -> None:
    # 300°: all but a cap of 30° about the point behind, less at the corners.
    path = dataclasses.replace(
        still_path(0.0),
        hfov_deg=np.full(2, 300.0),
        source=PathSource(lens=Lens.STEREOGRAPHIC),
    )
    truth = unit_vectors(np.array([120.0, -149.0, 151.0, 180.0]), np.zeros(4))
    assert share_in_view(path, np.arange(4.0), truth, aspect=2.0) == 0.5


def test_without_any_moment_the_share_is_unknown() -> None:
    found = share_in_view(still_path(0.0), np.zeros(0), np.zeros((0, 3)), aspect=2.0)
    assert found != pytest.approx(found)


def turning_path(yaw_deg, cuts=()) -> CameraPath:
    n = len(yaw_deg)
    return CameraPath(
        time_s=np.arange(n) / 30.0,
        yaw_deg=np.asarray(yaw_deg),
        pitch_deg=np.zeros(n),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.isin(np.arange(n), cuts),
        trust=np.ones(n),
        confidence=np.ones(n),
    )


def test_a_still_path_is_still_in_every_respect() -> None:
    found = path_quality(still_path(10.0))
    assert found == PathQuality(0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0)
    assert path_quality(turning_path(np.full(60, 3.0))) == found


def test_a_steady_turn_is_steady_and_not_still() -> None:
    found = path_quality(turning_path(np.arange(61) / 3.0))
    assert found.speed_p95_deg_per_s == pytest.approx(10.0)
    assert found.speed_deviation_deg_per_s == pytest.approx(0.0, abs=1e-9)
    assert (found.share_still, found.share_steady) == (0.0, 1.0)
    assert found.jerk_rms_deg_per_s3 < 1e-6


def test_turning_back_and_forth_is_counted() -> None:
    # Half a second each way for two seconds: three reversals.
    yaw_deg = 5.0 * np.abs((np.arange(61) / 15.0 + 1.0) % 2.0 - 1.0)
    assert path_quality(turning_path(yaw_deg)).reversals_per_s == pytest.approx(1.5)


def test_a_cut_is_no_motion() -> None:
    yaw_deg = np.repeat([0.0, 170.0], 30)
    assert path_quality(turning_path(yaw_deg)).speed_p95_deg_per_s == 0.0
    assert path_quality(turning_path(yaw_deg)).jerk_rms_deg_per_s3 > 0.0
    found = path_quality(turning_path(yaw_deg, cuts=[30]))
    assert found.jerk_rms_deg_per_s3 == 0.0
    assert found.share_still == 1.0
    assert found.cuts_per_min == pytest.approx(60.0 / (59 / 30))
