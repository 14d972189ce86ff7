"""Scores of many pictures as the figures that papers print, with their intervals.

"cIoU" in the tables of the field is not a mean of Eq. (10) but the share of pictures
where it reaches 0.5, and "AUC" is the area under that share as the bar rises from 0
to 1. Since the area under a survival curve is the mean, the exact AUC is the mean
cIoU; the customary trapezoid over 21 bars stays within 0.025 of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from soundloc.scoring.intervals import Interval, bootstrap, share
from soundloc.scoring.measures import PictureScore
from soundloc.scoring.truth import GRID_PX

SUCCESS_CIOU = 0.5
N_BARS = 21

# k / 20 and not 0.05 * k, as released code has it: 0.05 * 3 lies above 0.15, so that a
# score of exactly 0.15 would miss its bar.
BARS = np.arange(N_BARS) / (N_BARS - 1)
BARS.setflags(write=False)


class SourceSize(StrEnum):
    """How large the source is, by its area on the 224 grid.

    SLAVC's classes: below 32², 96² and 144² pixels, and above. Its two evaluators
    disagree on the area (the mean over the boxes, or the sum of the truth map); here
    it is the area that any subject marked.
    """

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    HUGE = "huge"


_SIZE_EDGES = np.array([32**2, 96**2, 144**2]) / GRID_PX**2


def size_of(area: float) -> SourceSize:
    """Return the size class of a source that fills a share `area` of its picture."""
    place = int(np.searchsorted(_SIZE_EDGES, area, side="right"))
    return tuple(SourceSize)[place]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of n pictures under one protocol.

    Parameters
    ----------
    ciou, pointing, area
        (n,), the fields of `PictureScore`.
    groups
        (n,), pictures of one clip share a number and are resampled together.
    """

    ciou: NDArray[np.float64]
    pointing: NDArray[np.float64]
    area: NDArray[np.float64]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ciou)

    def success(
        self, ciou_at_least: float = SUCCESS_CIOU, *, strict: bool = False
    ) -> Interval:
        """Return the share of pictures whose cIoU reaches a bar: the field's "cIoU".

        The interval is Wilson's, or a bootstrap over groups where pictures share one.
        `strict` wants more than the bar, as SLAVC's `precision_at_50` alone does.
        """
        reached = self.ciou > ciou_at_least if strict else self.ciou >= ciou_at_least
        return share(reached, self.groups)

    def success_curve(self) -> NDArray[np.float64]:
        """Return the share of pictures (21,) that reach each of `BARS`: Figure 9."""
        return np.asarray((self.ciou[:, None] >= BARS).mean(0), dtype=np.float64)

    def auc(self) -> Interval:
        """Return the area under the success curve, by trapezoids over `BARS`.

        The first bar is 0 and always reached, so no predictor falls below 0.025.
        """
        weights = np.full(N_BARS, 1.0)
        weights[[0, -1]] = 0.5
        reached = (self.ciou[:, None] >= BARS) @ (weights / (N_BARS - 1))
        return bootstrap(reached, self.groups)

    def auc_exact(self) -> Interval:
        """Return the area under the success curve of every bar: the mean cIoU."""
        return bootstrap(self.ciou, self.groups)

    def pointing_accuracy(self) -> Interval:
        """Return how often the peak lies in the source, weighed by consensus."""
        if np.isin(self.pointing, (0.0, 1.0)).all():
            return share(self.pointing == 1.0, self.groups)
        return bootstrap(self.pointing, self.groups)

    def by_size(self) -> dict[SourceSize, Scores]:
        """Split by the size of the source; classes without a picture are empty."""
        sizes = np.array([size_of(float(area)) for area in self.area], dtype=object)
        return {size: self._where(sizes == size) for size in SourceSize}

    def _where(self, chosen: NDArray[np.bool_]) -> Scores:
        return Scores(
            self.ciou[chosen],
            self.pointing[chosen],
            self.area[chosen],
            self.groups[chosen],
        )


def collect_scores(
    scores: Iterable[PictureScore], *, groups: Iterable[int] | None = None
) -> Scores:
    """Gather the scores of pictures; without groups each picture is its own.

    Raises
    ------
    ValueError
        If there are not as many groups as scores.
    """
    rows = np.array([(s.ciou, s.pointing, s.area) for s in scores]).reshape(-1, 3)
    codes = np.arange(len(rows)) if groups is None else np.array(list(groups))
    if len(codes) != len(rows):
        raise ValueError(f"there are {len(rows)} scores but {len(codes)} groups")
    return Scores(rows[:, 0], rows[:, 1], rows[:, 2], codes.astype(np.int64))
