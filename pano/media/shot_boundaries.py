"""Shot boundary detection: where the clip itself cuts, cutting the view is free.

At a cut the whole sphere changes between two pictures and stays changed. A camera that
turns or shakes changes every picture, a flash changes back; so a difference counts
only if it stands out among its neighbours and lasts (the idea of PySceneDetect's
adaptive detector). A cut found where there is none shows as a jump: rather miss one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from pano.media.frames import Frame

_SIZE_PX = (64, 32)
# Mean difference of two pictures, of 255 levels. Between pictures of one take even a
# camera on the march stays below half of it.
_MIN_CHANGE = 16.0
# So many times its neighbours' difference makes one stand out.
_MIN_RATIO = 3.0
# Pictures on either side to compare with; a flash is over by then.
_N_NEIGHBOURS = 4
# Of the change at the cut, this much must still be there after them.
_MIN_LASTING = 0.6

FloatArray = NDArray[np.float32]


class BoundaryWatcher:
    """Shot boundary detector over the frames that pass, in constant memory.

    Attributes
    ----------
    cuts_s
        Presentation times of the pictures with which new shots begin.
    """

    def __init__(self) -> None:
        self.cuts_s: list[float] = []
        self._latest: object = None
        n_seen = 2 * _N_NEIGHBOURS + 1
        self._times_s: deque[float] = deque(maxlen=n_seen)
        self._small: deque[FloatArray] = deque(maxlen=n_seen)
        self._changes: deque[float] = deque(maxlen=n_seen)

    def passing(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Pass frames on and judge them; a picture shown again is judged once."""
        for frame in frames:
            if frame.picture is not self._latest:
                self._latest = frame.picture
                self._look(frame)
            yield frame
        for _ in range(_N_NEIGHBOURS):
            self._judge(self._small[-1] if self._small else None, None)

    def _look(self, frame: Frame) -> None:
        small = frame.thumbnail(*_SIZE_PX)
        self._judge(small.astype(np.float32), float(frame.appeared))

    def _judge(self, small: FloatArray | None, time_s: float | None) -> None:
        """Take in one more picture, and decide on the one in the middle."""
        if small is None:
            return
        is_first = not self._small
        self._changes.append(0.0 if is_first else _apart(self._small[-1], small))
        self._small.append(small)
        self._times_s.append(-1.0 if time_s is None else time_s)
        middle = len(self._small) - 1 - _N_NEIGHBOURS
        if middle < 1:
            return
        changes = np.array(self._changes)
        change = float(changes[middle])
        others = np.delete(changes, middle)
        before = self._small[max(middle - 2, 0)]
        stands_out = change >= max(_MIN_CHANGE, _MIN_RATIO * float(others.max()))
        if stands_out and _apart(before, self._small[-1]) >= _MIN_LASTING * change:
            self.cuts_s.append(self._times_s[middle])


def _apart(one: FloatArray, other: FloatArray) -> float:
    return float(np.abs(one - other).mean())
