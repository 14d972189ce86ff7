"""The tone map: codes of HDR pictures to those of an ordinary one, as a formula.

PQ and HLG become light (BT.2100), the light is compressed by the curve of BT.2390 to
what SDR can show, and colours outside BT.709 are desaturated until they fit. Diffuse
white, 203 nit, ends just below the white of SDR: BT.2408 puts both at the same place,
and what remains above is for highlights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.equirect.planes import HLG, PQ, WHITE_NIT, Light

Values = NDArray[np.float64]

# BT.2100, table 4.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_PQ_PEAK_NIT = 10_000.0
# BT.2100, table 5: of a display of 1000 nit.
_HLG_A = 0.17883277
_HLG_B = 1.0 - 4.0 * _HLG_A
_HLG_C = 0.5 - _HLG_A * np.log(4.0 * _HLG_A)
_HLG_GAMMA, _HLG_PEAK_NIT = 1.2, 1000.0
# BT.1886: what displays make of the codes of BT.709.
_SDR_GAMMA = 2.4
# The weights of red, green and blue in luminance.
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
_LUMA_709 = np.array([0.2126, 0.7152, 0.0722])
# Linear light in other primaries to BT.709: ITU-R BT.2087; P3 by its chromaticities.
_TO_BT709 = {
    9: np.array(
        [
            [1.6605, -0.5876, -0.0728],
            [-0.1246, 1.1329, -0.0083],
            [-0.0182, -0.1006, 1.1187],
        ]
    ),
    12: np.array(
        [
            [1.2249, -0.2247, 0.0],
            [-0.0420, 1.0419, 0.0],
            [-0.0197, -0.0786, 1.0979],
        ]
    ),
}


def to_sdr(codes: Values, light: Light) -> Values:
    """Return what an ordinary picture shows instead, BT.709 codes in [0, 1].

    Parameters
    ----------
    codes
        R'G'B' of PQ or HLG, in [0, 1], shape (..., 3).
    """
    nit = light_of(codes, light)
    brightest = nit.max(axis=-1, keepdims=True)
    # The largest part decides, not the luminance: saturated lights keep their colour.
    shown = compressed(brightest, light.peak_nit) / np.maximum(brightest, 1e-6)
    linear = nit * shown / WHITE_NIT
    matrix = _TO_BT709.get(light.primaries)
    if matrix is not None:
        linear = _into_gamut(linear @ matrix.T)
    codes = np.clip(linear, 0.0, 1.0) ** (1.0 / _SDR_GAMMA)
    return np.asarray(codes, np.float64)


def light_of(codes: Values, light: Light) -> Values:
    """Return the light of a display in nit, of each primary."""
    if light.transfer == PQ:
        return pq_to_nit(codes)
    if light.transfer != HLG:
        raise ValueError(f"neither PQ nor HLG, got transfer {light.transfer}")
    scene = np.where(
        codes <= 0.5, codes**2 / 3.0, (np.exp((codes - _HLG_C) / _HLG_A) + _HLG_B) / 12
    )
    luminance = scene @ _LUMA_2020
    gain = np.maximum(luminance, 1e-9) ** (_HLG_GAMMA - 1.0)
    return np.asarray(_HLG_PEAK_NIT * gain[..., None] * scene, np.float64)


def pq_to_nit(codes: Values) -> Values:
    """Return the light of PQ codes in [0, 1]."""
    root = np.asarray(codes, np.float64) ** (1.0 / _M2)
    share = np.maximum(root - _C1, 0.0) / (_C2 - _C3 * root)
    return np.asarray(_PQ_PEAK_NIT * share ** (1.0 / _M1), np.float64)


def nit_to_pq(nit: Values) -> Values:
    """Return the PQ codes of light, in [0, 1]."""
    share = (np.asarray(nit, np.float64) / _PQ_PEAK_NIT) ** _M1
    return np.asarray(((_C1 + _C2 * share) / (1.0 + _C3 * share)) ** _M2, np.float64)


def compressed(nit: Values, peak_nit: float) -> Values:
    """Compress light up to a peak to SDR's white: ITU-R BT.2390-11, section 5.4.1."""
    peak = nit_to_pq(np.array(peak_nit))
    white = float(nit_to_pq(np.array(WHITE_NIT)) / peak)
    knee = 1.5 * white - 0.5
    place = np.minimum(nit_to_pq(nit) / peak, 1.0)
    if knee >= 1.0:
        return np.minimum(nit, WHITE_NIT)
    t = np.maximum(place - knee, 0.0) / (1.0 - knee)
    spline = (
        (2.0 * t**3 - 3.0 * t**2 + 1.0) * knee
        + (t**3 - 2.0 * t**2 + t) * (1.0 - knee)
        + (3.0 * t**2 - 2.0 * t**3) * white
    )
    return np.where(place < knee, nit, pq_to_nit(spline * peak))


def _into_gamut(linear: Values) -> Values:
    """Desaturate to the grey of the same luminance, as far as a colour needs it."""
    grey = np.clip(linear @ _LUMA_709, 0.0, 1.0)[..., None]
    away = linear - grey
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(away > 0.0, (1.0 - grey) / away, -grey / away)
    room = np.where(np.abs(away) < 1e-9, 1.0, room)
    kept = np.clip(room.min(axis=-1, keepdims=True), 0.0, 1.0)
    return np.asarray(grey + kept * away, np.float64)
