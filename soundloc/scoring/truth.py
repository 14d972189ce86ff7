"""Ground-truth maps from boxes drawn by people: paper §5.2 and Eq. (9).

Everything is scored on the 224 × 224 grid that every later paper uses, whatever the
shape of the picture, so that figures can be compared with theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import Box

GRID_PX = 224

# Truncation must not lose a pixel of a box whose edge was an integer before it was
# divided by the width: 57 / 224 * 224 is a little less than 57.
_ROUNDING = 1e-6


def box_map(
    boxes: Iterable[Box], *, height_px: int = GRID_PX, width_px: int = GRID_PX
) -> NDArray[np.bool_]:
    """Mark the pixels (h, w) that any of the boxes covers.

    Edges are truncated, the far ones excluded: a box covers the columns
    `int(width * x0)` up to but without `int(width * x1)`, as in the evaluation that
    LVS, EZ-VSL, SLAVC and SSLalignment share. (A pixel whose centre lies in the box
    would be the better rule; on VGG-SS it raises the centred disc from 34.0 to 34.2.)
    A box with x0 > x1 crosses the seam of a picture that wraps.
    """
    covered = np.zeros((height_px, width_px), dtype=np.bool_)
    for box in boxes:
        x0, x1 = (int(x * width_px + _ROUNDING) for x in box[::2])
        y0, y1 = (int(y * height_px + _ROUNDING) for y in box[1::2])
        if box[0] <= box[2]:
            covered[y0:y1, x0:x1] = True
        else:
            covered[y0:y1, x0:] = True
            covered[y0:y1, :x1] = True
    return covered


def consensus_map(
    opinions: Sequence[Iterable[Box]],
    *,
    n_consensus: int = 1,
    height_px: int = GRID_PX,
    width_px: int = GRID_PX,
) -> NDArray[np.float64]:
    """Weigh each pixel (h, w) by how many subjects hold it to be the source: Eq. (9).

    Parameters
    ----------
    opinions
        For each subject the boxes drawn, which count as one opinion together.
    n_consensus
        How many must agree for full weight: 2 of the paper's three subjects. Where
        fewer answered, all of those must, since Eq. (9) wants #consensus ≤ N.

    Raises
    ------
    ValueError
        If there is no opinion, or `n_consensus` is not positive.
    """
    if n_consensus < 1 or not opinions:
        raise ValueError(
            "a consensus needs at least one opinion and one to agree, got "
            f"{len(opinions)} opinions and n_consensus={n_consensus}"
        )
    votes = np.zeros((height_px, width_px))
    for boxes in opinions:
        votes += box_map(boxes, height_px=height_px, width_px=width_px)
    return np.minimum(votes / min(n_consensus, len(opinions)), 1.0)
