import numpy as np
import pytest

from pano_jobs.analysis.changes import ChangeDetector, Window

SIZE = (30, 60)
CELL_PX = 16


def picture() -> np.ndarray:
    return np.full((480, 960, 3), 90, np.uint8)


def changed(*cells: tuple[int, int]) -> np.ndarray:
    image = picture()
    for row, column in cells:
        image[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16] = 200
    return image


def detector() -> ChangeDetector:
    found = ChangeDetector()
    found.note(picture(), None)
    return found


def covers(window: Window, row: int, column: int) -> bool:
    is_in_rows = window.top <= row < window.bottom
    return is_in_rows and (column - window.left) % 60 < window.right - window.left


def test_at_first_all_is_new():
    assert ChangeDetector().windows(picture()) is None


def test_a_still_picture_needs_no_look():
    assert detector().windows(picture()) == []


def test_grain_is_no_change():
    grain = np.random.default_rng(0).normal(0.0, 8.0, (480, 960, 1))
    assert detector().windows(np.clip(picture() + grain, 0, 255).astype(np.uint8)) == []


@pytest.mark.parametrize("cell", [(15, 30), (0, 12), (29, 12), (10, 0), (10, 59)])
def test_what_changed_lies_in_the_middle_of_a_window(cell):
    (window,) = detector().windows(changed(cell))
    for rows in (-1, 0, 1):
        for columns in (-1, 0, 1):
            if 0 <= cell[0] + rows < 30:
                assert covers(window, cell[0] + rows, (cell[1] + columns) % 60)
    # Three cells of context, but for where the picture ends.
    assert window.seen_top == 0 or window.seen_top <= window.top - 3
    assert window.seen_bottom == 30 or window.seen_bottom >= window.bottom + 3
    assert window.seen_left <= window.left - 3
    assert window.seen_right >= window.right + 3
    assert 0 <= window.seen_top < window.seen_bottom <= 30
    assert (window.seen_bottom - window.seen_top) % 2 == 0
    assert window.n_seen <= 12 * 12


def test_things_apart_have_windows_of_their_own():
    windows = detector().windows(changed((8, 10), (20, 40)))
    assert len(windows) == 2
    assert sum(covers(window, 8, 10) for window in windows) == 1


def test_things_close_together_share_one():
    assert len(detector().windows(changed((15, 20), (15, 25)))) == 1


def test_where_most_changed_all_is_looked_at():
    assert detector().windows(np.full((480, 960, 3), 200, np.uint8)) is None


def test_a_band_all_round_is_looked_at_with_all_the_rest():
    band = changed(*((15, column) for column in range(0, 60, 2)))
    assert detector().windows(band) is None


def test_only_what_was_looked_at_is_known():
    found = detector()
    both = changed((8, 10), (20, 40))
    windows = found.windows(both)
    found.note(both, windows[:1])
    (left,) = found.windows(both)
    assert left == windows[1]
    found.note(both, [left])
    assert found.windows(both) == []


def test_slow_change_adds_up():
    found = detector()
    for level in (92, 94):
        image = picture()
        image[160:176, 160:176] = level
        windows = found.windows(image)
        found.note(image, windows)
        assert windows == []
    image[160:176, 160:176] = 96
    assert len(found.windows(image)) == 1


@pytest.mark.parametrize("left", [10, 55, 60])
def test_a_window_is_cut_over_the_seam_and_answers_for_its_middle(left):
    window = Window.around(10, 15, left, left + 6, SIZE)
    columns = np.arange(960)[None, :, None].repeat(480, axis=0)
    image = np.asarray(columns % 251, np.uint8)
    cut = window.cut(image)
    n_rows = window.seen_bottom - window.seen_top
    n_columns = window.seen_right - window.seen_left
    assert cut.shape == (16 * n_rows, 16 * n_columns, 1)
    assert cut[0, 0, 0] == (16 * window.seen_left % 960) % 251
    cells = np.arange(n_columns)[None, None].repeat(n_rows, axis=1).astype(np.float32)
    answer = window.answer(cells)
    assert answer.shape == (1, 5, 6)
    assert answer[0, 0, 0] + window.seen_left == left
