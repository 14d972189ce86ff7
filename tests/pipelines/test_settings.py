from __future__ import annotations

import pytest

from pano.errors import SettingsError
from pano_jobs.settings import EncoderSettings, LensSettings, LocalizeSettings


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LocalizeSettings(window_s=0.0), "window .* got 0.0"),
        (lambda: LocalizeSettings(visual_rate_hz=31.0), "visual-rate .* got 31.0"),
        (lambda: LensSettings(width_px=1281), "even .* got 1281x720"),
        (lambda: LensSettings(hfov_deg=180.0), "hfov .* got 180.0"),
        (lambda: EncoderSettings("libx265", "p7"), "libx265 has no preset 'p7'"),
    ],
)
def test_nonsense_is_refused_with_the_offending_value(make, words):
    with pytest.raises(SettingsError, match=words):
        make()


def test_the_default_lens_is_autocams_at_sixteen_to_nine():
    lens = LensSettings()
    assert lens.hfov_deg == 65.5
    assert lens.aspect == pytest.approx(16 / 9)
