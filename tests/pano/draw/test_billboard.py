from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pano.camera.path import CameraPose
from pano.draw.billboard import paint_billboard
from pano.rendering.renderer import ViewportRenderer
from pano.sphere import Direction, great_circle_deg, grid_unit_vectors

WIDTH, HEIGHT = 360, 180  # one pixel per degree
CELLS = grid_unit_vectors(HEIGHT, WIDTH)


def opaque(h=64, w=64, color=(255, 0, 0)):
    sprite = np.zeros((h, w, 4), np.uint8)
    sprite[...] = (*color, 255)
    return sprite


def gray(value=100, width=WIDTH):
    return np.full((width // 2, width, 3), value, np.uint8)


def painted(center, *, sprite=None, width_deg=20.0, roll_deg=0.0, width=WIDTH):
    picture = gray(0, width)
    sprite = opaque(color=(255, 255, 255)) if sprite is None else sprite
    paint_billboard(
        picture, sprite, center=center, width_deg=width_deg, roll_deg=roll_deg
    )
    return picture


def middle_of(picture):
    """Weigh directions by brightness and solid angle."""
    height, width = picture.shape[:2]
    units = grid_unit_vectors(height, width)
    weight = picture[..., :1] * np.hypot(units[..., :1], units[..., 2:])
    return (units * weight).sum(axis=(0, 1))


def unit(vector):
    return vector / np.linalg.norm(vector)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-180.0, 179.0),
    st.floats(-90.0, 90.0),
    st.floats(2.0, 60.0),
    st.floats(-180.0, 180.0),
)
def test_a_sprite_is_centred_where_it_should_be(
    yaw_deg, pitch_deg, width_deg, roll_deg
):
    center = Direction(yaw_deg, pitch_deg)
    picture = painted(center, width_deg=width_deg, roll_deg=roll_deg)
    assert great_circle_deg(unit(middle_of(picture)), center.unit()) < 0.5


@pytest.mark.parametrize("pitch_deg", [0.0, 45.0, -80.0, 90.0])
def test_a_sprite_covers_the_solid_angle_of_its_square(pitch_deg):
    picture = painted(Direction(20.0, pitch_deg), width_deg=40.0)
    cell_sr = np.hypot(CELLS[..., 0], CELLS[..., 2]) * np.radians(1.0) ** 2
    covered_sr = (picture[..., 0] / 255.0 * cell_sr).sum()
    # A rectangular pyramid of 40° × 40°: 4·asin(sin² 20°).
    assert covered_sr == pytest.approx(
        4 * np.arcsin(np.sin(np.radians(20)) ** 2), rel=0.02
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, WIDTH - 1), st.floats(-90.0, 90.0), st.floats(3.0, 50.0))
def test_rolling_the_picture_by_whole_pixels_rolls_the_sprite_bit_for_bit(
    shift, pitch_deg, width_deg
):
    rng = np.random.default_rng(0)
    sprite = rng.integers(0, 256, (40, 56, 4), np.uint8)
    background = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    here, there = background.copy(), np.roll(background, shift, axis=1)
    center = Direction(12.3, pitch_deg)
    turned = Direction(12.3 + shift * 360.0 / WIDTH, pitch_deg)
    paint_billboard(here, sprite, center=center, width_deg=width_deg)
    paint_billboard(there, sprite, center=turned, width_deg=width_deg)
    np.testing.assert_array_equal(np.roll(here, shift, axis=1), there)


def test_a_sprite_at_the_seam_appears_on_both_sides():
    picture = painted(Direction(180.0, 0.0))
    assert picture[90, :9].min() == picture[90, -9:].min() == 255
    assert picture[90, 12:-12].max() == 0


