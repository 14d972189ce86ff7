from fractions import Fraction

import numpy as np

from pano.media import Frame
from pano_jobs.analysis.watcher import Watcher
from tests.fake_localizer import RedLocalizer


def frame(k: int, image: np.ndarray) -> Frame:
    return Frame(image, k, Fraction(1, 5))


def grey() -> np.ndarray:
    return np.full((480, 960, 3), 90, np.uint8)


def with_red(row: int, column: int) -> np.ndarray:
    image = grey()
    rows = slice(16 * row, 16 * row + 32)
    image[rows, 16 * column : 16 * column + 32] = (255, 0, 0)
    return image


def see(image: np.ndarray) -> np.ndarray:
    return RedLocalizer().see(image, wrap=True)


def test_nothing_new_is_not_looked_at_again():
    localizer = RedLocalizer()
    watcher = Watcher(localizer, is_sparing=True)
    first = watcher.look(frame(0, grey()))
    assert watcher.look(frame(1, grey())) is first
    assert localizer.n_looks == 1


def test_what_changed_is_looked_at_through_a_window():
    localizer = RedLocalizer()
    watcher = Watcher(localizer, is_sparing=True)
    watcher.look(frame(0, with_red(10, 30)))
    look = watcher.look(frame(1, with_red(12, 59)))
    np.testing.assert_allclose(look.visual, see(with_red(12, 59)), atol=1e-6)
    assert localizer.n_looks == 3
    assert max(shape[1] for shape in localizer.shapes[1:]) <= 320


def test_the_look_before_stays_what_it_was():
    watcher = Watcher(RedLocalizer(), is_sparing=True)
    first = watcher.look(frame(0, with_red(10, 30)))
    watcher.look(frame(1, with_red(12, 40)))
    np.testing.assert_array_equal(first.visual, see(with_red(10, 30)))


def test_a_whole_picture_is_looked_at_every_other_time_at_most():
    watcher = Watcher(RedLocalizer(), is_sparing=True)
    rng = np.random.default_rng(0)
    looks = []
    for k in range(5):
        level = int(rng.integers(0, 255)) if k else 0
        image = np.full((480, 960, 3), (level + 100 * k) % 256, np.uint8)
        looks.append(watcher.look(frame(k, image)) is not None)
    assert looks == [True, False, True, False, True]


def test_all_of_each_picture_is_looked_at_on_wish():
    localizer = RedLocalizer()
    watcher = Watcher(localizer, is_sparing=False)
    for k in range(3):
        assert watcher.look(frame(k, grey())).time_s == k / 5
    assert localizer.shapes == [(480, 960)] * 3
