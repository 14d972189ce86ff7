from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pano.media.inspection.dual_fisheye import looks_like_dual_fisheye
from pano_jobs.synthetic.world import default_world

Image = NDArray[np.uint8]

SIDE = 160


def dual_fisheye(
    *, seed: int = 0, level: float = 120.0, radius: float = 0.97, glow: float = 4.0
) -> Image:
    """Draw two circles on a ground that glows a little, shape (160, 320)."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.4, 1.0, (8, 16)).astype(np.float32)
    scene = level * cv2.resize(coarse, (2 * SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    image = rng.uniform(0.0, glow, (SIDE, 2 * SIDE)).astype(np.float32)
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE * 2.0 - 1.0
    inside = np.tile(np.hypot(x, y) < radius, (1, 2))
    image[inside] = scene[inside]
    return image.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("radius", [0.90, 0.97, 1.0, 1.08])
def test_two_circles_are_found_whatever_the_lens(radius: float) -> None:
    pictures = [dual_fisheye(seed=k, radius=radius) for k in range(3)]
    assert looks_like_dual_fisheye(pictures)


def test_colour_and_glowing_corners_do_not_matter() -> None:
    picture = np.repeat(dual_fisheye(glow=18.0)[..., None], 3, axis=2)
    assert looks_like_dual_fisheye([picture])


def test_a_picture_that_is_dark_among_bright_ones_does_not_matter() -> None:
    assert looks_like_dual_fisheye([dual_fisheye(level=5.0), dual_fisheye(seed=1)])


def test_one_whole_picture_is_enough_to_tell_a_sphere() -> None:
    whole = np.full((SIDE, 2 * SIDE), 100, np.uint8)
    assert not looks_like_dual_fisheye([dual_fisheye(), whole])


def test_nothing_is_taken_behind_a_picture_that_decides() -> None:
    def pictures() -> Iterator[Image]:
        yield np.full((SIDE, 2 * SIDE), 100, np.uint8)
        raise AssertionError("one was enough")

    assert not looks_like_dual_fisheye(pictures())


def night_with_lamps() -> Image:
    image = np.zeros((SIDE, 2 * SIDE), np.uint8)
    rng = np.random.default_rng(3)
    for x in rng.integers(0, 2 * SIDE, 40):
        cv2.circle(image, (int(x), int(rng.integers(60, 100))), 5, 250, -1)
    return image


def lit_band() -> Image:
    """Draw a black sky and a black ground with all light between them."""
    image = np.zeros((SIDE, 2 * SIDE), np.uint8)
    image[40:120] = 180
    return image


def stage() -> Image:
    """Draw two lit rounds on a dark sphere that reach neither pole."""
    image = np.zeros((SIDE, 2 * SIDE), np.uint8)
    for x in (SIDE // 2, 3 * SIDE // 2):
        cv2.circle(image, (x, SIDE // 2), SIDE // 3, 200, -1)
    return image


def one_circle() -> Image:
    image = dual_fisheye()
    image[:, SIDE:] = 0
    return image


def square() -> Image:
    return np.ascontiguousarray(dual_fisheye()[:, :SIDE])


def black() -> Image:
    return np.zeros((SIDE, 2 * SIDE), np.uint8)


@pytest.mark.parametrize(
    "draw", [night_with_lamps, lit_band, stage, one_circle, square, black]
)
def test_what_is_dark_is_no_fisheye(draw) -> None:
    assert not looks_like_dual_fisheye([draw()] * 3)


@pytest.mark.parametrize("share", [1.0, 0.2, 0.03])
def test_a_drawn_sphere_is_no_fisheye_by_day_and_by_night(share: float) -> None:
    drawn = default_world(1).frame(0.0, width_px=2 * SIDE)
    night = (drawn * share).astype(np.uint8)
    assert not looks_like_dual_fisheye([night])


def test_no_pictures_are_no_fisheye() -> None:
    assert not looks_like_dual_fisheye([])
