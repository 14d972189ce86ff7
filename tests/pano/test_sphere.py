from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pano.sphere import (
    Direction,
    angle_between_deg,
    angles_deg_to_pixel,
    cell_solid_angles_sr,
    great_circle_deg,
    grid_unit_vectors,
    pixel_to_angles_deg,
    to_angles_deg,
    unit_vectors,
    wrap_deg,
)

# Double precision leaves about 1e-13 of a turn after a few trigonometric steps.
EXACT_DEG = 1e-9

yaws = st.floats(-720.0, 720.0)
pitches = st.floats(-90.0, 90.0)
sizes = st.integers(1, 5000)


@pytest.mark.parametrize(
    ("yaw_deg", "pitch_deg", "unit"),
    [
        (0, 0, (0, 0, 1)),
        (90, 0, (1, 0, 0)),
        (-90, 0, (-1, 0, 0)),
        (180, 0, (0, 0, -1)),
        (37, 90, (0, 1, 0)),
        (-12, -90, (0, -1, 0)),
        (30, 0, (0.5, 0, np.sqrt(3) / 2)),
        (0, 30, (0, 0.5, np.sqrt(3) / 2)),
    ],
)
def test_yaw_is_positive_to_the_right_and_pitch_is_positive_up(
    yaw_deg, pitch_deg, unit
):
    np.testing.assert_allclose(unit_vectors(yaw_deg, pitch_deg), unit, atol=1e-15)


def test_the_first_pixel_of_four_by_two_is_centred_at_minus_135_and_45_degrees():
    yaw_deg, pitch_deg = pixel_to_angles_deg(0, 0, 4, 2)
    assert [yaw_deg, pitch_deg] == [-135.0, 45.0]


def test_the_middle_of_the_picture_lies_between_its_middle_pixels():
    x, y = angles_deg_to_pixel(0.0, 0.0, 960, 480)
    assert [x, y] == [479.5, 239.5]


def test_the_seam_is_the_left_edge_of_the_picture():
    x, _ = angles_deg_to_pixel([180.0, -180.0, 540.0], 0.0, 960, 480)
    np.testing.assert_array_equal(x, -0.5)


def test_a_step_to_the_right_of_the_seam_comes_in_at_the_left():
    x, _ = angles_deg_to_pixel(180.0 + 360.0 / 960, 0.0, 960, 480)
    assert x == pytest.approx(0.5)


def test_the_poles_are_the_upper_and_lower_edges_of_the_picture():
    _, y = angles_deg_to_pixel(0.0, [90.0, -90.0], 960, 480)
    np.testing.assert_array_equal(y, [-0.5, 479.5])


@given(yaws)
def test_wrapping_keeps_the_angle_and_lands_between_minus_180_and_180(angle_deg):
    wrapped = float(wrap_deg(angle_deg))
    turns = (angle_deg - wrapped) / 360.0
    assert -180.0 <= wrapped < 180.0
    assert turns == pytest.approx(round(turns), abs=1e-12)


@given(yaws, pitches)
def test_a_unit_vector_has_length_one(yaw_deg, pitch_deg):
    assert np.linalg.norm(unit_vectors(yaw_deg, pitch_deg)) == pytest.approx(1.0)


@given(yaws, st.floats(-89.99, 89.99))
def test_angles_survive_the_way_through_a_vector(yaw_deg, pitch_deg):
    yaw_back_deg, pitch_back_deg = to_angles_deg(3.0 * unit_vectors(yaw_deg, pitch_deg))
    assert abs(wrap_deg(yaw_back_deg - yaw_deg)) < 1e-8
    assert pitch_back_deg == pytest.approx(pitch_deg, abs=1e-8)


@given(sizes, sizes, st.data())
def test_a_pixel_survives_the_way_through_its_direction(width, height, data):
    x = data.draw(st.integers(0, width - 1))
    y = data.draw(st.integers(0, height - 1))
    yaw_deg, pitch_deg = pixel_to_angles_deg(x, y, width, height)
    x_back, y_back = angles_deg_to_pixel(yaw_deg, pitch_deg, width, height)
    assert x_back == pytest.approx(x, abs=1e-6)
    assert y_back == pytest.approx(y, abs=1e-6)


