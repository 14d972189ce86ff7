"""Trivial predictors that do not listen, and the oracle that bounds any response.

A localization figure says nothing without them: people put the source in the middle,
and a disc there reaches the level of published methods. Success at cIoU 0.5 / AUC in
per cent, on the 224 grid and by these definitions:

===================== ============ ============== ====================
predictor             VGG-SS       VGG-SS         Flickr-SoundNet test
                      top 50 %     adaptive       top 50 %, consensus 2
===================== ============ ============== ====================
random pixels         0.06 / 21.6                 0.0 / 32.0
centred box           13.5 / 32.0  the same       21.7 / 40.4
centred disc          34.0 / 37.4  43.7 / 42.9    67.5 / 54.3
whole picture         21.9 / 31.3  the same       48.2 / 48.9
oracle                50.5 / 49.5  100 / 100      94.4 / 80.4
===================== ============ ============== ====================

VGG-SS is 5,152 of 5,154 entries here; over all 5,156 of the published 5,158 the whole
picture has 22.0 / 31.3 and the oracle 50.6 / 49.5. The figures depend on: box edges
truncated (`scoring.box_map`), boxes with a corner that is no coordinate left out
(`annotations.read_vggss`), pictures left without a box not counted, the disc about
the middle between pixels 111 and 112, `>=` for success. Ties hardly matter: the exact
half of the pixels, `>=` and `>` lie within 0.1. Flickr is 249 pictures, each box an
opinion; the paper prints 0.12 / 32.3 and 23.2 / 40.7 for the first two rows, and for
its unsupervised network 66.0 / 55.8: no more than the disc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from functools import cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from soundloc.scoring import (
    PAPER_TAU,
    PictureScore,
    Scores,
    ScoringProtocol,
    collect_scores,
    score_mask,
    score_picture,
)


class Predictor(StrEnum):
    """A predictor that does not listen, or the ORACLE, which knows the answer."""

    RANDOM_PIXELS = "random pixels"
    CENTRED_BOX = "centred box"
    CENTRED_DISC = "centred disc"
    WHOLE_PICTURE = "whole picture"
    OBJECT_PRIOR = "object prior"
    ORACLE = "oracle"


@cache
def centred_disc(height_px: int, width_px: int) -> NDArray[np.float64]:
    """Return a response (h, w) that falls with the distance to the picture's centre.

    1 in the centre, 0 at the corner pixels; thresholded it is a disc. Distances come
    from integers, so that pixels equally far are exactly tied. Read-only.
    """
    y = 2 * np.arange(height_px) + 1 - height_px
    x = 2 * np.arange(width_px) + 1 - width_px
    distance = np.sqrt(y[:, None] ** 2 + x**2)
    response = np.asarray(1.0 - distance / max(float(distance.max()), 1.0))
    response.setflags(write=False)
    return response


@cache
def centred_box(height_px: int, width_px: int) -> NDArray[np.bool_]:
    """Select the box (h, w) with half the sides: the paper's "center attention".

    Read-only.
    """
    y = (np.arange(height_px) + 0.5) / height_px
    x = (np.arange(width_px) + 0.5) / width_px
    selected = np.asarray((abs(y - 0.5) < 0.25)[:, None] & (abs(x - 0.5) < 0.25))
    selected.setflags(write=False)
    return selected


def mean_truth(truths: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Average the truths (h, w) of a training set: a prior of where sources are.

    Raises
    ------
    ValueError
        If there is none.
    """
    total, n = np.zeros(()), 0
    for truth in truths:
        total = total + truth
        n += 1
    if n == 0:
        raise ValueError("a prior needs at least one truth")
    return np.asarray(total / n, dtype=np.float64)


def oracle_mask(
    truth: NDArray[np.float64], protocol: ScoringProtocol
) -> NDArray[np.bool_]:
    """Select what scores highest among all responses without ties.

    TOP50 makes it select half of the pixels, which is where its ceiling comes from:
    first those of the most consensus, then, if there are too few, any others. Under
    the other protocols a response can select the truth itself.
    """
    best = truth > 0.0
    if protocol is not ScoringProtocol.TOP50:
        return np.asarray(best, dtype=np.bool_)
    n_selected = truth.size - truth.size // 2
    ranked = np.argsort(-truth, axis=None, kind="stable")
    best = np.zeros(truth.size, dtype=np.bool_)
    best[ranked[:n_selected]] = True
    return best.reshape(truth.shape)


def score_trivial(
    truths: Iterable[NDArray[np.float64]],
    protocol: ScoringProtocol,
    *,
    priors: Iterable[NDArray[np.floating]] | None = None,
    prior_tau: float = PAPER_TAU,
    seed: int = 0,
) -> dict[Predictor, Scores]:
    """Score every trivial predictor on the truths of a set, in one pass.

    Parameters
    ----------
    truths
        The consensus maps (h, w), each with a source in it.
    protocol
        How responses become selections. The centred box and the whole picture are
        selections and the same under every protocol.
    priors
        For each truth a response (h, w) from its picture alone: objectness, or
        `mean_truth` of other pictures, repeated. None leaves the object prior out.
    prior_tau
        The threshold for the priors, under the protocols that have one.
    seed
        Of the random pixels, which are drawn anew for every picture.

    Raises
    ------
    ValueError
        If a truth is empty, or there are not as many priors as truths.
    """
    rng = np.random.default_rng(seed)
    scores: dict[Predictor, list[PictureScore]] = {}
    for truth, prior in _paired(truths, priors):
        for predictor, score in _score_one(truth, protocol, prior, prior_tau, rng):
            scores.setdefault(predictor, []).append(score)
    return {predictor: collect_scores(rows) for predictor, rows in scores.items()}


def _paired(
    truths: Iterable[NDArray[np.float64]],
    priors: Iterable[NDArray[np.floating]] | None,
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.floating] | None]]:
    if priors is None:
        return zip(truths, repeat(None), strict=False)
    return zip(truths, priors, strict=True)


def _score_one(
    truth: NDArray[np.float64],
    protocol: ScoringProtocol,
    prior: NDArray[np.floating] | None,
    prior_tau: float,
    rng: np.random.Generator,
) -> Iterator[tuple[Predictor, PictureScore]]:
    pixels = rng.random(truth.shape)
    yield Predictor.RANDOM_PIXELS, score_picture(pixels, truth, protocol)
    yield Predictor.CENTRED_BOX, score_mask(centred_box(*truth.shape), truth)
    disc = centred_disc(*truth.shape)
    yield Predictor.CENTRED_DISC, score_picture(disc, truth, protocol)
    whole = np.ones(truth.shape, dtype=np.bool_)
    yield Predictor.WHOLE_PICTURE, score_mask(whole, truth)
    if prior is not None:
        score = score_picture(prior, truth, protocol, tau=prior_tau)
        yield Predictor.OBJECT_PRIOR, score
    ceiling = score_mask(oracle_mask(truth, protocol), truth)
    # It is made to select more than the source, not to point beside it.
    yield Predictor.ORACLE, replace(ceiling, pointing=float(truth.max()))
