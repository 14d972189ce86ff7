"""Tell two eyes side by side from a sphere: both are 2:1.

VR180 without its metadata is the usual case. Two eyes see the same, a little shifted;
the two halves of a sphere show what lies left and what lies right of the viewer.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE_PX = 96
# Eyes are some degrees apart in what is near.
_MOST_SHIFT_PX = 5
_MIN_LIKENESS = 0.8
# Of 255: where there is nothing to see, everything is alike.
_MIN_DEVIATION = 4.0
_BORDER_PX = 12

FloatArray = NDArray[np.float32]


def looks_like_two_eyes(pictures: Iterable[NDArray[np.uint8]]) -> bool:
    """Tell whether the halves of all pictures that show something show the same.

    Parameters
    ----------
    pictures
        Brightness, shape (h, w), or RGB, shape (h, w, 3); no more are taken once the
        halves of one differ.
    """
    n_alike = 0
    for picture in pictures:
        grey = picture if picture.ndim == 2 else picture.mean(axis=2, dtype=np.float32)
        size = 2 * _SIDE_PX, _SIDE_PX
        small = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        left, right = (
            _own(np.asarray(half, np.float32)) for half in np.hsplit(small, 2)
        )
        if min(float(left.std()), float(right.std())) < _MIN_DEVIATION:
            continue
        if _likeness(left, right) < _MIN_LIKENESS:
            return False
        n_alike += 1
    return n_alike > 0


def _own(half: FloatArray) -> FloatArray:
    """Take away what each row has in common: sky is above and ground below for all."""
    return np.asarray(half - half.mean(axis=1, keepdims=True), np.float32)


def _likeness(left: FloatArray, right: FloatArray) -> float:
    """Return the best correlation of the halves, one shifted a little."""
    inner = left[:, _BORDER_PX:-_BORDER_PX]
    found = cv2.matchTemplate(
        right[:, _BORDER_PX - _MOST_SHIFT_PX : _MOST_SHIFT_PX - _BORDER_PX],
        inner,
        cv2.TM_CCOEFF_NORMED,
    )
    return float(found.max())
