import itertools

import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.director.evidence import STEP_S, gather
from pano.director.published.autocam import (
    ELEVATIONS_DEG,
    MAX_MOVE_DEG,
    autocam,
    best_glimpses,
    glimpse_directions_deg,
    glimpse_scores,
)
from pano.saliency_maps.saliency_map import SaliencyMap, view_coverage
from pano.sphere import Direction, grid_unit_vectors, wrap_deg

HEIGHT, WIDTH = 30, 60
AHEAD = Direction(0.0, 0.0)


def map_of(time_s, center) -> SaliencyMap:
    cosine = grid_unit_vectors(HEIGHT, WIDTH) @ center.unit()
    return SaliencyMap.from_attention(
        np.exp((cosine - 1.0) / np.radians(8.0) ** 2),
        np.zeros((HEIGHT, WIDTH)),
        time_s=time_s,
        confidence=0.8,
        level_db=-20.0,
    )


def test_glimpses_are_the_published_198() -> None:
    found = glimpse_directions_deg()
    assert found.shape == (18 * 11, 2)
    assert sorted(set(found[:, 0])) == list(range(-180, 180, 20))
    assert sorted(set(found[:, 1])) == sorted(ELEVATIONS_DEG)
    assert sorted(ELEVATIONS_DEG) == [-75, -45, -30, -20, -10, 0, 10, 20, 30, 45, 75]


def test_a_score_is_the_mean_saliency_in_the_glimpse() -> None:
    center = Direction(20.0, 10.0)
    maps = [map_of(k * STEP_S, center) for k in range(30)]
    evidence = gather(maps, start=AHEAD)
    directions_deg = glimpse_directions_deg()
    scores = glimpse_scores(evidence, directions_deg)
    assert scores.shape == (2, 198)  # 5 s and the second that is left
    here = np.flatnonzero(np.all(directions_deg == (20.0, 10.0), axis=1))[0]
    coverage = view_coverage(
        evidence.shape, CameraPose(20.0, 10.0), aspect=4 / 3, lens=Lens.RECTILINEAR
    )
    inside = np.sum(maps[0].masses() * coverage)
    np.testing.assert_allclose(scores[:, here], inside, rtol=2e-3)
    assert scores[0].max() <= inside + 1e-3


def test_the_chain_is_the_best_of_all_possible() -> None:
    directions_deg = np.array(
        [[-180.0, 0.0], [160.0, 0.0], [120.0, 0.0], [0.0, 30.0], [160.0, 30.0]]
    )
    scores = np.random.default_rng(0).random((4, len(directions_deg)))

    def is_allowed(one, other) -> bool:
        azimuth_deg, elevation_deg = directions_deg[one] - directions_deg[other]
        return abs(wrap_deg(azimuth_deg)) <= 30.0 and abs(elevation_deg) <= 30.0

    def value(chain) -> float:
        if not all(itertools.starmap(is_allowed, itertools.pairwise(chain))):
            return -np.inf
        return sum(scores[step, glimpse] for step, glimpse in enumerate(chain))

    best = max(itertools.product(range(5), repeat=4), key=value)
    chosen = best_glimpses(scores, directions_deg, start_deg=(0.0, 0.0))
    assert tuple(chosen) == best


def test_no_move_is_larger_than_thirty_degrees() -> None:
    directions_deg = glimpse_directions_deg()
    scores = np.random.default_rng(1).random((20, len(directions_deg)))
    chosen = directions_deg[best_glimpses(scores, directions_deg, start_deg=(0.0, 0.0))]
    moves_deg = np.diff(chosen, axis=0)
    assert np.abs(wrap_deg(moves_deg[:, 0])).max() <= MAX_MOVE_DEG
    assert np.abs(moves_deg[:, 1]).max() <= MAX_MOVE_DEG


def test_between_centres_the_camera_turns_at_constant_speed_over_the_seam() -> None:
    maps = [
        map_of(k * STEP_S, Direction(160.0 if k < 25 else -180.0, 0.0))
        for k in range(50)
    ]
    targets = autocam(gather(maps, start=AHEAD))
    between = targets.yaw_deg[13:37]  # 2.5 s to 7.5 s, the glimpses' centres
    np.testing.assert_allclose(np.diff(between), np.diff(between)[0], atol=1e-9)
    turned = wrap_deg(targets.yaw_deg[-1] - targets.yaw_deg[0])
    assert turned == pytest.approx(20.0)


def test_a_turned_scene_has_turned_glimpses() -> None:
    plain = glimpse_directions_deg()
    turned = glimpse_directions_deg(6.0)
    np.testing.assert_allclose(wrap_deg(turned[:, 0] - 6.0 - plain[:, 0]), 0.0)
