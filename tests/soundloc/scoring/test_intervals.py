import numpy as np
import pytest
from scipy.optimize import brentq

from soundloc.scoring.intervals import bootstrap, bootstrap_statistic, share, wilson


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


def test_a_single_group_has_a_mean_and_no_interval() -> None:
    values, groups = np.array([0.2, 0.4]), np.zeros(2, dtype=np.int64)
    for interval in (
        bootstrap(values, groups),
        bootstrap_statistic(lambda times: np.asarray(times @ values / 2), groups),
    ):
        assert interval.mean == pytest.approx(0.3)
        assert np.isnan([interval.low, interval.high]).all()


def test_an_average_of_nothing_is_not_a_number() -> None:
    assert np.isnan(bootstrap(np.array([]), np.array([], dtype=np.int64)).mean)
    assert np.isnan(wilson(0, 0).mean)


def test_a_weighted_mean_has_the_interval_of_the_mean() -> None:
    values = np.random.default_rng(1).uniform(size=90)
    groups = np.arange(90) // 3

    def mean(times: np.ndarray) -> np.ndarray:
        return np.asarray(times @ values / times.sum(-1))

    ours, plain = bootstrap_statistic(mean, groups), bootstrap(values, groups)
    assert ours.mean == pytest.approx(plain.mean)
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high))


def test_the_bootstrap_is_that_of_drawing_groups_one_by_one() -> None:
    rng = np.random.default_rng(4)
    values, groups = rng.uniform(size=30), rng.integers(8, size=30)
    groups[:8] = np.arange(8)
    again = np.random.default_rng(0)
    means = []
    for _ in range(1000):
        rows = [np.flatnonzero(groups == g) for g in again.integers(8, size=8)]
        means.append(values[np.concatenate(rows)].mean())
    interval = bootstrap(values, groups)
    expected = np.percentile(means, (2.5, 97.5)).tolist()
    assert [interval.low, interval.high] == pytest.approx(expected)


def test_where_every_group_fails_the_share_is_still_uncertain() -> None:
    groups = np.arange(60) // 2
    nothing = share(np.zeros(60, dtype=bool), groups)
    assert (nothing.mean, nothing.low, nothing.n) == (0.0, 0.0, 60)
    assert nothing.high == wilson(0, 30).high
    everything = share(np.ones(60, dtype=bool), groups)
    assert (everything.mean, everything.high) == (1.0, 1.0)
    assert everything.low == wilson(30, 30).low
    some = groups % 2 == 0
    assert share(some, groups) == bootstrap(some.astype(np.float64), groups)
    assert share(some, np.arange(60)) == wilson(30, 60)


def test_resamples_without_a_number_are_left_out() -> None:
    values = np.array([0.0, 1.0, 1.0, 0.0])

    def odds(times: np.ndarray) -> np.ndarray:
        right, all_of_them = times @ values, times.sum(-1)
        wrong = np.where(right < all_of_them, all_of_them - right, np.nan)
        return np.asarray(right / wrong)

    interval = bootstrap_statistic(odds, np.arange(4))
    assert interval.mean == 1.0
    assert (interval.low, interval.high) == (0.0, 3.0)
    nowhere = bootstrap_statistic(
        lambda times: np.full(times.shape[:-1], np.nan), np.arange(4)
    )
    assert np.isnan([nowhere.mean, nowhere.low, nowhere.high]).all()


@pytest.mark.parametrize(("n_successes", "n"), [(165, 250), (1, 30), (29, 30)])
def test_wilson_bounds_are_where_the_score_test_just_rejects(n_successes, n) -> None:
    share = n_successes / n

    def excess(p: float) -> float:
        return (share - p) ** 2 - 1.959963984540054**2 * p * (1 - p) / n

    interval = wilson(n_successes, n)
    assert interval.low == pytest.approx(brentq(excess, 1e-12, share))
    assert interval.high == pytest.approx(brentq(excess, share, 1 - 1e-12))


def test_wilson_stays_within_zero_and_one_and_is_open_on_the_other_side() -> None:
    none, every = wilson(0, 20), wilson(20, 20)
    assert (none.mean, none.low) == (0.0, 0.0)
    assert (every.mean, every.high) == (1.0, 1.0)
    assert none.high == pytest.approx(0.1611, abs=1e-4)
    assert every.low == pytest.approx(1 - 0.1611, abs=1e-4)


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="got 4"):
        wilson(4, 3)
