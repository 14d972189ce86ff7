import numpy as np
import pytest

from pano.director.evidence import STEP_S, gather
from pano.saliency_maps.saliency_map import SILENCE_DB, SaliencyMap
from pano.sphere import Direction, grid_unit_vectors

HEIGHT, WIDTH = 30, 60
AHEAD = Direction(0.0, 0.0)
# Maps are kept in half precision.
HALF = 2e-3


def map_at(time_s, yaw_deg=0.0, **changes) -> SaliencyMap:
    cosine = grid_unit_vectors(HEIGHT, WIDTH) @ Direction(yaw_deg, 0.0).unit()
    attention = np.exp((cosine - 1.0) / np.radians(10.0) ** 2)
    values = {"confidence": 0.8, "level_db": -20.0} | changes
    return SaliencyMap.from_attention(
        attention, np.zeros((HEIGHT, WIDTH)), time_s=time_s, **values
    )


def flat_at(time_s) -> SaliencyMap:
    ones = np.ones((HEIGHT, WIDTH))
    return SaliencyMap.from_attention(
        ones, ones, time_s=time_s, confidence=0.8, level_db=-20.0
    )


def test_thirty_maps_a_second_become_five() -> None:
    found = gather((map_at(7.0 + k / 30.0) for k in range(61)), start=AHEAD)
    assert len(found) == 11
    assert (found.first_s, found.last_s) == (7.0, 9.0)
    np.testing.assert_allclose(found.weight, 1.0)


def test_masses_sum_to_one() -> None:
    found = gather([map_at(0.0)], start=AHEAD)
    assert found.masses(0, 1).sum() == pytest.approx(1.0, abs=HALF)
    assert found.excess_masses(0, 1).sum() == pytest.approx(1.0, abs=HALF)


def test_a_flat_map_is_no_evidence() -> None:
    found = gather([map_at(0.0), flat_at(STEP_S)], start=AHEAD)
    np.testing.assert_array_equal(found.weight, [1.0, 0.0])


def test_a_silent_clip_is_no_evidence() -> None:
    maps = [map_at(k * STEP_S, level_db=SILENCE_DB) for k in range(3)]
    assert np.all(gather(maps, start=AHEAD).weight == 0.0)


def test_what_is_far_quieter_than_the_clip_is_no_evidence() -> None:
    levels_db = [-10.0, -10.0, -25.0, -58.0]
    maps = [map_at(k * STEP_S, level_db=level) for k, level in enumerate(levels_db)]
    np.testing.assert_array_equal(gather(maps, start=AHEAD).weight, [1, 1, 1, 0])


def test_a_quiet_clip_is_judged_by_its_own_loudness() -> None:
    maps = [map_at(k * STEP_S, level_db=-55.0) for k in range(3)]
    assert np.all(gather(maps, start=AHEAD).weight == 1.0)


def test_the_best_moment_of_a_doubtful_clip_stays_doubtful() -> None:
    maps = [map_at(k * STEP_S, confidence=0.15 / 16) for k in range(3)]
    np.testing.assert_allclose(gather(maps, start=AHEAD).weight, 0.25)


def test_a_short_gap_keeps_the_last_map_and_a_long_one_is_no_evidence() -> None:
    maps = [map_at(0.0), map_at(10 * STEP_S, yaw_deg=90.0)]
    found = gather(maps, start=AHEAD)
    np.testing.assert_array_equal(found.weight, [1] * 6 + [0] * 4 + [1])
    np.testing.assert_array_equal(found.densities(9, 10), found.densities(0, 1))


def test_maps_are_turned_by_whole_cells_towards_the_start() -> None:
    found = gather([map_at(0.0, 60.0)], start=Direction(61.0, 5.0))
    plain = gather([map_at(0.0, 0.0)], start=AHEAD)
    np.testing.assert_allclose(found.layers, plain.layers, atol=HALF)
    assert found.base_yaw_deg == 60.0
    assert found.start == Direction(1.0, 5.0)


def test_no_map_is_refused() -> None:
    with pytest.raises(ValueError, match="no map"):
        gather([], start=AHEAD)


def test_maps_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="order of time"):
        gather([map_at(5.0), map_at(6.0), map_at(5.5)], start=AHEAD)
