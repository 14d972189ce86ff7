"""Ranking metrics of nearest neighbours, for any table of similarities.

Rows are queries, columns the gallery. Every figure stands beside what a random order
would reach, exactly, because with few and frequent kinds chance is high.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.scoring.intervals import Interval, bootstrap

CURVE_LENGTH = 50
N_TRIALS, N_DRAWN = 100, 10  # of the paper's random chance


@dataclass(frozen=True, slots=True)
class RankingFigures:
    """How good a ranking is, each figure with its 95 % interval over queries.

    Parameters
    ----------
    n_queries, n_unanswerable
        Queries that count, and those left out because nothing is right for them.
    ks
        Numbers of neighbours looked at.
    recall
        R@k: at least one of the first k is right.
    precision
        The share of the first k that is right.
    average_precision
        The mean of average precision over queries, mAP.
    chance_recall, chance_precision, chance_average_precision
        The same in expectation for a random order.
    recall_curve, chance_curve
        R@1 to R@50, or as far as the gallery goes.
    """

    n_queries: int
    n_unanswerable: int
    ks: tuple[int, ...]
    recall: tuple[Interval, ...]
    precision: tuple[Interval, ...]
    average_precision: Interval
    chance_recall: tuple[float, ...]
    chance_precision: float
    chance_average_precision: float
    recall_curve: tuple[float, ...]
    chance_curve: tuple[float, ...]


def rank(
    similarity: NDArray[np.floating], candidates: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Order the gallery for each query, the most alike first: (q, g).

    What is no candidate comes last; ties keep the gallery's order.
    """
    masked = np.where(candidates, -similarity, np.inf)
    return np.argsort(masked, axis=1, kind="stable")


def neighbours(
    similarity: NDArray[np.floating], candidates: NDArray[np.bool_], k: int
) -> list[list[int]]:
    """Return the k nearest candidates of each query, or as many as there are."""
    order, counts = rank(similarity, candidates), candidates.sum(axis=1)
    return [row[: min(k, n)].tolist() for row, n in zip(order, counts, strict=True)]


def judge(
    similarity: NDArray[np.floating],
    *,
    right: NDArray[np.bool_],
    candidates: NDArray[np.bool_],
    groups: NDArray[np.int64],
    ks: tuple[int, ...],
    drops_unanswerable: bool = True,
) -> RankingFigures:
    """Measure a ranking.

    Parameters
    ----------
    similarity, right, candidates
        (q, g): how alike, whether it is right to find, whether it may be found.
    groups
        (q,): queries of one group are resampled together.
    drops_unanswerable
        Leave out queries without any right candidate; otherwise they count as failed.
    """
    right = right & candidates
    kept = right.any(axis=1) | ~np.asarray(drops_unanswerable) & candidates.any(axis=1)
    similarity, right, candidates = similarity[kept], right[kept], candidates[kept]
    groups = groups[kept]
    hits = np.take_along_axis(right, rank(similarity, candidates), axis=1)
    n_right, n_candidates = right.sum(axis=1), candidates.sum(axis=1)

    def mean(values: NDArray[np.float64]) -> float:
        return float(values.mean()) if len(values) else float("nan")

    curve_ks = range(1, min(CURVE_LENGTH, hits.shape[1]) + 1)
    return RankingFigures(
        n_queries=int(kept.sum()),
        n_unanswerable=int((~kept).sum()),
        ks=ks,
        recall=tuple(bootstrap(recall_at(hits, k), groups) for k in ks),
        precision=tuple(
            bootstrap(precision_at(hits, k, n_candidates), groups) for k in ks
        ),
        average_precision=bootstrap(average_precision(hits), groups),
        chance_recall=tuple(mean(chance_recall(n_right, n_candidates, k)) for k in ks),
        chance_precision=mean(n_right / np.maximum(n_candidates, 1)),
        chance_average_precision=mean(chance_average_precision(n_right, n_candidates)),
        recall_curve=tuple(mean(recall_at(hits, k)) for k in curve_ks),
        chance_curve=tuple(
            mean(chance_recall(n_right, n_candidates, k)) for k in curve_ks
        ),
    )


def recall_at(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Tell for each query whether one of the first k is right: (q,) of 0 and 1."""
    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def precision_at(
    hits: NDArray[np.bool_], k: int, n_candidates: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Measure the share of the first k that is right: (q,).

    Where there are fewer candidates, of those.
    """
    return np.asarray(hits[:, :k].sum(axis=1) / np.clip(n_candidates, 1, k))


def average_precision(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average the precision at every right answer: (q,); 0 where there is none."""
    places = np.arange(1, hits.shape[1] + 1)
    precision = np.cumsum(hits, axis=1) / places
    total = (precision * hits).sum(axis=1)
    return np.asarray(total / np.maximum(hits.sum(axis=1), 1))


def chance_recall(
    n_right: NDArray[np.int64], n_candidates: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """Return the chance that k candidates at random hold a right one: (q,)."""
    n_wrong = n_candidates - n_right
    miss = np.ones(len(n_right))
    for drawn in range(k):
        left = np.maximum(n_candidates - drawn, 1)
        miss *= np.where(drawn < n_candidates, np.maximum(n_wrong - drawn, 0) / left, 1)
    return np.asarray(1.0 - miss)


def chance_average_precision(
    n_right: NDArray[np.int64], n_candidates: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the expected average precision of a random order: (q,).

    At place i stands a right answer with the share R / N of the right ones; then it
    and, of the i - 1 before it, (R - 1) / (N - 1) are right.
    """
    harmonic = np.cumsum(1.0 / np.arange(1, int(n_candidates.max(initial=1)) + 1))
    sum_of_inverses = harmonic[np.maximum(n_candidates, 1) - 1]
    others = (n_right - 1) / np.maximum(n_candidates - 1, 1)
    expected = sum_of_inverses + others * (n_candidates - sum_of_inverses)
    return np.where(n_right > 0, expected / np.maximum(n_candidates, 1), 0.0)


def random_precision(
    right: NDArray[np.bool_], candidates: NDArray[np.bool_], *, seed: int = 0
) -> float:
    """Return the share of right ones among ten drawn at random, over 100 trials.

    The paper's random chance (section 5.4, Table 6: Random-10).
    """
    rng = np.random.default_rng(seed)
    n_drawn = min(N_DRAWN, int(candidates.sum(axis=1).min()))
    shares = []
    for _ in range(N_TRIALS):
        order = rank(rng.random(candidates.shape), candidates)[:, :n_drawn]
        shares.append(np.take_along_axis(right, order, axis=1).mean())
    return float(np.mean(shares))
