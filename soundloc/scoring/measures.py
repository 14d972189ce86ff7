"""Scores of one response on one picture: cIoU (Eq. 10) and its companions.

All take the truth of Eq. (9), so that one annotator and many are the same case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import Box
from soundloc.scoring.protocols import PAPER_TAU, ScoringProtocol, select_source
from soundloc.scoring.truth import box_map


@dataclass(frozen=True, slots=True)
class PictureScore:
    """How right one response is about one picture.

    Parameters
    ----------
    ciou
        Eq. (10), in [0, 1].
    pointing
        The consensus at the response's peak, in [0, 1].
    area
        The share of the picture that anyone holds to be the source.
    """

    ciou: float
    pointing: float
    area: float


def ciou(selected: NDArray[np.bool_], truth: NDArray[np.float64]) -> float:
    """Measure the consensus intersection over union: Senocak et al., Eq. (10).

    Pixels that anyone marked cost nothing when selected, so what is outside is what
    nobody marked. With a binary truth this is the plain IoU.

    Raises
    ------
    ValueError
        If the truth is empty: without a source there is no right place to measure.
    """
    total = float(truth.sum())
    if total == 0.0:
        raise ValueError("the truth is empty; pictures without a source have no cIoU")
    hit = float(truth.ravel() @ selected.ravel().astype(np.float64))
    n_outside = int(np.count_nonzero(selected & (truth == 0.0)))
    return hit / (total + n_outside)


def pointing(response: NDArray[np.generic], truth: NDArray[np.float64]) -> float:
    """Measure the consensus at the response's peak, without tolerance around it.

    Where several pixels share the peak, each is as likely to be taken: the first in
    reading order would make a flat response point at the upper left corner.
    """
    return float(truth[response == response.max()].mean())


def subject_ious(
    response: NDArray[np.floating],
    opinions: Sequence[Iterable[Box]],
    protocol: ScoringProtocol,
    *,
    tau: float = PAPER_TAU,
) -> NDArray[np.float64]:
    """Measure the IoU against each subject alone (n_subjects,): the paper's Table 3.

    NaN for a subject who drew no box. Under ADAPTIVE each subject's own area counts.
    """
    height_px, width_px = response.shape
    ious = np.full(len(opinions), np.nan)
    for j, boxes in enumerate(opinions):
        drawn = box_map(boxes, height_px=height_px, width_px=width_px)
        truth = drawn.astype(np.float64)
        if truth.any():
            selected = select_source(response, protocol, truth=truth, tau=tau)
            ious[j] = ciou(selected, truth)
    return ious


def score_picture(
    response: NDArray[np.floating],
    truth: NDArray[np.float64],
    protocol: ScoringProtocol,
    *,
    tau: float = PAPER_TAU,
) -> PictureScore:
    """Score a response (h, w), already on the grid of the truth.

    Raises
    ------
    ValueError
        If the truth is empty, or the response is not finite or of another shape.
    """
    if response.shape != truth.shape:
        raise ValueError(
            f"the response must have the truth's shape {truth.shape}, "
            f"got {response.shape}; resize_response brings it there"
        )
    selected = select_source(response, protocol, truth=truth, tau=tau)
    return PictureScore(
        ciou=ciou(selected, truth),
        pointing=pointing(response, truth),
        area=float(np.count_nonzero(truth > 0.0)) / truth.size,
    )


def score_mask(selected: NDArray[np.bool_], truth: NDArray[np.float64]) -> PictureScore:
    """Score a selection (h, w) that no response ranks, for predictors that draw one.

    It points at all of its pixels alike.

    Raises
    ------
    ValueError
        If the truth is empty.
    """
    return PictureScore(
        ciou=ciou(selected, truth),
        pointing=pointing(selected, truth),
        area=float(np.count_nonzero(truth > 0.0)) / truth.size,
    )