@pytest.mark.parametrize(("pitch_deg", "row"), [(90.0, 0), (-90.0, -1)])
def test_a_sprite_at_a_pole_fills_the_outermost_row(pitch_deg, row):
    picture = painted(Direction(0.0, pitch_deg))
    assert picture[row].min() == 255
    assert picture[HEIGHT // 2].max() == 0


def test_a_sprite_that_hides_the_pole_without_being_centred_on_it_fills_its_row():
    picture = painted(Direction(70.0, 84.0), width_deg=20.0)
    assert picture[0].min() == 255


def test_the_top_of_a_sprite_is_up_and_its_left_is_left():
    sprite = opaque(color=(0, 0, 0))
    sprite[:32, :32, :3] = 255  # the upper left quarter is white
    middle = middle_of(painted(Direction(0.0, 0.0), sprite=sprite))
    assert middle[0] < 0 < middle[1]


def test_roll_turns_a_sprite_clockwise():
    sprite = opaque(color=(0, 0, 0))
    sprite[:16, :, :3] = 255  # the upper edge is white
    middle = middle_of(painted(Direction(0.0, 0.0), sprite=sprite, roll_deg=90.0))
    assert middle[0] > abs(middle[1])  # and comes to lie at the right


def test_a_camera_looking_at_a_sprite_sees_it_undistorted():
    rng = np.random.default_rng(1)
    blocks = rng.integers(60, 200, (4, 4, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    sprite = np.dstack([blocks, np.full((64, 64), 255, np.uint8)])
    center = Direction(178.0, 62.0)
    picture = painted(center, sprite=sprite, width_deg=30.0, width=1440)
    pose = CameraPose(center.yaw_deg, center.pitch_deg, 0.0, 30.0)
    seen = ViewportRenderer(64, 64).render(picture, pose)
    error = np.abs(seen[3:-3, 3:-3].astype(int) - blocks[3:-3, 3:-3])
    assert np.median(error) <= 1
    assert error.mean() < 4  # the blocks' edges are softened


def test_a_clear_sprite_changes_nothing():
    picture, sprite = gray(), opaque()
    sprite[..., 3] = 0
    paint_billboard(picture, sprite, center=Direction(0.0, 0.0), width_deg=50.0)
    assert np.all(picture == 100)


def test_half_of_the_alpha_mixes_half_of_the_colour():
    picture, sprite = gray(100), opaque(color=(200, 200, 200))
    sprite[..., 3] = 128
    paint_billboard(picture, sprite, center=Direction(0.5, 0.5), width_deg=20.0)
    assert abs(int(picture[89, 180, 0]) - 150) <= 1


def test_colour_under_clear_pixels_does_not_bleed():
    sprite = opaque(color=(0, 0, 0))
    sprite[:, ::2] = (255, 255, 255, 0)  # clear white stripes between black ones
    picture = gray(0)
    paint_billboard(picture, sprite, center=Direction(0.0, 0.0), width_deg=10.0)
    assert picture.max() <= 1


def test_a_fine_sprite_is_averaged_where_it_is_minified():
    sprite = opaque(512, 512, color=(0, 0, 0))
    sprite[::2, :, :3] = 255
    picture = painted(Direction(0.0, 0.0), sprite=sprite, width_deg=10.0)
    inside = picture[87:93, 177:183]
    assert np.all(np.abs(inside.astype(int) - 128) < 12)


def test_only_the_touched_rows_and_columns_change():
    picture = painted(Direction(40.0, 20.0), width_deg=10.0)
    rows, columns = np.nonzero(picture[..., 0])
    assert (rows.min(), rows.max()) == pytest.approx((64.5, 75.0), abs=1.5)
    assert (columns.min(), columns.max()) == pytest.approx((214.0, 225.0), abs=1.5)


@pytest.mark.parametrize("width_deg", [0.0, -5.0, 180.0])
def test_a_width_that_no_flat_sprite_has_is_refused(width_deg):
    with pytest.raises(ValueError, match="width_deg"):
        paint_billboard(
            gray(), opaque(), center=Direction(0.0, 0.0), width_deg=width_deg
        )


def test_a_sprite_without_alpha_is_refused():
    with pytest.raises(ValueError, match="sprite"):
        paint_billboard(
            gray(),
            opaque()[..., :3].copy(),
            center=Direction(0.0, 0.0),
            width_deg=10.0,
        )
