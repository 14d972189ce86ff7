import numpy as np
import pytest

from pano.camera import CameraPath
from pano.metrics import angular_errors_deg, share_in_view
from pano.sphere import unit_vectors


def still_path(yaw_deg: float) -> CameraPath:
    return CameraPath(
        time_s=np.array([0.0, 10.0]),
        yaw_deg=np.full(2, yaw_deg),
        pitch_deg=np.zeros(2),
        roll_deg=np.zeros(2),
        hfov_deg=np.full(2, 90.0),
        cut=np.zeros(2, dtype=bool),
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


def test_without_any_moment_the_share_is_unknown() -> None:
    found = share_in_view(still_path(0.0), np.zeros(0), np.zeros((0, 3)), aspect=2.0)
    assert found != pytest.approx(found)
