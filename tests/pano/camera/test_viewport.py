from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.sphere import great_circle_deg, to_angles_deg, unit_vectors


def test_a_square_view_is_as_high_as_wide():
    assert Viewport(64, 64).vfov_deg(65.5) == pytest.approx(65.5)


def test_a_view_of_90_degrees_at_16_to_9_is_58_7_degrees_high():
    # 2·atan(tan 45° · 9/16)
    assert Viewport(1280, 720).vfov_deg(90.0) == pytest.approx(58.7155, abs=1e-4)


def test_pixel_centres_lie_half_a_pixel_inside_the_edges():
    x, y = Viewport(4, 2).plane(90.0)
    np.testing.assert_allclose(x, [-0.75, -0.25, 0.25, 0.75])
    np.testing.assert_allclose(y, [0.25, -0.25])


@given(st.floats(-400, 400), st.floats(-90, 90), st.floats(-180, 180))
def test_the_middle_pixel_looks_where_the_camera_points(yaw_deg, pitch_deg, roll_deg):
    rays = Viewport(5, 3).rays(CameraPose(yaw_deg, pitch_deg, roll_deg))
    ahead = unit_vectors(yaw_deg, pitch_deg)
    assert great_circle_deg(rays[1, 2], ahead) < 1e-6


@given(st.floats(1, 179), st.integers(1, 9), st.integers(1, 9))
def test_rays_have_length_one(hfov_deg, width_px, height_px):
    rays = Viewport(width_px, height_px).rays(CameraPose(10.0, 20.0, 30.0, hfov_deg))
    np.testing.assert_allclose(np.linalg.norm(rays, axis=-1), 1.0)


def test_right_is_right_and_up_is_up():
    rays = Viewport(3, 3).rays(CameraPose(0.0, 0.0, 0.0, 90.0))
    yaw_deg, pitch_deg = to_angles_deg(rays)
    assert yaw_deg[1, 2] > 0 > yaw_deg[1, 0]
    assert pitch_deg[0, 1] > 0 > pitch_deg[2, 1]


def test_a_camera_rolled_clockwise_by_90_degrees_sees_the_right_side_on_top():
    rays = Viewport(3, 3).rays(CameraPose(0.0, 0.0, 90.0, 90.0))
    yaw_deg, pitch_deg = to_angles_deg(rays)
    assert yaw_deg[0, 1] > 0  # what is to the right appears at the top
    assert pitch_deg[1, 0] > 0  # and what is above appears at the left


def test_the_edges_of_the_view_are_hfov_apart():
    n = 1001
    rays = Viewport(n, 1).rays(CameraPose(0.0, 0.0, 0.0, 65.5))
    between_centres = 2 * np.degrees(np.arctan(np.tan(np.radians(32.75)) * (n - 1) / n))
    assert great_circle_deg(rays[0, 0], rays[0, -1]) == pytest.approx(between_centres)


@pytest.mark.parametrize("hfov_deg", [0.0, -10.0, 180.0, 200.0])
def test_a_field_of_view_that_no_flat_picture_has_is_refused(hfov_deg):
    with pytest.raises(ValueError, match="hfov_deg"):
        Viewport(4, 4).vfov_deg(hfov_deg)
    with pytest.raises(ValueError, match="hfov_deg"):
        Viewport(4, 4).plane(hfov_deg)


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (-1, 3)])
def test_a_view_without_pixels_is_refused(size):
    with pytest.raises(ValueError, match="pixels"):
        Viewport(*size)
