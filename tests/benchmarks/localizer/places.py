"""Where a response peaks, and in which of several objects it is highest.

On the grid and by the resizing that every score of the project uses.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import Box
from soundloc.scoring import box_map, pointing, resize_response

Boxes = Sequence[Box]


def hits(
    response: NDArray[np.floating], objects: Sequence[Boxes], *, wrap: bool
) -> NDArray[np.float64]:
    """Tell in which objects (n,) the response (h, w) peaks; ties share the hit."""
    fine = resize_response(response, wrap=wrap)
    return np.array(
        [pointing(fine, box_map(boxes).astype(np.float64)) for boxes in objects]
    )


def highest(
    response: NDArray[np.floating], objects: Sequence[Boxes], *, wrap: bool
) -> int:
    """Return the number of the object in which the response is highest."""
    fine = resize_response(response, wrap=wrap)
    inside = [float(fine[box_map(boxes)].max(initial=-np.inf)) for boxes in objects]
    return int(np.argmax(inside))


def covered(boxes: Boxes) -> float:
    """Return the share of the picture that boxes cover: a blind guess hits so often."""
    return float(box_map(boxes).mean())
