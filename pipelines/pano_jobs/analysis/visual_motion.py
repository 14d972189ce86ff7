"""Motion from visual features: evidence where the sound alone does not decide.

The localizer looks at single frames (Senocak et al., §6). Where it is sure, that is
enough; where it does not know the sound, its map spreads over all that looks like a
source, and of those the one that moves is the likelier. So motion counts the more,
the less confident the localizer is, and with full confidence not at all.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from pano_jobs.analysis.localizer import FloatArray
from pano_jobs.analysis.looks import Seen

# Long enough for a walker to change the cells he is in.
_LAG_S = 0.5
# A cell counts as moving from this change of its unit vector on; below is the noise
# of compression.
_MIN_CHANGE = 0.04
# Change that all the picture shares is the camera's own.
_SHARED_CHANGES = 2.0


class MotionMeter:
    """Measures motion: compares features with those of half a second ago."""

    def __init__(self) -> None:
        self._past: deque[Seen] = deque()

    def measure(self, seen: Seen) -> FloatArray:
        """Return how much each cell moves, (h, w) in [0, 1].

        Parameters
        ----------
        seen
            Its time must not decrease.
        """
        while len(self._past) > 1 and self._past[1].time_s <= seen.time_s - _LAG_S:
            self._past.popleft()
        self._past.append(seen)
        change = 1.0 - seen.likeness(self._past[0])
        own = np.maximum(change - _SHARED_CHANGES * np.median(change), 0.0)
        largest = max(float(np.quantile(own, 0.98)), _MIN_CHANGE)
        return np.asarray(np.minimum(own / largest, 1.0), dtype=np.float32)


def weigh_by_motion(
    attention: FloatArray, motion: FloatArray, *, confidence: float, gain: float
) -> FloatArray:
    """Shift attention (h, w) to what moves, as far as confidence lacks.

    α' ∝ α·(1 + gain·motion)^(1 - confidence); it sums to 1 again.
    """
    weighed = attention * (1.0 + gain * motion) ** (1.0 - confidence)
    return np.asarray(weighed / weighed.sum(), dtype=np.float32)
