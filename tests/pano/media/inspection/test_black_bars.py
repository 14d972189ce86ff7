import numpy as np
import pytest
from numpy.typing import NDArray

from pano.media.inspection.black_bars import find_black_rows

Brightness = NDArray[np.uint8]

WIDTH, HEIGHT, BAR = 192, 108, 6  # 16:9, with 192×96 between the bars


def sphere(seed: int = 0, *, level: float = 90.0) -> Brightness:
    """Draw a sphere that fits round, with some grain, shape (96, 192)."""
    rng = np.random.default_rng(seed)
    turn = np.arange(WIDTH) / WIDTH * 2.0 * np.pi
    image = level * (1.0 + 0.5 * np.sin(turn)) + rng.normal(0.0, 2.0, (96, WIDTH))
    return np.clip(image, 0.0, 255.0).astype(np.uint8)


def boxed(inner: Brightness, *, above: int = BAR, below: int = BAR) -> Brightness:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 3, (above + len(inner) + below, WIDTH), dtype=np.uint8)
    image[above : above + len(inner)] = inner
    return image


def rows(*pictures: Brightness, aspect: float = 1.0, known: bool = False) -> int:
    return find_black_rows(pictures, pixel_aspect=aspect, is_known_sphere=known)


def test_a_sphere_between_bars_is_found() -> None:
    assert rows(*(boxed(sphere(k)) for k in range(3))) == BAR


def test_a_fade_to_black_does_not_hide_the_bars() -> None:
    black = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert rows(black, boxed(sphere()), black) == BAR


def test_a_dark_picture_among_others_does_not_hide_the_bars() -> None:
    night = sphere(level=4.0)
    night[:10] = 0
    assert rows(boxed(night), boxed(sphere())) == BAR


@pytest.mark.parametrize(
    "pictures",
    [
        [np.zeros((HEIGHT, WIDTH), np.uint8)] * 3,
        [],
        [boxed(sphere(level=4.0))],
    ],
    ids=["black", "none", "never bright"],
)
def test_darkness_alone_is_no_bar(pictures) -> None:
    assert rows(*pictures) == 0


def test_a_night_sky_that_fades_into_the_picture_is_no_bar() -> None:
    image = np.zeros((HEIGHT, WIDTH), np.float64)
    image[BAR:-BAR] = 200.0 * np.sin(np.linspace(0.0, np.pi, 96))[:, None] ** 3
    assert rows(image.astype(np.uint8)) == 0


def test_one_picture_without_bars_is_enough() -> None:
    whole = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert rows(boxed(sphere()), whole, boxed(sphere(1))) == 0


def test_bars_of_different_height_are_no_bars() -> None:
    assert rows(boxed(sphere(), above=3, below=9)) == 0


def test_bars_that_leave_another_shape_are_no_bars_of_a_sphere() -> None:
    assert rows(boxed(sphere()[:80], above=14, below=14)) == 0


def test_a_logo_in_a_bar_says_that_it_is_none() -> None:
    image = boxed(sphere())
    image[2:4, 100:104] = 60
    assert rows(image) == 0


def test_a_flat_film_of_two_to_one_is_no_sphere() -> None:
    flat = np.broadcast_to(np.linspace(20, 220, WIDTH).astype(np.uint8), (96, WIDTH))
    assert rows(boxed(flat)) == 0
    assert rows(boxed(flat), known=True) == BAR


def test_the_shape_of_pixels_counts() -> None:
    squeezed = boxed(sphere()[:72], above=18, below=18)
    assert rows(squeezed) == 0
    assert rows(squeezed, aspect=0.75) == 18
