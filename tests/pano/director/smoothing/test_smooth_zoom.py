import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.director.smoothing.smooth_zoom import smooth_zoom

STEP_S = 0.2
READ_S = np.arange(300) / 30.0
MAX_NEPERS_PER_S = np.pi / 9.0


def zoomed(wanted_deg, lens=Lens.RECTILINEAR) -> np.ndarray:
    return smooth_zoom(np.asarray(wanted_deg), READ_S, step_s=STEP_S, lens=lens)


def nepers(hfov_deg, lens) -> np.ndarray:
    return np.log([lens.half_width(float(one_deg)) for one_deg in hfov_deg])


def test_a_lens_that_stays_stays_to_the_bit() -> None:
    np.testing.assert_array_equal(zoomed(np.full(51, 65.5)), 65.5)


@pytest.mark.parametrize(
    ("lens", "wide_deg", "narrow_deg"),
    [(Lens.RECTILINEAR, 90.0, 40.0), (Lens.STEREOGRAPHIC, 200.0, 100.0)],
)
def test_a_zoom_keeps_its_rate_as_it_is_seen_through_any_lens(
    lens, wide_deg, narrow_deg
) -> None:
    found = nepers(zoomed(np.repeat([wide_deg, narrow_deg], [20, 31]), lens), lens)
    rates = np.abs(np.diff(found)) * 30.0
    assert rates.max() <= MAX_NEPERS_PER_S * (1.0 + 1e-6)
    assert rates.max() > 0.9 * MAX_NEPERS_PER_S  # no slower than it may be
    # It comes to rest within the dead zone of a degree, a 57th of a neper.
    wanted = nepers([wide_deg, narrow_deg], lens)
    np.testing.assert_allclose(
        found[[0, -1]], wanted, rtol=0.0, atol=1.01 * np.pi / 180.0
    )


def test_zooming_in_is_zooming_out_backwards() -> None:
    wanted_deg = np.repeat([80.0, 50.0], [25, 26])
    ahead = zoomed(wanted_deg)
    back = smooth_zoom(
        wanted_deg[::-1], 10.0 - READ_S, step_s=STEP_S, lens=Lens.RECTILINEAR
    )
    np.testing.assert_allclose(ahead, back, atol=0.5)
