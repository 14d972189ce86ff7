import numpy as np
import pytest

from soundloc.data.views import View, apply_view, cells_behind, draw_view

CELL_PX = 16
HEIGHT, WIDTH = 6, 8


def numbered_cells() -> np.ndarray:
    """A picture whose cells are painted with their own number."""
    numbers = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    large = np.kron(numbers, np.ones((CELL_PX, CELL_PX), np.uint8))
    return np.repeat(large[:, :, None], 3, axis=2)


@pytest.mark.parametrize(
    "view",
    [
        View(is_mirrored=False),
        View(is_mirrored=True),
        View(is_mirrored=False, turn=0.25),
        View(is_mirrored=True, turn=0.3),
        View(is_mirrored=False, left=0.125, top=0.25, size=0.7),
        View(is_mirrored=True, left=0.3, top=0.0, size=0.65),
    ],
)
def test_the_middle_of_each_cell_shows_the_cell_it_names(view: View) -> None:
    seen = apply_view(numbered_cells(), view)[..., 0]
    middles = seen[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX].ravel()
    named = cells_behind(view, HEIGHT, WIDTH)
    # Enlarging blends the borders of cells, and rounding a crop moves it by a pixel.
    agreement = float((middles == named).mean())
    assert (
        agreement == 1.0 if view.size == 1.0 and view.turn != 0.3 else agreement > 0.7
    )


def test_a_picture_that_wraps_is_turned_and_another_cropped() -> None:
    rng = np.random.default_rng(0)
    turned = [draw_view(rng, wrap=True) for _ in range(20)]
    cropped = [draw_view(rng, wrap=False) for _ in range(20)]
    assert all(v.size == 1.0 for v in turned)
    assert len({v.turn for v in turned}) == 20
    assert all(v.turn == 0.0 and 0.6 <= v.size <= 1.0 for v in cropped)
    assert {v.is_mirrored for v in turned} == {True, False}


def test_a_crop_outside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="in the picture"):
        View(is_mirrored=False, left=0.5, size=0.7)
