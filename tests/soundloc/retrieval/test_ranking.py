"""Every figure against the same figure counted by hand, one query at a time."""

from itertools import combinations, permutations

import numpy as np
import pytest

from soundloc.retrieval.ranking import (
    average_precision,
    chance_average_precision,
    chance_recall,
    judge,
    neighbours,
    precision_at,
    random_precision,
    rank,
    recall_at,
)


def draw(n_queries: int = 13, n_gallery: int = 9, *, seed: int = 0):
    rng = np.random.default_rng(seed)
    queries = rng.standard_normal((n_queries, 4))
    gallery = rng.standard_normal((n_gallery, 4))
    right = rng.random((n_queries, n_gallery)) < 0.3
    candidates = rng.random((n_queries, n_gallery)) < 0.8
    candidates[:, 0] = True
    return queries, gallery, right, candidates


def cosines(queries, gallery):
    return np.array(
        [
            [q @ g / (np.linalg.norm(q) * np.linalg.norm(g)) for g in gallery]
            for q in queries
        ]
    )


def neighbours_by_distance(query, gallery, candidates) -> list[int]:
    """Sort candidates by cosine distance, one by one."""
    distances = {
        j: 1.0 - query @ g / np.sqrt((query @ query) * (g @ g))
        for j, g in enumerate(gallery)
        if candidates[j]
    }
    return sorted(distances, key=lambda j: distances[j])


def naive_average_precision(found: list[bool]) -> float:
    n_right, total = 0, 0.0
    for place, is_right in enumerate(found, start=1):
        if is_right:
            n_right += 1
            total += n_right / place
    return total / n_right if n_right else 0.0


@pytest.mark.parametrize("k", [1, 3, 9, 20])
def test_neighbours_are_those_of_the_smallest_cosine_distance(k: int) -> None:
    queries, gallery, _, candidates = draw()
    found = neighbours(cosines(queries, gallery), candidates, k)
    for query, allowed, row in zip(queries, candidates, found, strict=True):
        assert row == neighbours_by_distance(query, gallery, allowed)[:k]


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_every_figure_agrees_with_counting_query_by_query(k: int) -> None:
    queries, gallery, right, candidates = draw()
    figures = judge(
        cosines(queries, gallery),
        right=right,
        candidates=candidates,
        groups=np.arange(len(queries)),
        ks=(k,),
    )
    recalls, precisions, averages = [], [], []
    for query, allowed, rights in zip(queries, candidates, right, strict=True):
        order = neighbours_by_distance(query, gallery, allowed)
        found = [bool(rights[j]) for j in order]
        if not any(found):
            continue
        recalls.append(any(found[:k]))
        precisions.append(sum(found[:k]) / len(found[:k]))
        averages.append(naive_average_precision(found))
    assert figures.n_queries == len(recalls)
    assert figures.n_unanswerable == len(queries) - len(recalls)
    assert figures.recall[0].mean == pytest.approx(np.mean(recalls))
    assert figures.precision[0].mean == pytest.approx(np.mean(precisions))
    assert figures.average_precision.mean == pytest.approx(np.mean(averages))
    assert figures.recall_curve[k - 1] == pytest.approx(np.mean(recalls))


def test_a_query_with_nothing_right_can_count_as_failed() -> None:
    similarity = np.array([[0.9, 0.1], [0.2, 0.8]])
    right = np.array([[True, False], [False, False]])
    figures = judge(
        similarity,
        right=right,
        candidates=np.ones((2, 2), dtype=bool),
        groups=np.arange(2),
        ks=(1,),
        drops_unanswerable=False,
    )
    assert (figures.n_queries, figures.n_unanswerable) == (2, 0)
    assert figures.recall[0].mean == pytest.approx(0.5)
    assert figures.average_precision.mean == pytest.approx(0.5)


def test_what_may_not_be_found_is_neither_right_nor_in_the_way() -> None:
    similarity = np.array([[0.9, 0.5, 0.1]])
    right = np.array([[True, False, True]])
    candidates = np.array([[False, True, True]])
    hits = np.take_along_axis(right & candidates, rank(similarity, candidates), axis=1)
    assert hits.tolist() == [[False, True, False]]
    assert average_precision(hits).tolist() == [0.5]
    assert precision_at(hits, 10, np.array([2])).tolist() == [0.5]
    assert recall_at(hits, 1).tolist() == [0.0]


@pytest.mark.parametrize(("n_right", "n", "k"), [(2, 6, 3), (1, 5, 5), (0, 4, 2)])
def test_the_chance_of_recall_counts_all_draws(n_right: int, n: int, k: int) -> None:
    draws = list(combinations(range(n), k))
    share = np.mean([any(i < n_right for i in draw) for draw in draws])
    chance = chance_recall(np.array([n_right]), np.array([n]), k)
    assert chance[0] == pytest.approx(share)


def test_the_chance_of_recall_is_certain_beyond_the_gallery() -> None:
    assert chance_recall(np.array([1]), np.array([3]), 7)[0] == 1.0


@pytest.mark.parametrize(("n_right", "n"), [(1, 4), (2, 6), (4, 6), (6, 6), (1, 1)])
def test_the_chance_of_average_precision_counts_all_orders(
    n_right: int, n: int
) -> None:
    expected = np.mean(
        [
            naive_average_precision([i < n_right for i in order])
            for order in permutations(range(n))
        ]
    )
    chance = chance_average_precision(np.array([n_right]), np.array([n]))
    assert chance[0] == pytest.approx(expected)


def test_the_papers_random_chance_nears_the_share_of_right_ones() -> None:
    rng = np.random.default_rng(4)
    right = rng.random((40, 60)) < 0.38
    candidates = np.ones_like(right)
    # 100 × 40 × 10 draws: a standard error of 0.0024.
    assert random_precision(right, candidates) == pytest.approx(right.mean(), abs=0.01)


def test_intervals_hold_groups_together() -> None:
    # Ten times the same query is one query.
    similarity = np.tile([[0.9, 0.1], [0.1, 0.9]], (10, 1))
    right = np.tile([[True, False], [True, False]], (10, 1))
    figures = judge(
        similarity,
        right=right,
        candidates=np.ones_like(right),
        groups=np.tile([0, 1], 10),
        ks=(1,),
    )
    assert (figures.recall[0].low, figures.recall[0].high) == (0.0, 1.0)
