"""The strokes of a sound: its level and its onsets, tick by tick.

Onsets are the rise of the level from one tick to the next, averaged over bands that are
evenly spaced in pitch (spectral flux; Bello et al. 2005): a word or a note begins
in some bands only, while others still sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano_jobs.analysis.synchrony.clock import RATE_HZ

_WINDOW = 2048
_N_BANDS = 24
_LOWEST_LINE = 3
# What lies so far below the loudest tick of the clip is silence.
_DEPTH = 1e-6
_CHUNK = 512  # ticks worked on at once, to bound memory

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Two courses of a sound, one value per tick since the first picture.

    Parameters
    ----------
    courses
        Its level in dB and the mean rise of its bands in dB, shape (2, n).
    """

    courses: FloatArray

    @classmethod
    def of(cls, samples: NDArray[np.float32], sample_rate_hz: int) -> Strokes:
        """Measure a mono track (n,) once."""
        n_ticks = int(len(samples) / sample_rate_hz * RATE_HZ)
        edges = np.geomspace(_LOWEST_LINE, _WINDOW // 2, _N_BANDS + 1).astype(np.int64)
        powers = np.empty((n_ticks, _N_BANDS))
        padded = np.pad(samples, _WINDOW // 2)
        taper = np.hanning(_WINDOW).astype(np.float32)
        middles = ((np.arange(n_ticks) + 0.5) * sample_rate_hz / RATE_HZ).astype(int)
        for first in range(0, n_ticks, _CHUNK):
            begins = middles[first : first + _CHUNK]
            frames = padded[begins[:, None] + np.arange(_WINDOW)] * taper
            spectra = np.abs(np.fft.rfft(frames, axis=1)) ** 2
            powers[first : first + _CHUNK] = np.add.reduceat(
                spectra[:, : edges[-1]], edges[:-1], axis=1
            )
        levels = _decibels(powers)
        rises = np.maximum(np.diff(levels, axis=0, prepend=levels[:1]), 0.0)
        return cls(np.stack([_decibels(powers.sum(axis=1)), rises.mean(axis=1)]))

    def between(self, first: int, last: int) -> FloatArray:
        """Return the courses of the ticks from one to before another, (2, last-first).

        Before its beginning and after its end a sound is as it was there.
        """
        n_ticks = self.courses.shape[1]
        if n_ticks == 0:
            return np.zeros((2, last - first))
        return self.courses[:, np.clip(np.arange(first, last), 0, n_ticks - 1)]


def _decibels(powers: FloatArray) -> FloatArray:
    floor = _DEPTH * powers.max(initial=0.0) + 1e-9
    return np.asarray(10.0 * np.log10(powers + floor))
