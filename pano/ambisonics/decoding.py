"""Decode a field for two ears: virtual cardioids for loudspeakers, filters for phones.

Both are scaled so that what sounds straight ahead is as loud as in the field's omni
channel (the sum of both channels' powers, ITU-R BS.1770): the camera turns to what
it shows, and its level stays.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

CARDIOID_ANGLE_DEG = 45.0
FILTER_RATE_HZ = 48_000
_FILTERS = "sadie_first_order.npy"


def cardioid_pair(angle_deg: float = CARDIOID_ANGLE_DEG) -> NDArray[np.float64]:
    """Return what makes left and right of a first-order ambiX field, shape (2, 4).

    Two cardioid microphones, `angle_deg` to the left and right of ahead:
    ½ (W + X cos α ± Y sin α).
    """
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    pair = 0.5 * np.array([[1.0, sin, 0.0, cos], [1.0, -sin, 0.0, cos]])
    ahead = pair @ np.array([1.0, 0.0, 0.0, 1.0])
    return np.asarray(pair / np.linalg.norm(ahead))


@functools.lru_cache(maxsize=4)
def binaural_filters(sample_rate_hz: int) -> NDArray[np.float64]:
    """Return filters from a first-order ambiX field to the ears, shape (2, 4, taps).

    Head-related responses of SADIE (University of York) as decoded to harmonics by
    Omnitone. Of a symmetric head the right ear hears Y with the other sign.
    """
    import scipy.signal  # slow to load

    table = resources.files("pano.ambisonics") / _FILTERS
    with table.open("rb") as file:
        left = np.load(file, allow_pickle=False).astype(np.float64)
    if sample_rate_hz != FILTER_RATE_HZ:
        common = math.gcd(sample_rate_hz, FILTER_RATE_HZ)
        left = scipy.signal.resample_poly(
            left, sample_rate_hz // common, FILTER_RATE_HZ // common, axis=-1
        )
    ears = np.stack([left, left * np.array([1.0, -1.0, 1.0, 1.0])[:, None]])
    filters: NDArray[np.float64] = ears / _loudness_ahead(ears, sample_rate_hz)
    filters.setflags(write=False)
    return filters


def _loudness_ahead(ears: NDArray[np.float64], sample_rate_hz: int) -> float:
    """Return how much louder pink noise from ahead becomes, both ears together."""
    import scipy.fft  # slow to load

    n_fft = 4096
    response = scipy.fft.rfft(ears[:, 0] + ears[:, 3], n_fft, axis=-1)
    hz = scipy.fft.rfftfreq(n_fft, 1.0 / sample_rate_hz)
    audible = (hz >= 100.0) & (hz <= 10_000.0)
    power = np.square(np.abs(response[:, audible])).sum(axis=0)
    return float(np.sqrt(np.average(power, weights=1.0 / hz[audible])))


@dataclass(slots=True, eq=False)
class BinauralDecoder:
    """Filters a first-order field that arrives in pieces; later by no sample.

    Parameters
    ----------
    sample_rate_hz
        Of the field.
    """

    sample_rate_hz: int
    _tail: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        n_taps = binaural_filters(self.sample_rate_hz).shape[-1]
        self._tail = np.zeros((2, n_taps - 1))

    def decode(self, block: FloatArray) -> FloatArray:
        """Turn the next samples (≥ 4, n) into left and right, shape (2, n)."""
        import scipy.signal  # slow to load

        n = block.shape[1]
        if n == 0:
            return np.zeros((2, 0), np.float32)
        filters = binaural_filters(self.sample_rate_hz)
        ears = scipy.signal.oaconvolve(block[None, :4], filters, axes=-1).sum(axis=1)
        ears[:, : self._tail.shape[1]] += self._tail
        self._tail = ears[:, n:]
        return np.asarray(ears[:, :n], dtype=np.float32)
