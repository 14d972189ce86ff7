"""Levels of sound tracks in dBFS, and the gain to the level of the training sounds.

Three levels are three quantities: the active level leaves out a track's pauses, the
window level (`SoundTrack.level_dbfs`) is that of as much of the track as a window
holds, and the momentary level hears silence beyond the track's ends. How loud trunk
frames are (`window_pooling.frame_rms`) is a weight inside the network, not a level.

SoundNet is not indifferent to level, and recordings differ by 40 dB. A whole track
gets one gain, so that what is soft in it stays soft; the gain is bounded, so that
silence does not become noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REFERENCE_DBFS = -22.0
MAX_GAIN_DB = 40.0
FLOOR_DBFS = -120.0
_BLOCK = 2_205  # a tenth of a second
# Blocks this far under the loudest are pauses and do not count.
_PAUSE_DB = 30.0
# Momentary loudness is judged over about a second, as a listener does; the localizer's
# own window is far too long to tell when a sound stops.
MOMENT_S = 1.0
_MOMENT_BLOCK_S = 0.01


def block_powers(track: NDArray[np.float32], n_block: int) -> NDArray[np.float64]:
    """Average the power of blocks of n samples; the last over as many as it has."""
    starts = np.arange(0, len(track), n_block)
    lengths = np.minimum(len(track) - starts, n_block)
    powers: NDArray[np.float64] = (
        np.add.reduceat(np.square(track, dtype=np.float64), starts) / lengths
    )
    return powers


def active_level_dbfs(track: NDArray[np.float32]) -> float:
    """Measure the RMS of a mono track (n,) without its pauses; -inf for silence."""
    power = block_powers(track, _BLOCK)
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


@dataclass(frozen=True, slots=True, eq=False)
class MomentaryLevel:
    """The level of the second around any moment of a track.

    Parameters
    ----------
    energy_before
        (n + 1,), sums of the mean squares of blocks.
    block_s
        How long a block is: a whole number of samples, about 10 ms.
    """

    energy_before: NDArray[np.float64]
    block_s: float

    @classmethod
    def of(cls, track: NDArray[np.float32], sample_rate_hz: int) -> MomentaryLevel:
        """Measure a mono track (n,) once."""
        n_block = max(round(_MOMENT_BLOCK_S * sample_rate_hz), 1)
        n_blocks = -(-len(track) // n_block)
        # Not `block_powers`: silence follows the last block, so it counts as full.
        mean_square = np.zeros(n_blocks + 1)
        for k in range(n_blocks):
            block = track[k * n_block : (k + 1) * n_block]
            mean_square[k + 1] = np.dot(block, block) / n_block
        return cls(np.cumsum(mean_square), n_block / sample_rate_hz)

    def level_dbfs(self, center_s: float) -> float:
        """Return the RMS level of a second around a moment, -120 at least."""
        last = len(self.energy_before) - 1
        first = round((center_s - MOMENT_S / 2.0) / self.block_s)
        n_blocks = round(MOMENT_S / self.block_s)
        start, end = np.clip([first, first + n_blocks], 0, last)
        energy = self.energy_before[end] - self.energy_before[start]
        mean_square = float(energy) / n_blocks
        return max(10.0 * math.log10(max(mean_square, 1e-12)), FLOOR_DBFS)
