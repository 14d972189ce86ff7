"""Tell a camera's raw picture, two fish-eyes side by side, from a sphere: both are 2:1.

A lens draws a circle. Around it nothing is lit, ever: not in the corners, not where the
two circles meet in the middle of the upper and lower edge. Inside it there is a picture
up to the rim, above and below as well, where a dark sky would leave a sphere dark too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE_PX = 128
_MAX_OFF_ASPECT = 0.05
# Of the circle's radius, half the height: surely outside, and surely inside.
_OUTSIDE = 1.13
_INSIDE = (0.70, 0.86)
# Of 255 above black: flares glow a little outside, and what is lit is brighter.
_MAX_MEAN_OUTSIDE, _MAX_LEVEL_OUTSIDE, _OUTSIDE_QUANTILE = 12.0, 32.0, 0.95
_LIT = 32.0
# Of the rim all round, and of its arcs above and below alone.
_MIN_LIT, _MIN_LIT_ARC = 0.7, 0.5
_ARC_COSINE = 0.94  # 20° to either side

Mask = NDArray[np.bool_]


def looks_like_dual_fisheye(pictures: Iterable[NDArray[np.uint8]]) -> bool:
    """Tell whether pictures of one clip are two fish-eyes side by side.

    Parameters
    ----------
    pictures
        Brightness, shape (h, w), or RGB, shape (h, w, 3), 0 black; no more are taken
        once one of them cannot be.
    """
    brightest = np.zeros((2, _SIDE_PX, _SIDE_PX), np.float32)
    outside, rim, arcs = _zones()
    for picture in pictures:
        height, width = picture.shape[:2]
        if abs(width / (2.0 * height) - 1.0) > _MAX_OFF_ASPECT:
            return False
        grey = picture if picture.ndim == 2 else picture.mean(axis=2, dtype=np.float32)
        size = 2 * _SIDE_PX, _SIDE_PX
        small = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        halves = np.stack(np.split(small, 2, axis=1))
        around = halves[:, outside]
        if around.mean() > _MAX_MEAN_OUTSIDE:
            return False
        if np.quantile(around, _OUTSIDE_QUANTILE) > _MAX_LEVEL_OUTSIDE:
            return False
        brightest = np.maximum(brightest, halves)
    lit = brightest > _LIT
    is_round = all(float(half[rim].mean()) >= _MIN_LIT for half in lit)
    return is_round and all(
        float(half[arc].mean()) >= _MIN_LIT_ARC for half in lit for arc in arcs
    )


@functools.cache
def _zones() -> tuple[Mask, Mask, tuple[Mask, Mask]]:
    """Return what lies outside a circle, on its rim, and above and below on it."""
    centres = (np.arange(_SIDE_PX) + 0.5) / _SIDE_PX * 2.0 - 1.0
    x, y = np.meshgrid(centres, centres)
    radius = np.hypot(x, y)
    rim = (radius > _INSIDE[0]) & (radius < _INSIDE[1])
    arcs = rim & (y < -_ARC_COSINE * radius), rim & (y > _ARC_COSINE * radius)
    return radius > _OUTSIDE, rim, arcs
