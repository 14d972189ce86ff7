"""The tone map as a formula: white, black, order and gamut."""

from __future__ import annotations

import numpy as np
import pytest

from pano.equirect.planes import HLG, PQ, WHITE_NIT, Light
from pano.media.colour.tone_curve import nit_to_pq, pq_to_nit, to_sdr

PEAKS_NIT = (203.0, 400.0, 1000.0, 4000.0)
# Luma of 8 bits, limited range; SDR white is 235.
LEAST_WHITE = 190


def luma(greys: np.ndarray, light: Light) -> np.ndarray:
    shown = to_sdr(np.repeat(greys[:, None], 3, axis=1), light)
    assert np.ptp(shown, axis=1) == pytest.approx(0.0, abs=1e-3)  # still grey
    return 16.0 + 219.0 * shown[:, 1]


@pytest.mark.parametrize("peak_nit", PEAKS_NIT)
def test_diffuse_white_lands_near_the_white_of_sdr(peak_nit):
    white = nit_to_pq(np.array([WHITE_NIT]))
    assert LEAST_WHITE <= luma(white, Light(PQ, 9, peak_nit))[0] <= 235.0


def test_hlg_at_three_quarters_is_the_same_white():
    hlg = luma(np.array([0.75]), Light(HLG, 9, 1000.0))
    pq = luma(nit_to_pq(np.array([WHITE_NIT])), Light(PQ, 9, 1000.0))
    assert hlg == pytest.approx(pq, abs=0.5)


@pytest.mark.parametrize(
    "light",
    [*(Light(PQ, 9, peak_nit) for peak_nit in PEAKS_NIT), Light(HLG, 9, 1000.0)],
)
def test_greys_keep_their_order_from_black_to_the_peak(light):
    shown = luma(np.linspace(0.0, 1.0, 256), light)
    assert shown[0] == 16.0
    assert np.all(np.diff(shown) >= -1e-3)
    assert shown[-1] == pytest.approx(235.0, abs=0.1)


def test_what_sdr_can_show_is_not_compressed():
    nit = np.array([1.0, 10.0, 50.0])
    shown = luma(nit_to_pq(nit), Light(PQ, 9, 1000.0))
    assert shown == pytest.approx(16 + 219 * (nit / WHITE_NIT) ** (1 / 2.4), abs=0.1)


@pytest.mark.parametrize("primaries", [1, 9, 12])
def test_every_colour_has_a_place_in_sdr(primaries):
    codes = np.random.default_rng(5).uniform(size=(2000, 3))
    shown = to_sdr(codes, Light(PQ, primaries, 1000.0))
    assert np.isfinite(shown).all()
    assert shown.min() >= 0.0
    assert shown.max() <= 1.0


def test_a_red_light_stays_red_however_bright():
    codes = nit_to_pq(np.array([[1000.0, 20.0, 20.0]]))
    red, green, blue = to_sdr(codes, Light(PQ, 9, 1000.0))[0]
    assert red > 0.95
    assert max(green, blue) < 0.6


def test_pq_codes_and_light_are_inverse():
    nit = np.array([0.0, 0.01, 1.0, 203.0, 10_000.0])
    assert pq_to_nit(nit_to_pq(nit)) == pytest.approx(nit, rel=1e-6, abs=1e-4)


def test_an_ordinary_picture_is_no_case_for_it():
    with pytest.raises(ValueError, match="neither PQ nor HLG"):
        to_sdr(np.zeros((1, 3)), Light())
