from __future__ import annotations

import numpy as np
import pytest

from pano.rendering.patch import cut_patch


@pytest.fixture
def numbered():
    return np.arange(8 * 16, dtype=np.uint8).reshape(8, 16)


def at(patch, x, y):
    """Read the patch at a source pixel counted from the camera's column."""
    column, row = (np.array([x, y])[:, None, None] * patch.scale + patch.offset).ravel()
    assert column == round(column)
    assert row == round(row)
    return int(patch.pixels[round(row), round(column)])


def test_a_patch_goes_on_across_the_seam(numbered):
    patch = cut_patch(numbered, (-3.0, 2.0, 3.0, 5.0), 15, smooth_poles=False)
    assert at(patch, 0, 2) == numbered[2, 15]
    assert at(patch, 1, 2) == numbered[2, 0]
    assert at(patch, -3, 5) == numbered[5, 12]


def test_beyond_a_pole_the_opposite_meridian_comes_back(numbered):
    patch = cut_patch(numbered, (0.0, -4.0, 2.0, 11.0), 3, smooth_poles=False)
    assert at(patch, 0, -1) == numbered[0, 11]
    assert at(patch, 0, -3) == numbered[2, 11]
    assert at(patch, 1, 8) == numbered[7, 12]
    # Twice beyond: all the way round, the same meridian again.
    assert at(patch, 0, -9) == numbered[7, 3]


def test_a_halved_patch_averages_the_pixels_it_stands_for(numbered):
    wide = numbered.repeat(4, axis=0).repeat(4, axis=1)
    patch = cut_patch(wide, (0.0, 8.0, 20.0, 20.0), 8, level=2, smooth_poles=False)
    # The middle of source pixels 8 to 11, 12 to 15 is one pixel of the patch.
    assert at(patch, 1.5, 13.5) == numbered[3, 2]


def test_what_crowds_at_a_pole_is_averaged():
    noise = np.random.default_rng(0).integers(0, 256, (90, 180), np.uint8)
    box = (0.0, 0.0, 60.0, 60.0)
    smooth, wild = (
        cut_patch(noise, box, 0, smooth_poles=flag) for flag in (True, False)
    )
    rows = slice(5, 10)  # the uppermost of the source
    assert smooth.pixels[rows].std() < 0.4 * wild.pixels[rows].std()
    np.testing.assert_array_equal(smooth.pixels[45:60], wild.pixels[45:60])


def test_a_patch_at_full_resolution_is_not_copied(numbered):
    large = np.zeros((400, 800), np.uint8)
    patch = cut_patch(large, (0.0, 180.0, 50.0, 220.0), 300)
    assert np.shares_memory(patch.pixels, large)
