"""Correlate the motion of places with the strokes of a sound.

Hershey and Movellan (1999) measured how far a pixel's course and the sound's depend on
each other; a correlation is that for normal variables. Here both are what is left of
them without their trend, the sound is taken at several lags, because a hand moves
before the stick hits and sound comes late, and the places that hardly move count less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano_jobs.analysis.synchrony.clock import without_trend

LAGS = range(-2, 3)
# Deviation of motion, as `MotionCourse` measures it, that noise has as well.
_NOISE = 0.1
# The same of the courses of a steady noise: level and onsets in dB.
_STEADY_DB = np.array([2.0, 0.5])

FloatArray = NDArray[np.float64]


def synchrony(motion: NDArray[np.floating], courses: FloatArray) -> FloatArray:
    """Return how far cells move in time with a sound, shape (h, w), at most 1.

    Parameters
    ----------
    motion
        Of the cells, shape (t, h, w).
    courses
        Of the sound as `Strokes` has them, shape (2, t + 4): from two ticks before the
        motion to two after.
    """
    n_ticks = len(motion)
    # What sounds in the middle counts most: there may be another sound at the ends.
    weights = np.hanning(n_ticks + 2)[1:-1]
    weights /= weights.sum()
    moving = without_trend(motion).reshape(n_ticks, -1)
    moving -= weights @ moving
    deviation = np.sqrt(weights @ moving**2 + _NOISE**2)
    sounding = without_trend(courses.T).T
    reach = LAGS[-1]
    lagged = np.stack(
        [sounding[:, reach + lag : reach + lag + n_ticks] for lag in LAGS]
    )
    lagged -= (lagged @ weights)[..., None]
    spread = np.sqrt(lagged**2 @ weights + _STEADY_DB**2)
    lagged /= spread[..., None]
    # Both courses at one lag; of the lags the best.
    found = (lagged.mean(axis=1) * weights @ moving).max(axis=0) / deviation
    return np.asarray(found.reshape(motion.shape[1:]))
