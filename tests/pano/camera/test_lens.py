from __future__ import annotations

import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.sphere import great_circle_deg, to_angles_deg

AHEAD = CameraPose(0.0, 0.0, 0.0, 100.0)


@pytest.mark.parametrize("lens", Lens)
@pytest.mark.parametrize("hfov_deg", [10.0, 65.5, 120.0, 170.0])
def test_the_edges_of_every_lens_are_hfov_apart(lens, hfov_deg):
    pose = CameraPose(0.0, 0.0, 0.0, hfov_deg)
    border = Viewport(160, 90, lens).border(pose, n_per_side=90)
    left, right = border[90 * 3 + 45], border[90 + 45]
    assert great_circle_deg(left, right) == pytest.approx(hfov_deg)


@pytest.mark.parametrize("lens", Lens)
def test_the_top_and_bottom_of_every_lens_are_vfov_apart(lens):
    viewport = Viewport(160, 90, lens)
    border = viewport.border(AHEAD, n_per_side=90)
    top, bottom = border[45], border[2 * 90 + 45]
    assert great_circle_deg(top, bottom) == pytest.approx(viewport.vfov_deg(100.0))


def test_a_stereographic_picture_keeps_angles():
    # A small square on the picture is a small square on the sphere, anywhere in it.
    rays = Viewport(400, 300, Lens.STEREOGRAPHIC).rays(CameraPose(0.0, 0.0, 0.0, 200.0))
    right = great_circle_deg(rays[:-1, 1:], rays[:-1, :-1])
    down = great_circle_deg(rays[1:, :-1], rays[:-1, :-1])
    np.testing.assert_allclose(right, down, rtol=0.02)


def test_verticals_stay_straight_in_a_pannini_picture():
    # A column of the picture is a plumb line: one yaw, all the way.
    yaw_deg, _ = to_angles_deg(Viewport(40, 30, Lens.PANNINI).rays(AHEAD))
    np.testing.assert_allclose(yaw_deg, yaw_deg[:1].repeat(30, axis=0), atol=1e-9)


def test_lines_to_the_vanishing_point_stay_straight_in_a_pannini_picture():
    # The edge between wall and floor runs to the middle: tan φ / sin λ is constant
    # along it on the sphere, and y / x along a straight line of the picture.
    viewport = Viewport(401, 401, Lens.PANNINI)
    yaw_rad, pitch_rad = np.radians(to_angles_deg(viewport.rays(AHEAD)))
    diagonal = np.arange(200)
    at = diagonal, diagonal
    slope = np.tan(pitch_rad[at]) / np.sin(yaw_rad[at])
    np.testing.assert_allclose(slope, -1.0, atol=1e-9)


@pytest.mark.parametrize(
    ("lens", "hfov_deg"), [(Lens.RECTILINEAR, 180.0), (Lens.STEREOGRAPHIC, 360.0)]
)
def test_a_view_that_a_lens_does_not_have_is_refused(lens, hfov_deg):
    with pytest.raises(ValueError, match=f"for a {lens} lens"):
        lens.half_width(hfov_deg)
