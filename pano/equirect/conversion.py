"""Conversion of any stereo layout or partial sphere to mono equirectangular.

Everything behind this module sees a left eye, square pixels and a full 2:1
sphere, so stereo and partial spheres are nobody else's concern.
"""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout

Value = TypeVar("Value", bound=np.unsignedinteger[Any])


def left_eye(image: NDArray[Value], layout: StereoLayout) -> NDArray[Value]:
    """Return a view of the left eye: the upper, or the left, half."""
    height_px, width_px = image.shape[:2]
    return image[: height_px // layout.n_rows, : width_px // layout.n_columns]


def equirect_size(
    eye_width_px: int, eye_height_px: int, bounds: SphereBounds = FULL_SPHERE
) -> tuple[int, int]:
    """Return (width, height), 2:1, of the full sphere that loses no detail of an eye.

    The height is even, because encoders ask for it; an eye that is a 2:1 sphere of
    even height keeps its size.
    """
    height_px = round(
        max(
            eye_height_px / bounds.height_share,
            eye_width_px / (2.0 * bounds.width_share),
        )
    )
    height_px += height_px % 2
    return 2 * height_px, height_px


def place_on_sphere(
    eye: NDArray[Value],
    width_px: int,
    height_px: int,
    bounds: SphereBounds = FULL_SPHERE,
) -> NDArray[Value]:
    """Scale one eye to its part of a width × height sphere, black where it has none.

    Enlarging is cubic-free (bilinear) on purpose: it makes no overshoot at edges.
    """
    x0, y0, x1, y1 = bounds.rectangle(width_px, height_px)
    size = (x1 - x0, y1 - y0)
    if size != (eye.shape[1], eye.shape[0]):
        shrinks = size[0] <= eye.shape[1] and size[1] <= eye.shape[0]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        eye = np.asarray(cv2.resize(eye, size, interpolation=method), dtype=eye.dtype)
    if bounds.is_full:
        return np.ascontiguousarray(eye)
    sphere = np.zeros((height_px, width_px, 3), dtype=eye.dtype)
    sphere[y0:y1, x0:x1] = eye
    return sphere
