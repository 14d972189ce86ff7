"""Repair of invalid published boxes: which are mended, which left out, and how many.

Mending silently would move the figures of a test set without a trace, so whoever
reads boxes gets the counts with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from soundloc.data.pairs import Box

# A corner more than a whole picture outside of it is not a corner that slipped; the
# ones in VGG-SS read -2.9e16.
_FURTHEST = (-1.0, 2.0)


@dataclass(frozen=True, slots=True)
class BoxRepairs:
    """How many boxes of a file were not as they should be.

    Parameters
    ----------
    n_boxes
        In the file.
    n_sorted
        Whose corners were swapped.
    n_clipped
        That reached outside of the picture.
    n_dropped
        Left out: without area, or with a corner far outside of any picture.
    """

    n_boxes: int
    n_sorted: int
    n_clipped: int
    n_dropped: int


class BoxRepairer:
    """Makes the boxes of one file usable and counts what it had to do."""

    def __init__(self) -> None:
        self.n_boxes = self.n_sorted = self.n_clipped = self.n_dropped = 0

    def usable(
        self, boxes: Iterable[Sequence[float | int]], *, scale: int
    ) -> tuple[Box, ...]:
        """Scale boxes to fractions and keep those that are some.

        Raises
        ------
        ValueError
            If a box has not four edges.
        """
        kept = []
        for box in boxes:
            self.n_boxes += 1
            x0, y0, x1, y1 = (float(edge) / scale for edge in box)
            repaired = self._repaired((x0, y0, x1, y1))
            if repaired is None:
                self.n_dropped += 1
            else:
                kept.append(repaired)
        return tuple(kept)

    def _repaired(self, box: Box) -> Box | None:
        if not all(_FURTHEST[0] <= edge <= _FURTHEST[1] for edge in box):
            return None
        x0, x1 = sorted(box[::2])
        y0, y1 = sorted(box[1::2])
        clipped = (max(x0, 0.0), max(y0, 0.0), min(x1, 1.0), min(y1, 1.0))
        if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
            return None
        self.n_sorted += (x0, y0, x1, y1) != box
        self.n_clipped += (x0, y0, x1, y1) != clipped
        return clipped

    def repairs(self) -> BoxRepairs:
        """Return the counts so far."""
        return BoxRepairs(self.n_boxes, self.n_sorted, self.n_clipped, self.n_dropped)
