"""Thresholding protocols: which pixels a response calls the source.

The same response scores differently under each, so no figure is comparable without
the name of its rule. They live in one enum because the paper leaves the rule open:
its attention sums to 1 over the picture, so that the α > 0.5 of Eq. (10) would never
hold, and its evaluation code was never published.
"""

from __future__ import annotations

from enum import StrEnum
from math import gcd

import cv2
import numpy as np
from numpy.typing import NDArray

from soundloc.scoring.truth import GRID_PX

PAPER_TAU = 0.5


class ScoringProtocol(StrEnum):
    """How a response becomes the set 𝒜 of Eq. (10).

    `>` and `>=` matter only by the pixels that share the threshold's value, except
    for maps with plateaus: a constant map selects everything under `>=` and nothing
    under `>`, and so a binary map is not fit for the ranking protocols.

    PAPER
        Eq. (10) after scaling the response to [0, 1]: above τ = 0.5, strictly, as
        the equation is written.
    TOP50
        The higher half: at or above the value at place n // 2 of the n sorted pixels.
        So EZ-VSL and SLAVC; LVS and SSLalignment want `>`, one pixel fewer. Easy on
        large sources: the whole upper half is always called source.
    ADAPTIVE
        As many pixels as the truth has: at or above the |𝒢|-th highest value.
        SSLalignment, which introduced it, takes `>`, again one pixel fewer. It tells
        the response the size of the source.
    FIXED
        The response as it is above one τ for all pictures, strictly. The only one
        that can say "nowhere". ACL picks τ among 19 on the test set itself; take it
        from held-back pictures instead.
    OTSU
        Where the scaled response falls apart best into two classes, by the variance
        between them over 256 levels (Otsu 1979).
    """

    PAPER = "paper"
    TOP50 = "top50"
    ADAPTIVE = "adaptive"
    FIXED = "fixed"
    OTSU = "otsu"


_IS_STRICT = {
    ScoringProtocol.PAPER: True,
    ScoringProtocol.TOP50: False,
    ScoringProtocol.ADAPTIVE: False,
    ScoringProtocol.FIXED: True,
    ScoringProtocol.OTSU: False,
}
_SCALED = (ScoringProtocol.PAPER, ScoringProtocol.OTSU)
_OTSU_LEVELS = 256


def resize_response(
    response: NDArray[np.floating],
    *,
    height_px: int = GRID_PX,
    width_px: int = GRID_PX,
    wrap: bool = False,
) -> NDArray[np.float32]:
    """Resize the network's grid to the scoring grid, bilinearly, by pixel centres.

    As LVS and SSL-TIE do. EZ-VSL aligns the corners instead when it tests and goes
    bicubic while it trains, SLAVC is bicubic with aligned corners: aligned corners
    stretch a 7 × 7 map by up to half a cell. `wrap` interpolates over the seam of a
    picture that is periodic in x.
    """
    cells = response.astype(np.float32)
    if not wrap:
        return _resized(cells, height_px, width_px)
    # As many cells as fill whole pixels, so that the scale stays the same.
    n_cells = cells.shape[1] // gcd(cells.shape[1], width_px)
    n_px = n_cells * width_px // cells.shape[1]
    padded = np.pad(cells, ((0, 0), (n_cells, n_cells)), mode="wrap")
    return _resized(padded, height_px, width_px + 2 * n_px)[:, n_px:-n_px]


def _resized(
    cells: NDArray[np.float32], height_px: int, width_px: int
) -> NDArray[np.float32]:
    size = (width_px, height_px)
    resized = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.float32)


def select_source(
    response: NDArray[np.floating],
    protocol: ScoringProtocol,
    *,
    truth: NDArray[np.float64] | None = None,
    tau: float = PAPER_TAU,
    strict: bool | None = None,
) -> NDArray[np.bool_]:
    """Select the pixels (h, w) of a response that a protocol calls the source.

    Parameters
    ----------
    response
        (h, w), higher is likelier; any scale but under FIXED.
    truth
        (h, w), needed by ADAPTIVE alone, which counts its pixels above 0.
    tau
        The threshold of PAPER and FIXED.
    strict
        `>` or `>=`; None takes the protocol's own.

    Raises
    ------
    ValueError
        If the response is not finite, or ADAPTIVE lacks a truth with a source in it.
    """
    if not np.isfinite(response).all():
        raise ValueError("the response holds values that are not finite")
    values = np.asarray(response, dtype=np.float64)
    if protocol in _SCALED:
        lowest, highest = values.min(), values.max()
        # A constant response has no scale; it points nowhere and selects nothing.
        values = (values - lowest) / ((highest - lowest) or 1.0)
    threshold = _threshold(values, protocol, truth, tau)
    if _IS_STRICT[protocol] if strict is None else strict:
        return np.asarray(values > threshold, dtype=np.bool_)
    return np.asarray(values >= threshold, dtype=np.bool_)


def _threshold(
    values: NDArray[np.float64],
    protocol: ScoringProtocol,
    truth: NDArray[np.float64] | None,
    tau: float,
) -> float:
    if protocol in (ScoringProtocol.PAPER, ScoringProtocol.FIXED):
        return tau
    if protocol is ScoringProtocol.OTSU:
        return _otsu_threshold(values)
    place = values.size // 2
    if protocol is ScoringProtocol.ADAPTIVE:
        if truth is None or not truth.any():
            raise ValueError("the adaptive protocol needs a truth with a source in it")
        place = values.size - int(np.count_nonzero(truth > 0.0))
    return float(np.partition(values, place, axis=None)[place])


def _otsu_threshold(values: NDArray[np.float64]) -> float:
    """Return the lower edge of the first level that belongs to the source."""
    levels = np.minimum((values * _OTSU_LEVELS).astype(np.int64), _OTSU_LEVELS - 1)
    counts = np.bincount(levels.ravel(), minlength=_OTSU_LEVELS).astype(np.float64)
    n_below, sum_below = np.cumsum(counts), np.cumsum(counts * np.arange(_OTSU_LEVELS))
    n_above = values.size - n_below
    with np.errstate(invalid="ignore"):  # 0 / 0 where one class is empty
        gap = sum_below / n_below - (sum_below[-1] - sum_below) / n_above
    between = np.nan_to_num(n_below * n_above * gap**2)
    return (int(between.argmax()) + 1) / _OTSU_LEVELS
