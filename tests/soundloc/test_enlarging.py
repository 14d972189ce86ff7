from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from soundloc.trunks.efficientnet import EfficientNetLite0
from soundloc.trunks.enlarging import bicubic_phases, enlarge

SCALES = [Fraction(3, 2), Fraction(2), Fraction(5, 4)]
FLOAT_NOISE = 1e-3  # of 255, through two convolutions in float32


def picture(height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(2, 3, height, width, generator=generator) * 255


@pytest.mark.parametrize("scale", SCALES)
def test_it_is_the_bicubic_filter_of_opencv(scale):
    pixels = picture(24, 40)
    height, width = int(24 * scale), int(40 * scale)
    image = pixels[1].permute(1, 2, 0).numpy()
    expected = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(
        enlarge(pixels, scale, wrap=False)[1].permute(1, 2, 0).numpy(),
        expected.clip(0, 255),
        atol=FLOAT_NOISE,
    )


def test_pictures_of_any_size_are_enlarged_to_whole_pixels():
    odd, even = picture(25, 43), picture(26, 44)
    even[..., :25, :43] = odd
    found = enlarge(odd, Fraction(3, 2), wrap=False)
    assert found.shape[-2:] == (38, 65)
    # Away from the edge one pixel more makes no difference.
    expected = enlarge(even, Fraction(3, 2), wrap=False)
    torch.testing.assert_close(
        found[..., :33, :60], expected[..., :33, :60], atol=FLOAT_NOISE, rtol=0.0
    )


@pytest.mark.parametrize("scale", SCALES)
def test_a_periodic_picture_has_no_seam(scale):
    pixels = picture(16, 40)
    columns = 2 * scale.denominator
    rolled = enlarge(pixels.roll(columns, -1), scale, wrap=True)
    expected = enlarge(pixels, scale, wrap=True).roll(int(columns * scale), -1)
    torch.testing.assert_close(rolled, expected, atol=FLOAT_NOISE, rtol=0.0)
    open_edged = enlarge(pixels, scale, wrap=False)
    assert (open_edged - enlarge(pixels, scale, wrap=True)).abs().max() > 1.0


def test_half_a_pixel_in_the_seam_is_refused():
    with pytest.raises(ValueError, match="multiple of 2 px wide, got 41"):
        enlarge(picture(16, 41), Fraction(3, 2), wrap=True)


@pytest.mark.parametrize("scale", SCALES)
def test_flat_pictures_stay_flat_and_nothing_leaves_the_range(scale):
    weights = bicubic_phases(scale)
    torch.testing.assert_close(weights.sum(1), torch.ones(scale.numerator))
    stripes = torch.zeros(1, 1, 8, 16)
    stripes[..., ::2] = 255.0
    larger = enlarge(stripes, scale, wrap=False)
    assert (larger.min(), larger.max()) == (0.0, 255.0)


def test_a_trunk_that_enlarges_sees_what_it_would_see_of_the_larger_picture(enliven):
    torch.manual_seed(0)
    near = enliven(EfficientNetLite0())
    far = EfficientNetLite0(picture_scale=1.5)
    far.load_state_dict(near.state_dict())
    pixels = picture(64, 128)[:1]
    with torch.no_grad():
        found = far(pixels, wrap=True)
        expected = near(enlarge(pixels, Fraction(3, 2), wrap=True), wrap=True)
    assert found.shape[-2:] == (6, 12)
    assert torch.equal(found, expected)
