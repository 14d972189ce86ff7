import itertools
import math

import numpy as np
import pytest

from pano.director.viewing import view_dynamic_program
from pano.director.viewing.view_dynamic_program import ViewDynamicProgram, ViewPlan
from pano.director.viewing.view_grid import ViewGrid
from pano.director.wishes import CutRules
from pano.sphere import unit_vectors

STEP_S = 0.4
YAWS_DEG = np.array([0.0, 12.0, 24.0, 90.0])
APART_DEG = np.abs(YAWS_DEG[:, None] - YAWS_DEG[None, :])
FREE = np.zeros(len(YAWS_DEG))


def program_of(n_lenses=1, **rules) -> ViewDynamicProgram:
    footprints = np.zeros((n_lenses, len(YAWS_DEG), 1), dtype=np.float32)
    grid = ViewGrid(
        hfov_deg=np.linspace(80.0, 40.0, n_lenses),
        units=unit_vectors(YAWS_DEG, 0.0),
        coverage=footprints,
        worth=footprints,
        apart_deg=APART_DEG,
    )
    cuts = CutRules(**{"cost_s": math.inf} | rules)
    return ViewDynamicProgram(grid, step_s=STEP_S, reach_deg=12.5, cuts=cuts)


def decided(program, gains, **named) -> ViewPlan:
    return program.decide(
        lambda begin, end: gains[begin:end], len(gains), start_costs=FREE, **named
    )


def brute_force(gains, n_ages, cut_cost) -> float:
    """The value of the best plan of all, by trying every one."""
    best = -np.inf
    for plan in itertools.product(range(len(YAWS_DEG)), repeat=len(gains)):
        value, age = gains[0, 0, plan[0]], 1
        for step, (one, other) in enumerate(itertools.pairwise(plan), start=1):
            value += gains[step, 0, other]
            if APART_DEG[one, other] <= 12.5:
                value -= 0.01 * APART_DEG[one, other]
                age += 1
            elif APART_DEG[one, other] >= 40.0 and age >= n_ages:
                value -= cut_cost
                age = 1
            else:
                value = -np.inf
        best = max(best, value)
    return best


def value_of(plan, gains, cut_cost) -> float:
    moves = APART_DEG[plan.views[:-1], plan.views[1:]]
    turned = 0.01 * moves[~plan.is_cut[1:]].sum()
    shown = gains[np.arange(len(gains)), plan.lenses, plan.views].sum()
    return shown - turned - cut_cost * plan.is_cut.sum()


@pytest.mark.parametrize("seed", range(5))
def test_the_plan_is_the_best_of_all_possible(seed) -> None:
    gains = np.random.default_rng(seed).random((6, 1, len(YAWS_DEG)))
    plan = decided(program_of(cost_s=0.3, min_shot_s=2 * STEP_S), gains)
    best = brute_force(gains, n_ages=2, cut_cost=0.3)
    assert value_of(plan, gains, 0.3) == pytest.approx(best)


def far_then_near() -> np.ndarray:
    gains = np.zeros((40, 1, len(YAWS_DEG)))
    gains[:20, 0, 0] = STEP_S
    gains[20:, 0, 3] = STEP_S
    return gains


def test_without_leave_to_cut_the_gap_is_never_jumped() -> None:
    plan = decided(program_of(), far_then_near())
    assert not plan.is_cut.any()
    assert len({bool(view == 3) for view in plan.views}) == 1


def test_a_far_change_that_lasts_is_cut_to() -> None:
    plan = decided(program_of(cost_s=1.0), far_then_near())
    assert list(np.flatnonzero(plan.is_cut)) == [20]


def test_a_near_change_is_turned_to() -> None:
    gains = far_then_near()[..., [0, 3, 1, 2]]  # now the second is 12° away
    plan = decided(program_of(cost_s=1.0), gains)
    assert not plan.is_cut.any()
    assert (plan.views[0], plan.views[-1]) == (0, 1)


def test_no_shot_is_shorter_than_the_rule() -> None:
    gains = np.zeros((60, 1, len(YAWS_DEG)))
    is_near = np.arange(60) // 3 % 2 == 0
    gains[is_near, 0, 0] = gains[~is_near, 0, 3] = STEP_S
    plan = decided(program_of(cost_s=0.0, min_shot_s=2.0), gains)
    begins = np.flatnonzero(plan.is_cut)
    assert len(begins) > 2
    assert np.diff(begins, prepend=0).min() * STEP_S >= 2.0


def test_where_the_source_cuts_any_view_is_free() -> None:
    plan = decided(program_of(), far_then_near(), source_cuts={20})
    np.testing.assert_array_equal(plan.views, [0] * 20 + [3] * 20)
    assert list(np.flatnonzero(plan.is_cut)) == [20]


def test_without_any_gain_nothing_moves() -> None:
    plan = decided(program_of(3, cost_s=1.0), np.zeros((30, 3, len(YAWS_DEG))))
    assert np.ptp(plan.views) == 0
    assert np.ptp(plan.lenses) == 0
    assert not plan.is_cut.any()


def test_zooming_costs_and_is_done_when_it_pays() -> None:
    gains = np.zeros((40, 2, len(YAWS_DEG)))
    gains[:, 0] = 0.5 * STEP_S
    gains[10:12, 1] = gains[20:, 1] = STEP_S
    plan = decided(program_of(2), gains)
    np.testing.assert_array_equal(plan.lenses, [0] * 20 + [1] * 20)


def test_windows_decide_as_one_program_does(monkeypatch) -> None:
    rng = np.random.default_rng(3)
    gains = np.repeat(rng.random((25, 1, len(YAWS_DEG))), 8, axis=0)
    program = program_of(cost_s=1.0)
    at_once = decided(program, gains)
    monkeypatch.setattr(view_dynamic_program, "_WINDOW", 80)
    monkeypatch.setattr(view_dynamic_program, "_SETTLED", 40)
    in_windows = decided(program, gains)
    np.testing.assert_array_equal(in_windows.views, at_once.views)
    np.testing.assert_array_equal(in_windows.is_cut, at_once.is_cut)


@pytest.mark.parametrize("cost_s", [math.inf, 5.0])
def test_a_cut_that_is_asked_for_shows_another_view(cost_s) -> None:
    gains = np.zeros((40, 1, len(YAWS_DEG)))
    gains[:, 0, 0] = STEP_S
    plan = decided(program_of(cost_s=cost_s), gains, asked_cuts={20})
    np.testing.assert_array_equal(plan.views[19:21], [0, 3])
    assert 20 in np.flatnonzero(plan.is_cut)


def test_a_cut_that_is_asked_for_goes_where_a_pin_says() -> None:
    gains = np.zeros((40, 1, len(YAWS_DEG)))
    gains[:, 0, 0] = STEP_S
    gains[20:23] -= 100.0
    gains[20:23, 0, 2] += 100.0
    plan = decided(program_of(), gains, asked_cuts={20})
    np.testing.assert_array_equal(plan.views[19:21], [0, 2])


def test_where_no_cut_is_allowed_another_moment_is_found() -> None:
    plan = decided(program_of(cost_s=1.0), far_then_near(), uncut=set(range(15, 26)))
    (step,) = np.flatnonzero(plan.is_cut)
    assert step in (14, 26)
