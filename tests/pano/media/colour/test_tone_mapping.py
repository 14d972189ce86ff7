"""The tone map as FFmpeg looks it up in a table, against the formula."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.frame import VideoFrame

from pano.equirect.planes import HLG, PQ, Light
from pano.media.colour.tone_curve import nit_to_pq, to_sdr
from pano.media.colour.tone_mapping import ToneMapper

# Colours as large as this are not smeared by chroma of half the size.
BLOCK_PX = 16
# Levels of 8 bits: rounding twice, and lines between the entries of the table; most
# where colours meet the edge of the gamut.
MEAN_TOLERANCE, GREY_TOLERANCE = 1.0, 2.5


def blocks(codes: np.ndarray) -> VideoFrame:
    """Draw blocks of codes in [0, 1], (h, w, 3), as RGB of 16 bits."""
    large = codes.repeat(BLOCK_PX, axis=0).repeat(BLOCK_PX, axis=1)
    # Where swscale puts white.
    return VideoFrame.from_ndarray(
        np.round(large * 65_280).astype(np.uint16), "rgb48le"
    )


def middles(image: np.ndarray) -> np.ndarray:
    return image[BLOCK_PX // 2 :: BLOCK_PX, BLOCK_PX // 2 :: BLOCK_PX]


@pytest.mark.parametrize("light", [Light(PQ, 9, 1000.0), Light(HLG, 9, 1000.0)])
def test_the_table_says_what_the_formula_says(light):
    codes = np.random.default_rng(2).uniform(size=(8, 8, 3))
    codes[:4] = codes[:4, :, :1]  # greys
    shown = ToneMapper(light).rgb(blocks(codes), 8 * BLOCK_PX, 8 * BLOCK_PX)
    off = np.abs(middles(shown) - 255.0 * to_sdr(codes, light))
    assert off[:4].max() < GREY_TOLERANCE
    assert off.mean() < MEAN_TOLERANCE


def test_red_green_and_blue_keep_their_places():
    bright, dark = (float(nit_to_pq(np.array(nit))) for nit in (150.0, 1.0))
    codes = np.full((1, 3, 3), dark)
    codes[0, [0, 1, 2], [0, 1, 2]] = bright
    shown = ToneMapper(Light(PQ, 1, 1000.0)).rgb(blocks(codes), 48, 16)
    assert middles(shown)[0].argmax(axis=-1).tolist() == [0, 1, 2]


def test_one_mapper_serves_several_sizes_by_turns():
    mapper = ToneMapper(Light(PQ, 9, 1000.0))
    picture = blocks(np.full((2, 4, 3), float(nit_to_pq(np.array(203.0)))))
    large, small, again = (
        mapper.rgb(picture, width, width // 2) for width in (64, 32, 64)
    )
    assert small.shape == (16, 32, 3)
    assert np.ptp(np.array([large.mean(), small.mean(), again.mean()])) < 1.0
