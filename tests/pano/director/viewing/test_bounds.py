import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.pose import CameraPose
from pano.camera.viewport import Viewport
from pano.director.viewing.bounds import kept_inside
from pano.equirect.layouts import FULL_SPHERE, SphereBounds
from pano.sphere import to_angles_deg

HALF = SphereBounds(left=0.25, right=0.25)


# Three by two, 60° wide: 42.1° high.
HALF_HEIGHT_DEG = np.degrees(np.arctan(np.tan(np.radians(30.0)) / 1.5))


def moved(yaw_deg, pitch_deg, bounds, middle_yaw_deg=0.0):
    yaw, pitch = kept_inside(
        np.array([float(yaw_deg)]),
        np.array([float(pitch_deg)]),
        bounds,
        middle_yaw_deg=middle_yaw_deg,
        hfov_deg=np.array([60.0]),
        aspect=1.5,
        lens=Lens.RECTILINEAR,
    )
    return float(yaw[0]), float(pitch[0])


def test_a_full_sphere_holds_nobody_back() -> None:
    assert moved(500.0, 89.0, FULL_SPHERE) == (500.0, 89.0)


@pytest.mark.parametrize(
    ("yaw_deg", "expected_deg"),
    [(0.0, 0.0), (70.0, 60.0), (-130.0, -60.0), (400.0, 400.0), (430.0, 420.0)],
)
def test_in_half_a_sphere_the_picture_ends_at_its_edge(yaw_deg, expected_deg) -> None:
    assert moved(yaw_deg, 0.0, HALF) == pytest.approx((expected_deg, 0.0))


def test_a_part_aside_has_its_own_middle() -> None:
    right = SphereBounds(left=0.5, right=0.1)
    assert moved(0.0, 0.0, right)[0] == pytest.approx(30.0)
    assert moved(170.0, 0.0, right)[0] == pytest.approx(114.0)


def test_a_turned_frame_of_reference_has_its_edges_elsewhere() -> None:
    assert moved(-100.0, 0.0, HALF, middle_yaw_deg=-150.0)[0] == pytest.approx(-100.0)
    assert moved(0.0, 0.0, HALF, middle_yaw_deg=-150.0)[0] == pytest.approx(-90.0)


def test_only_a_missing_top_holds_back_upwards() -> None:
    no_top = SphereBounds(top=0.25)
    assert moved(0.0, 80.0, no_top)[1] == pytest.approx(45.0 - HALF_HEIGHT_DEG)
    assert moved(0.0, -80.0, no_top)[1] == pytest.approx(-80.0)


def test_a_part_smaller_than_the_picture_is_centred() -> None:
    small = SphereBounds(left=0.45, right=0.45, top=0.45, bottom=0.45)
    assert moved(30.0, 30.0, small) == pytest.approx((0.0, 0.0))


@pytest.mark.parametrize("pitch_deg", [-50.0, -20.0, 0.0, 35.0])
def test_no_corner_of_the_picture_looks_beyond_the_edge(pitch_deg) -> None:
    yaw_deg, _ = moved(89.0, pitch_deg, HALF)
    pose = CameraPose(yaw_deg, pitch_deg, hfov_deg=60.0)
    border = Viewport(150, 100).border(pose, n_per_side=20)
    reach_deg, _ = to_angles_deg(border)
    assert reach_deg.max() == pytest.approx(90.0, abs=1e-6)
