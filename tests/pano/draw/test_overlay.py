import numpy as np
import pytest

from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.draw.overlay import blend_heatmap, draw_ring, draw_view_outline
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, angles_deg_to_pixel, grid_unit_vectors

HEIGHT_PX, WIDTH_PX = 240, 480
GREY = np.full((HEIGHT_PX, WIDTH_PX, 3), 100, dtype=np.uint8)


def density_at(center: Direction) -> np.ndarray:
    cosine = grid_unit_vectors(30, 60) @ center.unit()
    attention = np.exp((cosine - 1.0) / np.radians(10.0) ** 2)
    return SaliencyMap.from_attention(
        attention,
        np.zeros((30, 60)),
        time_s=0.0,
        confidence=1.0,
        level_db=-20.0,
    ).density


def drawn(pose: CameraPose, aspect: float = 1.5) -> np.ndarray:
    """Where the outline changed a grey picture, shape (h, w)."""
    return np.any(
        draw_view_outline(GREY, pose, Viewport(round(900 * aspect), 900)) != GREY,
        axis=-1,
    )


def test_a_uniform_map_paints_nothing() -> None:
    uniform = np.full((30, 60), 1.0 / (4.0 * np.pi))
    np.testing.assert_array_equal(blend_heatmap(GREY, uniform), GREY)


@pytest.mark.parametrize("yaw_deg", [0.0, 180.0, 63.0])
def test_the_heat_lies_where_the_density_does(yaw_deg) -> None:
    painted = blend_heatmap(GREY, density_at(Direction(yaw_deg, 30.0)))
    x, y = angles_deg_to_pixel(yaw_deg, 30.0, WIDTH_PX, HEIGHT_PX)
    here = painted[round(float(y)), round(float(x)) % WIDTH_PX].astype(int)
    away = painted[round(float(y)), (round(float(x)) + WIDTH_PX // 2) % WIDTH_PX]
    assert here[0] > 180  # hot is bright in red
    np.testing.assert_array_equal(away, 100)


def test_the_picture_itself_is_left_alone() -> None:
    image = GREY.copy()
    blend_heatmap(image, density_at(Direction(0.0, 0.0)))
    draw_view_outline(image, CameraPose(0.0, 0.0), Viewport(30, 20))
    np.testing.assert_array_equal(image, GREY)


def test_the_seam_does_not_show_in_the_heat() -> None:
    painted = blend_heatmap(GREY, density_at(Direction(180.0, 0.0))).astype(int)
    step = np.abs(np.diff(painted, axis=1)).max()
    assert np.abs(painted[:, 0] - painted[:, -1]).max() <= step


@pytest.mark.parametrize("size", [(101, 203), (60, 120), (30, 60), (15, 31)])
def test_any_size_of_picture_can_be_painted(size) -> None:
    image = np.full((*size, 3), 100, dtype=np.uint8)
    painted = blend_heatmap(image, density_at(Direction(0.0, 0.0)))
    assert painted.shape == image.shape
    assert np.any(painted != image)


def test_the_outline_passes_through_the_corner_of_the_view() -> None:
    pose = CameraPose(40.0, 10.0, roll_deg=15.0, hfov_deg=70.0)
    reach = np.tan(np.radians(35.0))
    corner = Direction.from_unit(np.array([reach, reach / 1.5, 1.0]) @ pose.axes())
    x, y = angles_deg_to_pixel(corner.yaw_deg, corner.pitch_deg, WIDTH_PX, HEIGHT_PX)
    assert drawn(pose)[round(float(y)), round(float(x))]


def test_turning_the_view_rolls_the_outline_over_the_seam() -> None:
    ahead = drawn(CameraPose(0.0, 20.0))
    behind = drawn(CameraPose(180.0, 20.0))
    # Lines are drawn in sixteenths of a pixel.
    assert np.mean(np.roll(ahead, WIDTH_PX // 2, axis=1) != behind) < 2e-3


def test_no_line_crosses_the_picture_where_a_view_crosses_the_seam() -> None:
    assert not drawn(CameraPose(175.0, 0.0))[:, 120:360].any()


@pytest.mark.parametrize("pitch_deg", [80.0, -80.0, 90.0])
def test_around_a_pole_the_outline_runs_through_all_columns(pitch_deg) -> None:
    seen = drawn(CameraPose(0.0, pitch_deg))
    assert seen.any(axis=0).all()
    half = seen[HEIGHT_PX // 2 :] if pitch_deg > 0 else seen[: HEIGHT_PX // 2]
    assert not half.any()


def test_a_ring_on_the_seam_goes_on_at_the_other_side():
    plain = np.full((120, 240, 3), 128, np.uint8)
    ring = draw_ring(
        plain, Direction(180.0, 0.0), radius_px=20, color_rgb=(80, 255, 80)
    )
    changed = (ring != plain).any(axis=2)
    left, right = changed[:, :30], changed[:, -30:]
    assert left.any()
    assert right.any()
    assert not changed[:, 30:210].any()
    assert (plain == 128).all()
