"""How much each cell of a clip moves, tick by tick."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from pano.media import Frame
from pano.media.frames import ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX
from pano_jobs.analysis.localizer import STRIDE_PX
from pano_jobs.analysis.synchrony.clock import RATE_HZ

_SAMPLES = 4  # of a cell, per side
_HEIGHT, _WIDTH = ANALYSIS_HEIGHT_PX // STRIDE_PX, ANALYSIS_WIDTH_PX // STRIDE_PX
_SIZE_PX = (_WIDTH * _SAMPLES, _HEIGHT * _SAMPLES)
# A picture may come this much before the next tick is over: clocks are rounded.
_EARLY_S = 0.01

FloatArray = NDArray[np.float32]


class MotionCourse:
    """The motion of the cells of the frames that pass, tick by tick.

    The logarithm of how fast brightness changes, averaged over a cell, less its median
    over the sphere: what changes everywhere at once is the encoder or the camera.
    """

    def __init__(self) -> None:
        self._start_s = math.nan
        self._latest: object = None
        self._small: NDArray[np.float32] | None = None
        self._known: deque[tuple[float, FloatArray]] = deque()
        self._is_over = False
        # Pictures are looked at in another thread than maps are weighed in.
        self._lock = threading.Lock()

    @property
    def start_s(self) -> float:
        """When the first frame was shown, with which tick 0 begins."""
        return self._start_s

    def passing(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on and measure them; a picture shown again is no motion."""
        for frame in frames:
            if math.isnan(self._start_s):
                self._start_s = frame.time_s
            if frame.picture is not self._latest:
                self._latest = frame.picture
                self._measure(frame)
            yield frame
        self._is_over = True

    def knows(self, tick: int) -> bool:
        """Tell whether all ticks before one are known, as far as the clip has them."""
        return self._is_over or self.n_ticks >= tick

    @property
    def n_ticks(self) -> int:
        """The number of ticks that are known."""
        with self._lock:
            return int(self._known[-1][0]) if len(self._known) > 1 else 0

    def between(self, first: int, last: int) -> FloatArray:
        """Return the motion of the ticks from one to before another, (t, h, w)."""
        with self._lock:
            pictures = list(self._known)
        places = np.array([place for place, _ in pictures])
        ticks = np.arange(first, min(last, self.n_ticks)) + 0.5
        if len(ticks) == 0:
            return np.zeros((0, _HEIGHT, _WIDTH), np.float32)
        after = np.clip(np.searchsorted(places, ticks), 1, len(places) - 1)
        span = places[after] - places[after - 1]
        share = np.clip((ticks - places[after - 1]) / span, 0.0, 1.0)
        share = share[:, None, None].astype(np.float32)
        motions = np.stack([motion for _, motion in pictures])
        return np.asarray(
            (1.0 - share) * motions[after - 1] + share * motions[after], np.float32
        )

    def forget(self, first: int) -> None:
        """Forget what only ticks before one need."""
        with self._lock:
            while len(self._known) > 2 and self._known[1][0] <= first:
                self._known.popleft()

    def _measure(self, frame: Frame) -> None:
        place = (frame.time_s - self._start_s) * RATE_HZ
        is_first = self._small is None
        since = math.inf if is_first else place - self._known[-1][0]
        if since < 1.0 - _EARLY_S * RATE_HZ:
            return
        small = frame.thumbnail(*_SIZE_PX).mean(axis=2, dtype=np.float32)
        before, self._small = self._small, small
        motion = np.zeros((_HEIGHT, _WIDTH), np.float32)
        if before is not None:
            speed = np.log1p(np.abs(small - before) / max(since, 1.0))
            cells = speed.reshape(_HEIGHT, _SAMPLES, _WIDTH, _SAMPLES).mean(axis=(1, 3))
            motion = cells - np.median(cells)
        with self._lock:
            self._known.append((place, motion))
