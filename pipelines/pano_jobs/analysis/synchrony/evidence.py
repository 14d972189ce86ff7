"""Synchrony as evidence in the maps of a clip.

Where nothing is in time, correlations are normal about 0; how much less likely one of r
is then than its own, ½·(r/σ)² in nats, is added to the localizer's logits, as far as
its confidence lacks: so does motion (`pano_jobs.analysis.visual_motion`). Strong
synchrony, which a foreign sound hardly ever has, is a witness of its own beside it.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from pano.media import Frame
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import cell_solid_angles_sr
from pano_jobs.analysis.field_evidence import joint_confidence
from pano_jobs.analysis.synchrony.clock import RATE_HZ
from pano_jobs.analysis.synchrony.correlation import LAGS, synchrony
from pano_jobs.analysis.synchrony.motion import MotionCourse
from pano_jobs.analysis.synchrony.strokes import Strokes

_TICKS = 75  # five seconds, some strokes of whatever strikes
_LEAST_TICKS = 30  # fewer are alike by chance
_ASKED_EVERY_TICKS = 3
_DEVIATION = 0.12  # of the synchrony of a cell that moves by itself
# A foreign sound hardly ever reaches the first.
_CERTAIN = (0.55, 0.8)
_MOST_CERTAIN = 0.9

FloatArray = NDArray[np.float64]


class SynchronyWitness:
    """Watches the frames of a clip and weighs its maps by what moves with the sound.

    Parameters
    ----------
    strokes
        Of the clip's sound.
    gain
        Of this evidence; 1 takes it at its word.
    """

    def __init__(self, strokes: Strokes, gain: float) -> None:
        self._strokes, self._gain = strokes, gain
        self._course = MotionCourse()
        self._latest: tuple[int, FloatArray] | None = None

    def passing(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass the frames on that the maps are made of."""
        return self._course.passing(frames)

    def weighing(self, maps: Iterable[SaliencyMap]) -> Iterator[SaliencyMap]:
        """Yield the maps with this evidence, each when its future is known."""
        waiting: deque[SaliencyMap] = deque()
        for found in maps:
            waiting.append(found)
            while waiting and self._course.knows(self._first_tick(waiting[0]) + _TICKS):
                yield self._weighed(waiting.popleft())
        while waiting:
            yield self._weighed(waiting.popleft())

    def _first_tick(self, found: SaliencyMap) -> int:
        """Return where the window about a map begins, if the clip goes on."""
        middle = int((found.time_s - self._course.start_s) * RATE_HZ)
        asked = middle // _ASKED_EVERY_TICKS * _ASKED_EVERY_TICKS
        return max(asked - _TICKS // 2, 0)

    def _weighed(self, found: SaliencyMap) -> SaliencyMap:
        first = self._first_tick(found)
        self._course.forget(first - _TICKS)
        first = max(min(first, self._course.n_ticks - _TICKS), 0)
        if self._latest is None or self._latest[0] != first:
            self._latest = first, self._synchrony(first)
        in_time = self._latest[1]
        if not in_time.any():
            return found
        nats = 0.5 * (np.maximum(in_time, 0.0) / _DEVIATION) ** 2
        nats *= self._gain * (1.0 - found.confidence)
        density = found.density * np.exp(nats - nats.max())
        density /= np.sum(density * cell_solid_angles_sr(*density.shape))
        certainty = np.interp(in_time.max(), _CERTAIN, (0.0, _MOST_CERTAIN))
        return dataclasses.replace(
            found,
            density=density.astype(np.float32),
            confidence=joint_confidence(found.confidence, float(certainty)),
        )

    def _synchrony(self, first: int) -> FloatArray:
        """Measure it in the window that begins with a tick."""
        motion = self._course.between(first, first + _TICKS)
        if len(motion) < _LEAST_TICKS:
            return np.zeros(motion.shape[1:])
        reach = LAGS[-1]
        courses = self._strokes.between(first - reach, first + len(motion) + reach)
        return synchrony(motion, courses)
