from __future__ import annotations

import numpy as np
import pytest

from pano.saliency_maps.rivals import APART_DEG, find_rivals
from pano.saliency_maps.saliency_map import UNIFORM_DENSITY_PER_SR
from pano.sphere import Direction, angle_between_deg, grid_unit_vectors

SHAPE = (30, 60)
# Half a cell's diagonal.
CELL_DEG = 4.3


def blobs(*places: tuple[float, float, float]) -> np.ndarray:
    """Draw spots of 10° at yaw, pitch with a height, on a uniform ground."""
    units = grid_unit_vectors(*SHAPE)
    density = np.full(SHAPE, 0.2 * UNIFORM_DENSITY_PER_SR)
    for yaw_deg, pitch_deg, height in places:
        cosine = units @ Direction(yaw_deg, pitch_deg).unit()
        density += height * np.exp((cosine - 1.0) / (1.0 - np.cos(np.radians(10.0))))
    return density


@pytest.mark.parametrize("best", [(0.0, 0.0), (179.0, 10.0), (40.0, 80.0)])
def test_the_two_best_places_are_found_anywhere_on_the_sphere(best):
    second = (best[0] + 150.0, -30.0)
    rivals = find_rivals(blobs((*best, 3.0), (*second, 2.0)))
    assert angle_between_deg(rivals.best, Direction(*best)) < CELL_DEG
    assert angle_between_deg(rivals.second, Direction(*second)) < CELL_DEG
    assert rivals.best_share > rivals.second_share > 0.0


def test_equal_places_are_a_close_call_and_unequal_ones_are_not():
    assert find_rivals(blobs((0.0, 0.0, 3.0), (120.0, 0.0, 2.8))).is_close
    assert not find_rivals(blobs((0.0, 0.0, 3.0), (120.0, 0.0, 1.0))).is_close


def test_places_in_one_view_are_no_alternatives():
    rivals = find_rivals(blobs((0.0, 0.0, 3.0), (30.0, 0.0, 3.0)))
    assert not rivals.is_close
    assert angle_between_deg(rivals.best, rivals.second) >= APART_DEG


def test_a_map_that_knows_nothing_has_no_close_call():
    uniform = np.full(SHAPE, UNIFORM_DENSITY_PER_SR)
    rivals = find_rivals(uniform)
    assert (rivals.best_share, rivals.second_share) == (0.0, 0.0)
    assert not rivals.is_close
