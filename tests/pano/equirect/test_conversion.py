import numpy as np
import pytest

from pano.equirect.conversion import equirect_size, left_eye, place_on_sphere
from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout


def ramp(height: int, width: int) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(height)[:, None]
    image[..., 1] = np.arange(width)
    return image


def unpacked(image, layout, bounds=FULL_SPHERE) -> np.ndarray:
    eye = left_eye(image, layout)
    width_px, height_px = equirect_size(eye.shape[1], eye.shape[0], bounds)
    return place_on_sphere(eye, width_px, height_px, bounds)


def test_a_mono_sphere_is_untouched() -> None:
    image = ramp(32, 64)
    np.testing.assert_array_equal(unpacked(image, StereoLayout.MONO), image)


def test_top_bottom_keeps_the_upper_eye() -> None:
    image = ramp(64, 64)
    mono = unpacked(image, StereoLayout.TOP_BOTTOM)
    np.testing.assert_array_equal(mono, image[:32])


def test_side_by_side_keeps_the_left_eye() -> None:
    image = ramp(32, 128)
    mono = unpacked(image, StereoLayout.SIDE_BY_SIDE)
    np.testing.assert_array_equal(mono, image[:, :64])


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        (StereoLayout.TOP_BOTTOM, (32, 64, 3)),  # eyes of 64×16
        (StereoLayout.SIDE_BY_SIDE, (64, 128, 3)),  # eyes of 64×64
        (StereoLayout.MONO, (72, 144, 3)),  # 128×72, anamorphic
    ],
)
def test_squeezed_pictures_are_widened_to_two_to_one(
    layout: StereoLayout, shape: tuple[int, int, int]
) -> None:
    packed = {
        StereoLayout.TOP_BOTTOM: (32, 64),
        StereoLayout.SIDE_BY_SIDE: (64, 128),
        StereoLayout.MONO: (72, 128),
    }[layout]
    assert unpacked(ramp(*packed), layout).shape == shape


def test_an_odd_eye_is_resized_to_an_even_height_and_no_other() -> None:
    assert equirect_size(67, 33) == (68, 34)
    assert equirect_size(66, 33) == (68, 34)
    assert equirect_size(64, 32) == (64, 32)


def test_a_partial_sphere_lies_in_the_middle_of_black() -> None:
    eye = np.full((16, 32, 3), 200, np.uint8)
    bounds = SphereBounds(left=0.25, top=0.25, right=0.25, bottom=0.25)
    sphere = unpacked(eye, StereoLayout.MONO, bounds)
    assert sphere.shape == (32, 64, 3)
    assert (sphere[8:24, 16:48] == 200).all()
    assert sphere.sum() == 200 * 16 * 32 * 3


def test_a_band_at_the_left_edge_stays_there() -> None:
    eye = np.full((8, 8, 3), 9, np.uint8)
    sphere = place_on_sphere(eye, 32, 16, SphereBounds(top=0.5, right=0.75))
    assert (sphere[8:, :8] == 9).all()
    assert sphere.sum() == 9 * 8 * 8 * 3


def test_bounds_that_leave_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="leaves nothing"):
        SphereBounds(left=0.5, right=0.5)
    with pytest.raises(ValueError, match="top must be in"):
        SphereBounds(top=-0.1)
