import itertools

import numpy as np
import pytest

from pano.director.published import kang_cho as kc
from pano.director.published.trivial import centroid, kang_cho_path, still
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, great_circle_deg, grid_unit_vectors, unit_vectors

SHAPE = (30, 60)


def maps_of(where, n=90) -> list[SaliencyMap]:
    units = grid_unit_vectors(*SHAPE)
    maps = []
    for k in range(n):
        blob = np.exp((units @ where(k / 30.0).unit() - 1.0) / np.radians(9.0) ** 2)
        maps.append(
            SaliencyMap.from_attention(
                blob,
                np.zeros(SHAPE),
                time_s=k / 30.0,
                confidence=0.8,
                level_db=-20.0,
            )
        )
    return maps


def walk(time_s: float) -> Direction:
    return Direction(165.0 + 10.0 * time_s, 10.0)


@pytest.mark.parametrize("method", [centroid, kang_cho_path])
def test_baselines_follow_a_walker_over_the_seam(method) -> None:
    path = method(maps_of(walk))
    truth = np.array([walk(t).unit() for t in path.time_s])
    axes = unit_vectors(path.yaw_deg, path.pitch_deg)
    assert great_circle_deg(axes, truth).max() < 15.0
    assert np.abs(np.diff(path.yaw_deg)).max() < 10.0


def test_the_centroid_of_two_is_between_them() -> None:
    def pair(time_s: float) -> Direction:
        return Direction(-40.0 if round(time_s * 30.0) % 2 else 40.0, 0.0)

    path = centroid(maps_of(pair))
    np.testing.assert_allclose(path.yaw_deg[30:60], 0.0, atol=1.0)


def test_a_still_camera_stays() -> None:
    path = still(np.arange(4.0), -160.0)
    np.testing.assert_array_equal(path.yaw_deg, -160.0)


def test_the_initial_path_is_the_best_of_all_possible(monkeypatch) -> None:
    monkeypatch.setattr(kc, "MAP_SHAPE", (2, 5))
    monkeypatch.setattr(kc, "_REACH_PX", 1)
    saliency = np.random.default_rng(0).random((4, 2, 5)).astype(np.float32)
    cells = list(np.ndindex(2, 5))

    def energy(plan) -> float:
        total = sum(1.0 - saliency[key][cell] for key, cell in enumerate(plan))
        for (row, column), (next_row, next_column) in itertools.pairwise(plan):
            across = abs((next_column - column + 2) % 5 - 2)
            if across > 1 or abs(next_row - row) > 1:
                return np.inf
            total += 0.1 * (across + abs(next_row - row))
        return total

    best = min(itertools.product(cells, repeat=4), key=energy)
    rows, columns = kc.initial_path(saliency)
    found = list(zip(rows.tolist(), columns.tolist(), strict=True))
    assert energy(found) == pytest.approx(energy(best), abs=1e-5)


def test_smoothing_solves_the_papers_quadratic() -> None:
    points = np.random.default_rng(1).normal(size=(12, 2))
    first, second = np.diff(np.eye(12), axis=0), np.diff(np.eye(12), n=2, axis=0)
    matrix = np.eye(12) + 200.0 * first.T @ first + 2e4 * second.T @ second
    expected = np.linalg.solve(matrix, points)
    np.testing.assert_allclose(kc.smoothed(points), expected, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_shortest_clips_are_smoothed_too(n) -> None:
    np.testing.assert_allclose(kc.smoothed(np.full((n, 2), 7.0)), 7.0)
