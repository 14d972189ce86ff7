"""Two eyes side by side are told from the two halves of a sphere."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pano.media.inspection.two_eyes import looks_like_two_eyes
from pano_jobs.synthetic.world import default_world

Image = NDArray[np.uint8]

SIDE = 240


def scene(seed: int, width: int = SIDE) -> Image:
    """A sky, a ground, and things of random shape."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(20.0, 220.0, (10, width // 24)).astype(np.float32)
    things = cv2.resize(coarse, (width, SIDE), interpolation=cv2.INTER_CUBIC)
    sky = np.linspace(200.0, 40.0, SIDE)[:, None]
    return (0.5 * things + 0.5 * sky).clip(0, 255).astype(np.uint8)


def eyes(seed: int, *, shift_px: int = 0, noise: float = 0.0) -> Image:
    wide = scene(seed, SIDE + 48)
    left, right = wide[:, 24:-24], wide[:, 24 + shift_px : SIDE + 24 + shift_px]
    both = np.concatenate([left, right], axis=1).astype(np.float32)
    both += np.random.default_rng(1).normal(0.0, noise, both.shape)
    return both.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift_px", [-8, 0, 8])
@pytest.mark.parametrize("noise", [0.0, 10.0])
def test_two_eyes_are_found(shift_px: int, noise: float) -> None:
    pictures = [eyes(k, shift_px=shift_px, noise=noise) for k in range(3)]
    assert looks_like_two_eyes(pictures)
    assert looks_like_two_eyes([np.repeat(pictures[0][..., None], 3, axis=2)])


@pytest.mark.parametrize("seed", range(5))
def test_a_sphere_is_none(seed: int) -> None:
    assert not looks_like_two_eyes([scene(seed, 2 * SIDE)])


def test_the_demos_world_is_none() -> None:
    picture = default_world(1).frame(1.0, width_px=2 * SIDE)
    assert not looks_like_two_eyes([picture])


def test_a_picture_of_nothing_decides_nothing() -> None:
    black = np.zeros((SIDE, 2 * SIDE), np.uint8)
    assert not looks_like_two_eyes([black, black])
    assert looks_like_two_eyes([black, eyes(0)])


def test_nothing_is_taken_behind_a_picture_that_decides() -> None:
    def pictures() -> Iterator[Image]:
        yield scene(0, 2 * SIDE)
        raise AssertionError("one was enough")

    assert not looks_like_two_eyes(pictures())
