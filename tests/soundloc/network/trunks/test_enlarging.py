import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from soundloc.network.trunks.efficientnet import EfficientNetLite0
from soundloc.network.trunks.enlarging import bicubic_phases, enlarge
from tests.soundloc.network.trunks.published_lite0 import see_strided

TIMES = [1, 2, 3]
FLOAT_NOISE = 1e-3  # of 255, through two convolutions in float32


def picture(height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(2, 3, height, width, generator=generator) * 255


@pytest.mark.parametrize("times", TIMES)
def test_it_is_the_bicubic_filter_of_opencv(times):
    pixels = picture(25, 43)
    image = pixels[1].permute(1, 2, 0).numpy()
    size = (43 * times, 25 * times)
    expected = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(
        enlarge(pixels, times, wrap=False)[1].permute(1, 2, 0).numpy(),
        expected.clip(0, 255),
        atol=FLOAT_NOISE,
    )


@pytest.mark.parametrize("width", [1, 41])
def test_a_periodic_picture_has_no_seam(width):
    pixels = picture(16, width)
    rolled = enlarge(pixels.roll(3, -1), 2, wrap=True)
    expected = enlarge(pixels, 2, wrap=True).roll(6, -1)
    torch.testing.assert_close(rolled, expected, atol=FLOAT_NOISE, rtol=0.0)
    if width > 1:
        open_edged = enlarge(pixels, 2, wrap=False)
        assert (open_edged - enlarge(pixels, 2, wrap=True)).abs().max() > 1.0


@pytest.mark.parametrize("times", TIMES)
def test_flat_pictures_stay_flat_and_nothing_leaves_the_range(times):
    torch.testing.assert_close(bicubic_phases(times).sum(1), torch.ones(times))
    stripes = torch.zeros(1, 1, 8, 16)
    stripes[..., ::2] = 255.0
    larger = enlarge(stripes, times, wrap=False)
    assert [larger.min(), larger.max()] == [0.0, 255.0]


def test_a_trunk_that_enlarges_is_the_published_one_on_the_larger_picture(enliven):
    torch.manual_seed(0)
    near = enliven(EfficientNetLite0())
    far = EfficientNetLite0(picture_scale=2)
    far.load_state_dict(near.state_dict())
    pixels = picture(64, 128)[:1]
    with torch.no_grad():
        found = far(pixels, wrap=True)
        larger = enlarge(pixels, 2, wrap=True)
        deep = see_strided(near, larger, wrap=True)
        fine = near(larger, wrap=True)[:, :112]
    assert found.shape == (1, 432, 4, 8)
    assert torch.equal(found[:, 112:], deep)
    middle = fine.unflatten(2, (4, 2)).unflatten(4, (8, 2)).mean((3, 5))
    torch.testing.assert_close(found[:, :112], middle)
