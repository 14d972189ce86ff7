from fractions import Fraction

import numpy as np

from pano.media.frames import Frame
from pano.media.shot_boundaries import BoundaryWatcher

RATE_HZ = 30


def picture(seed, *, roll_px=0, brighter=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (8, 16, 3)).repeat(8, axis=0).repeat(8, axis=1)
    noise = np.random.default_rng().integers(-3, 4, coarse.shape)
    image = np.roll(coarse, roll_px, axis=1) + noise + brighter
    return np.clip(image, 0, 255).astype(np.uint8)


def cuts_of(pictures) -> list[float]:
    watcher = BoundaryWatcher()
    frames = [Frame(one, k, Fraction(1, RATE_HZ)) for k, one in enumerate(pictures)]
    assert list(watcher.passing(frames)) == frames
    return watcher.cuts_s


def test_a_cut_is_found_at_its_very_picture() -> None:
    found = cuts_of([picture(seed) for seed in [0] * 20 + [1] * 20 + [2] * 3])
    np.testing.assert_allclose(found, [20 / RATE_HZ, 40 / RATE_HZ])


def test_a_still_clip_has_no_cut() -> None:
    assert cuts_of([picture(0) for _ in range(40)]) == []


def test_a_camera_that_whirls_does_not_cut() -> None:
    assert cuts_of([picture(0, roll_px=5 * k) for k in range(60)]) == []


def test_a_flash_is_no_cut() -> None:
    flash = [picture(0, brighter=50 * (k in (20, 21))) for k in range(40)]
    assert cuts_of(flash) == []


def test_a_slow_fade_is_no_cut() -> None:
    one, other = picture(0).astype(float), picture(1).astype(float)
    shares = np.clip((np.arange(60) - 15) / 30.0, 0.0, 1.0)
    assert cuts_of([((1 - s) * one + s * other).astype(np.uint8) for s in shares]) == []


def test_a_picture_shown_again_is_looked_at_once() -> None:
    one, other = picture(0), picture(1)
    frames = [Frame(one, k, Fraction(1, 30)) for k in range(9)]
    frames += [
        Frame(other, k, Fraction(1, 30), shown_from=Fraction(7, 25))
        for k in range(9, 12)
    ]
    watcher = BoundaryWatcher()
    list(watcher.passing(frames))
    assert watcher.cuts_s == [7 / 25]


def test_clips_of_no_picture_and_of_one_have_no_cut() -> None:
    assert cuts_of([]) == []
    assert cuts_of([picture(0)]) == []
