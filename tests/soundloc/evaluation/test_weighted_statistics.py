import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundloc.evaluation.analyses.calibration import expected_error
from soundloc.evaluation.measures import measure
from soundloc.evaluation.reporting.figures import figures_of
from soundloc.evaluation.weighted_statistics import auroc, tied_sums, weighted_mean
from tests.soundloc.evaluation.quiz import draw_pair_set, random_predictions

SUMMATION = 1e-9


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1))
@settings(deadline=None, max_examples=60)
def test_equal_values_are_added_up_in_rising_order(rows) -> None:
    values, weights = (
        np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)
    )
    (sums,) = tied_sums(values, weights)
    expected = [
        sum(w for v, w in rows if v == value) for value in sorted({v for v, _ in rows})
    ]
    assert sums.tolist() == expected


def test_a_mean_of_nothing_is_not_a_number() -> None:
    assert np.isnan(weighted_mean(np.zeros(0), np.zeros(0)))
    assert np.isnan(weighted_mean(np.ones(3), np.zeros(3)))


def test_many_resamples_at_once_are_one_after_the_other() -> None:
    measures = measure(random_predictions(draw_pair_set(8), ties=True))
    rng = np.random.default_rng(0)
    times = rng.integers(0, 3, (6, len(measures))).astype(np.float64)
    times[5] = 0.0
    times[5, :3] = 1.0
    figures = figures_of(measures)
    assert len(figures) > 40
    for figure in figures:
        together = figure.of(measures, times)
        apart = [float(figure.of(measures, row)) for row in times]
        assert together == pytest.approx(apart, abs=SUMMATION, nan_ok=True), figure.name
    confidence, right = rng.uniform(size=(2, len(measures)))
    together = expected_error(confidence, right, times[:5])
    apart = [float(expected_error(confidence, right, row)) for row in times[:5]]
    assert together == pytest.approx(apart, abs=SUMMATION)


def test_a_resample_without_a_negative_has_no_auroc() -> None:
    values, positive = np.array([1.0, 2.0]), np.array([True, False])
    found = auroc(values, positive, np.array([[1.0, 1.0], [1.0, 0.0]]))
    assert found[0] == 0.0
    assert np.isnan(found[1])