@given(yaws, sizes)
def test_a_column_is_never_outside_the_picture(yaw_deg, width):
    x, _ = angles_deg_to_pixel(yaw_deg, 0.0, width, 1)
    assert -0.5 <= x <= width - 0.5


@given(yaws, pitches, yaws, pitches)
def test_the_great_circle_agrees_with_arccos(yaw_a, pitch_a, yaw_b, pitch_b):
    a, b = unit_vectors(yaw_a, pitch_a), unit_vectors(yaw_b, pitch_b)
    arccos_deg = np.degrees(np.arccos(np.clip(a @ b, -1.0, 1.0)))
    # arccos itself loses half the digits near 0° and 180°.
    assert great_circle_deg(a, b) == pytest.approx(arccos_deg, abs=3e-6)


def test_the_great_circle_is_exact_where_arccos_is_blind():
    a, b = unit_vectors(0.0, 0.0), unit_vectors(1e-7, 0.0)
    assert np.arccos(np.clip(a @ b, -1, 1)) == 0.0
    assert great_circle_deg(a, b) == pytest.approx(1e-7, rel=1e-6)


@given(yaws, pitches)
def test_opposite_directions_are_180_degrees_apart(yaw_deg, pitch_deg):
    unit = unit_vectors(yaw_deg, pitch_deg)
    assert great_circle_deg(unit, -unit) == pytest.approx(180.0)


def test_the_short_way_goes_across_the_seam():
    assert angle_between_deg(
        Direction(179.0, 0.0), Direction(-179.0, 0.0)
    ) == pytest.approx(2)


def test_the_short_way_goes_over_the_pole():
    assert angle_between_deg(
        Direction(0.0, 80.0), Direction(180.0, 80.0)
    ) == pytest.approx(20)


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_cells_of_any_grid_cover_the_sphere_once(height, width):
    omega = cell_solid_angles_sr(height, width)
    assert omega.shape == (height, 1)
    assert float(omega.sum()) * width == pytest.approx(4.0 * np.pi)


def test_a_band_to_30_degrees_holds_half_the_sphere():
    omega = cell_solid_angles_sr(180, 360)
    assert omega[60:120].sum() * 360 == pytest.approx(2.0 * np.pi)


def test_the_middle_of_an_even_map_is_nowhere():
    units, omega = grid_unit_vectors(30, 60), cell_solid_angles_sr(30, 60)
    np.testing.assert_allclose((units * omega[..., None]).sum((0, 1)), 0.0, atol=1e-12)


def test_cached_grids_are_read_only():
    for array in (grid_unit_vectors(6, 12), cell_solid_angles_sr(6, 12)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_a_direction_wraps_its_yaw():
    assert Direction(190.0, 5.0) == Direction(-170.0, 5.0)


@pytest.mark.parametrize("pitch_deg", [-90.001, 90.001, float("nan")])
def test_a_direction_refuses_a_pitch_beyond_the_poles(pitch_deg):
    with pytest.raises(ValueError, match="pitch_deg"):
        Direction(0.0, pitch_deg)


def test_a_direction_refuses_an_endless_yaw():
    with pytest.raises(ValueError, match="yaw_deg"):
        Direction(float("inf"), 0.0)


def test_a_vector_without_length_has_no_direction():
    with pytest.raises(ValueError, match="length zero"):
        to_angles_deg([0.0, 0.0, 0.0])


@given(yaws, pitches)
def test_a_direction_survives_the_way_through_its_unit_vector(yaw_deg, pitch_deg):
    there = Direction(yaw_deg, pitch_deg)
    back = Direction.from_unit(2.5 * there.unit())
    assert angle_between_deg(there, back) < EXACT_DEG


@given(yaws)
def test_at_a_pole_yaw_is_zero(yaw_deg):
    assert Direction.from_unit(unit_vectors(yaw_deg, 90.0)).yaw_deg == 0.0
