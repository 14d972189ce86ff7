"""Where a picture changed since it was looked at, and the windows to look through.

A camera that stands still, the rule in 360° video, shows a room in which a tenth of the
cells change from one look to the next. What a cell shows depends on itself and its
neighbours, hardly on what is further away: on six clips the others keep a mean cosine
of 0.994 and more to what they would show. So the network looks through windows about
what changed, each with some cells around it that it sees but does not answer for.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pano_jobs.analysis.localizer import STRIDE_PX

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# Samples of the picture per cell and side that are compared.
_SAMPLES = 2
# Mean difference of a sample, of 255 levels: grain of 8 levels stays below.
_MIN_CHANGE = 5.0
_REACH_CELLS = 1
_CONTEXT_CELLS = 3
# Sizes of windows, so that few are compiled.
_STEP_CELLS = 2
# Of the picture: beyond, looking at all of it costs hardly more.
_MOST = 0.7


@dataclass(frozen=True, slots=True)
class Window:
    """Cells to look at and those around them, in a picture that is periodic in x.

    Parameters
    ----------
    top, bottom, left, right
        Of the cells that are answered for; right may lie beyond the seam.
    seen_top, seen_bottom, seen_left, seen_right
        Of those that are seen.
    """

    top: int
    bottom: int
    left: int
    right: int
    seen_top: int
    seen_bottom: int
    seen_left: int
    seen_right: int

    @classmethod
    def around(
        cls, top: int, bottom: int, left: int, right: int, size: tuple[int, int]
    ) -> Window:
        """Give cells their surroundings, in a map of (height, width) cells."""
        height, _ = size
        seen_top, seen_bottom = _widened(top, bottom)
        seen_left, seen_right = _widened(left, right)
        # Beyond an edge there is nothing to see: the window moves into the picture.
        shift = max(0, -seen_top) - max(0, seen_bottom - height)
        seen_top, seen_bottom = max(0, seen_top + shift), seen_bottom + shift
        seen_bottom = min(height, seen_bottom)
        return cls(
            top, bottom, left, right, seen_top, seen_bottom, seen_left, seen_right
        )

    @property
    def n_seen(self) -> int:
        """Return how many cells are seen."""
        n_rows = self.seen_bottom - self.seen_top
        return n_rows * (self.seen_right - self.seen_left)

    def joined(self, other: Window, size: tuple[int, int]) -> Window:
        """Return the window about both."""
        return Window.around(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
            size,
        )

    def cut(self, image: Image) -> Image:
        """Cut what is seen out of a picture."""
        rows = slice(self.seen_top * STRIDE_PX, self.seen_bottom * STRIDE_PX)
        columns = np.arange(self.seen_left * STRIDE_PX, self.seen_right * STRIDE_PX)
        cut: Image = np.take(image[rows], columns % image.shape[1], axis=1)
        return cut

    def answer(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cut the cells that are answered for out of all that are seen (D, h, w)."""
        rows = slice(self.top - self.seen_top, self.bottom - self.seen_top)
        return seen[:, rows, self.left - self.seen_left : self.right - self.seen_left]

    def columns(self, width: int, per_cell: int = 1) -> NDArray[np.int64]:
        """Return the columns that are answered for, of `width` cells."""
        columns = np.arange(self.left * per_cell, self.right * per_cell)
        return columns % (width * per_cell)


class ChangeDetector:
    """Compares pictures with what each of their cells showed when it was looked at."""

    def __init__(self) -> None:
        self._known: NDArray[np.float32] | None = None

    def windows(self, image: Image) -> list[Window] | None:
        """Return the windows about what changed, none if nothing did.

        None if all is new: at first, and where the windows would hold most of the
        picture or go all round it.
        """
        if self._known is None:
            return None
        apart = np.abs(_samples(image) - self._known).mean(axis=2)
        height, width = (side // _SAMPLES for side in apart.shape)
        by_cell = apart.reshape(height, _SAMPLES, width, _SAMPLES).max(axis=(1, 3))
        windows = _windows(_dilated(by_cell > _MIN_CHANGE))
        n_seen = sum(window.n_seen for window in windows)
        # A window that goes all round would have an edge that the picture has not.
        is_round = any(w.seen_right - w.seen_left > width for w in windows)
        return None if is_round or n_seen > _MOST * height * width else windows

    def note(self, image: Image, windows: list[Window] | None) -> None:
        """Remember what was looked at: these windows, or all."""
        samples = _samples(image)
        if windows is None or self._known is None:
            self._known = samples
            return
        width = samples.shape[1] // _SAMPLES
        for window in windows:
            rows = slice(window.top * _SAMPLES, window.bottom * _SAMPLES)
            columns = window.columns(width, _SAMPLES)
            self._known[rows, columns] = samples[rows, columns]


def _samples(image: Image) -> NDArray[np.float32]:
    side = STRIDE_PX // _SAMPLES
    size = image.shape[1] // side, image.shape[0] // side
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _dilated(mask: Mask) -> Mask:
    """Add the cells within reach, periodically in x."""
    reach = _REACH_CELLS
    beside = np.concatenate([mask[:, -reach:], mask, mask[:, :reach]], axis=1)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    grown = cv2.dilate(beside.astype(np.uint8), kernel)[:, reach:-reach]
    return np.asarray(grown > 0)


def _windows(mask: Mask) -> list[Window]:
    """Cover all cells of a mask by windows; near ones are joined where that is less."""
    height, width = mask.shape
    # Cut the sphere open where least changed.
    seam = int(np.argmin(mask.sum(axis=0)))
    rolled = np.roll(mask, -seam, axis=1).astype(np.uint8)
    n, _, stats, _ = cv2.connectedComponentsWithStats(rolled, connectivity=8)
    windows = []
    for left, top, n_columns, n_rows in stats[1:n, :4].tolist():
        ends = top, top + n_rows, left + seam, left + seam + n_columns
        windows.append(Window.around(*ends, (height, width)))
    return _joined(windows, (height, width))


def _joined(windows: list[Window], size: tuple[int, int]) -> list[Window]:
    """Join windows as long as one about two sees less than both."""
    pairs = [(a, b) for i, a in enumerate(windows) for b in windows[i + 1 :]]
    for one, other in pairs:
        both = one.joined(other, size)
        if both.n_seen <= one.n_seen + other.n_seen:
            rest = [w for w in windows if w is not one and w is not other]
            return _joined([*rest, both], size)
    return windows


def _widened(first: int, last: int) -> tuple[int, int]:
    """Add the context on both sides, and more up to a size that is compiled."""
    n_cells = last - first + 2 * _CONTEXT_CELLS
    more = -n_cells % _STEP_CELLS
    return first - _CONTEXT_CELLS - more // 2, last + _CONTEXT_CELLS + more - more // 2
