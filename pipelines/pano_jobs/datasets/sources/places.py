"""Boxes around directions: where a thing is, if only its direction is known.

A sound has a direction and no outline. The box is as large as a person at two or
three metres, which is also about how surely a field of first order tells directions.
"""

from __future__ import annotations

import math

from pano.ambisonics.heard_directions import FieldEvidence
from pano.sphere import Direction
from soundloc.data.pairs import Box

BOX_DEG = 24.0
# A wrong box teaches worse than none: only what is sure and alone becomes a label.
_MIN_TRUST = 0.9
_MIN_SHARE = 0.7


def box_around(direction: Direction, *, size_deg: float = BOX_DEG) -> Box:
    """Return the box of an equirectangular picture around a direction.

    It bounds the disc of `size_deg` degrees across: as high everywhere, wider the
    nearer to a pole, and as wide as the picture where the disc holds one.

    Returns
    -------
    Box
        (x0, y0, x1, y1) in fractions of width and height; x0 > x1 across the seam.
    """
    half_deg, pitch_deg = size_deg / 2.0, direction.pitch_deg
    top = 0.5 - min(pitch_deg + half_deg, 90.0) / 180.0
    bottom = 0.5 - max(pitch_deg - half_deg, -90.0) / 180.0
    if abs(pitch_deg) + half_deg >= 90.0:
        return 0.0, top, 1.0, bottom
    ratio = math.sin(math.radians(half_deg)) / math.cos(math.radians(pitch_deg))
    half_width = math.degrees(math.asin(ratio)) / 360.0
    center = direction.yaw_deg / 360.0 + 0.5
    left, right = (center - half_width) % 1.0, (center + half_width) % 1.0
    return left, top, right or 1.0, bottom


def sure_direction(evidence: FieldEvidence) -> Direction | None:
    """Return where the one source of a moment is; None if it is not sure or alone."""
    if evidence.trust < _MIN_TRUST or not evidence.sources:
        return None
    loudest = evidence.sources[0]
    return loudest.direction if loudest.share >= _MIN_SHARE else None
