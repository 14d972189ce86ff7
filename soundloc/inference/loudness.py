"""How loud a track is, and bringing it to the loudness the network was trained at.

SoundNet is not indifferent to level, and recordings differ by 40 dB. A whole track
gets one gain, so that what is soft in it stays soft; the gain is bounded, so that
silence does not become noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REFERENCE_DBFS = -22.0
MAX_GAIN_DB = 40.0
_BLOCK = 2_205  # a tenth of a second
# Blocks this far under the loudest are pauses and do not count.
_PAUSE_DB = 30.0


def active_level_dbfs(track: NDArray[np.float32]) -> float:
    """Measure the RMS of a mono track (n,) without its pauses; -inf for silence."""
    starts = np.arange(0, len(track), _BLOCK)
    lengths = np.minimum(len(track) - starts, _BLOCK)
    power = np.add.reduceat(np.square(track, dtype=np.float64), starts) / lengths
    loudest = float(power.max())
    if loudest == 0.0:
        return float("-inf")
    active = power[power >= loudest * 10.0 ** (-_PAUSE_DB / 10.0)]
    return float(10.0 * np.log10(active.mean()))


def at_reference_level(track: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a mono track (n,) one gain that brings it to the reference level.

    The result may reach beyond full scale: clipping would add sounds of its own.
    """
    level_dbfs = active_level_dbfs(track)
    if not np.isfinite(level_dbfs):
        return track
    gain_db = min(REFERENCE_DBFS - level_dbfs, MAX_GAIN_DB)
    return np.asarray(track * 10.0 ** (gain_db / 20.0), dtype=np.float32)
