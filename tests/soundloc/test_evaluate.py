import numpy as np
import pytest

from soundloc.evaluate import auroc, bootstrap


def test_auroc_counts_the_pairs_in_order() -> None:
    # Of 2 × 3 pairs, 4 are in order and one is a tie.
    assert auroc([0.9, 0.4], [0.1, 0.4, 0.6]) == pytest.approx(4.5 / 6)


def test_auroc_of_nothing_is_not_a_number() -> None:
    assert np.isnan(auroc([], [0.5]))


def test_the_interval_holds_the_mean() -> None:
    values = np.random.default_rng(0).uniform(size=200)
    interval = bootstrap(values, np.arange(200) // 2)
    assert interval.low < interval.mean < interval.high
    assert interval.mean == pytest.approx(values.mean())
    # The standard error of a mean of 200 uniform values is 0.0204.
    assert interval.high - interval.low == pytest.approx(4 * 0.0204, rel=0.25)


def test_measurements_of_one_picture_are_resampled_together() -> None:
    values = np.repeat([0.0, 1.0], 50)
    apart = bootstrap(values, np.arange(100))
    together = bootstrap(values, np.repeat([0, 1], 50))
    assert together.high - together.low > 5 * (apart.high - apart.low)
