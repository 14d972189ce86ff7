import numpy as np
import pytest

from pano.metrics.saliency_scores import (
    SaliencyScores,
    Weighting,
    auc_borji,
    auc_judd,
    cell_weights,
    correlation,
    divergence,
    mean_scores,
    nss,
    saliency_scores,
    similarity,
)
from pano.sphere import Direction, grid_unit_vectors, unit_vectors

SHAPE = (30, 60)
BOTH = list(Weighting)


def blob(direction, spread_deg=15.0) -> np.ndarray:
    cosine = grid_unit_vectors(*SHAPE) @ direction.unit()
    return np.exp((cosine - 1.0) / np.radians(spread_deg) ** 2)


def scores(saliency, fixations, truth, weighting) -> SaliencyScores:
    rng = np.random.default_rng(0)
    return saliency_scores(saliency, fixations, truth, weighting=weighting, rng=rng)


@pytest.mark.parametrize("weighting", BOTH)
def test_a_perfect_map_has_perfect_scores(weighting) -> None:
    where = Direction(170.0, 40.0)
    truth = blob(where)
    found = scores(truth, where.unit()[None], truth, weighting)
    assert found.auc_judd > 0.99
    assert found.auc_borji > 0.99
    assert found.nss > 2.0
    assert found.cc == pytest.approx(1.0)
    assert found.sim == pytest.approx(1.0)
    assert found.kld == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("weighting", BOTH)
def test_a_flat_map_is_chance_and_correlates_with_nothing(weighting) -> None:
    where = Direction(0.0, 0.0)
    found = scores(np.full(SHAPE, 0.3), where.unit()[None], blob(where), weighting)
    assert found.auc_judd == pytest.approx(0.5)
    assert found.auc_borji == pytest.approx(0.5)
    assert np.isnan(found.nss)
    assert np.isnan(found.cc)
    assert found.sim == 0.0
    assert found.kld > 0.0


def test_random_maps_are_chance_on_average() -> None:
    rng = np.random.default_rng(1)
    fixations = unit_vectors(rng.uniform(-180, 180, 400), rng.uniform(-60, 60, 400))
    saliency = rng.random(SHAPE)
    weights = cell_weights(SHAPE, Weighting.NONE)
    assert auc_judd(saliency, fixations, weights) == pytest.approx(0.5, abs=0.05)
    found = auc_borji(saliency, fixations, weights, rng=rng)
    assert found == pytest.approx(0.5, abs=0.05)
    assert nss(saliency, fixations, weights) == pytest.approx(0.0, abs=0.15)


def test_solid_angles_measure_a_cap_truly() -> None:
    inside = grid_unit_vectors(180, 360) @ Direction(0.0, 90.0).unit()
    is_cap = inside >= np.cos(np.radians(30.0))
    exact = (1.0 - np.cos(np.radians(30.0))) / 2.0
    solid = cell_weights((180, 360), Weighting.SOLID_ANGLE)[is_cap].sum()
    assert solid == pytest.approx(exact, rel=0.02)
    plain = cell_weights((180, 360), Weighting.NONE)[is_cap].sum()
    assert plain == pytest.approx(30.0 / 180.0)


def test_measures_of_two_cells_by_hand() -> None:
    weights = np.array([[0.25, 0.75]])
    saliency, truth = np.array([[1.0, 1.0]]), np.array([[3.0, 1.0]])
    # p = (½, ½), q = (¼, ¾)
    expected = 0.5 * np.log(2.0) + 0.5 * np.log(2.0 / 3.0)
    assert divergence(saliency, truth, weights) == pytest.approx(expected)
    assert similarity(truth, np.array([[0.0, 5.0]]), weights) == 0.0
    assert correlation(truth, -truth, weights) == pytest.approx(-1.0)


def test_auc_counts_ties_half() -> None:
    # One fixation at value 2 against the cells 1, 2 and 3.
    saliency = np.array([[2.0, 1.0, 2.0, 3.0]])
    fixation = unit_vectors(-135.0, 0.0)[None]
    weights = cell_weights(saliency.shape, Weighting.NONE)
    assert auc_judd(saliency, fixation, weights) == pytest.approx(0.5)


def test_means_leave_out_what_has_no_value() -> None:
    one = SaliencyScores(0.5, 0.5, np.nan, np.nan, 0.2, 1.0)
    other = SaliencyScores(0.7, 0.5, 2.0, np.nan, 0.4, 3.0)
    found = mean_scores([one, other])
    assert found.auc_judd == pytest.approx(0.6)
    assert found.nss == 2.0
    assert np.isnan(found.cc)
    assert found.kld == 2.0
