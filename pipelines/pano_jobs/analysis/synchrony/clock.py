"""The clock of synchrony: ticks of a fifteenth of a second, on sound and picture.

A hammer, a beak or a mouth makes a few strokes a second; a fifteenth tells them apart,
and half of the pictures are enough to see them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

RATE_HZ = 15.0
_TREND_TICKS = 15


def without_trend(series: NDArray[np.floating]) -> NDArray[np.float64]:
    """Take the mean of the second around away from series, shape (t, ...).

    What swells and fades slowly is alike by chance; strokes are not.
    """
    trend = uniform_filter1d(
        series, min(_TREND_TICKS, len(series)), axis=0, mode="nearest"
    )
    return np.asarray(series - trend, np.float64)
