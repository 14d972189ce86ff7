import numpy as np
import pytest

from pano.director.wishes import CutRules, NeverRegion, OneShot, Pin, Wishes
from pano.sphere import Direction, unit_vectors

VIEWS = unit_vectors(np.array([0.0, 20.0, 60.0, 180.0]), 0.0)


def test_a_region_is_a_cap_over_the_seam() -> None:
    wishes = Wishes(never=(NeverRegion(Direction(175.0, 0.0), 10.0),))
    units = unit_vectors(np.array([166.0, 164.0, -176.0, -174.0]), 0.0)
    assert list(wishes.forbids(units)) == [True, False, True, False]


def test_what_lies_in_a_region_is_not_heard() -> None:
    wishes = Wishes(never=(NeverRegion(Direction(0.0, 90.0), 45.0),))
    heard = wishes.heard_cells((8, 16))
    np.testing.assert_array_equal(heard[:2], 0.0)
    np.testing.assert_array_equal(heard[2:], 1.0)


def test_views_near_a_region_cost_and_others_do_not() -> None:
    wishes = Wishes(never=(NeverRegion(Direction(0.0, 0.0), 15.0),))
    costs = wishes.costs(VIEWS, np.array([0.0, 9.0]), 0.4)
    assert np.all(costs[:, :2] > 0.0)
    np.testing.assert_array_equal(costs[:, 2:], 0.0)


def test_a_pin_costs_by_the_angle_at_its_time_alone() -> None:
    wishes = Wishes(pins=(Pin(5.0, Direction(20.0, 0.0)),))
    costs = wishes.costs(VIEWS, np.array([3.0, 5.0, 7.0]), 0.4)
    np.testing.assert_allclose(costs[1], [20.0, 0.0, 40.0, 160.0], atol=1e-6)
    np.testing.assert_array_equal(costs[[0, 2]], 0.0)


def test_wishes_turn_with_the_scene() -> None:
    wishes = Wishes(
        (Pin(1.0, Direction(170.0, 5.0)),), (NeverRegion(Direction(0.0, 0.0), 9.0),)
    )
    turned = wishes.turned(30.0)
    assert turned.pins[0] == Pin(1.0, Direction(-160.0, 5.0))
    assert turned.never[0] == NeverRegion(Direction(30.0, 0.0), 9.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Pin(np.nan, Direction(0.0, 0.0)), "time_s must be finite, got nan"),
        (lambda: NeverRegion(Direction(0.0, 0.0), 0.0), "radius_deg must be in"),
        (lambda: CutRules(min_shot_s=-1.0), "min_shot_s must be ≥ 0, got -1"),
        (lambda: CutRules(asked_s=(np.inf,)), "cut's time must be finite, got inf"),
        (lambda: OneShot(2.0, 2.0), "must begin before it ends, got 2.0 to 2.0"),
        (lambda: OneShot(2.0, np.nan), "must begin before it ends, got 2.0 to nan"),
    ],
)
def test_nonsense_is_refused(make, words) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_rules_move_in_time_with_all_their_moments() -> None:
    rules = CutRules(
        source_cuts_s=(1.0,), asked_s=(2.0,), one_shots=(OneShot(3.0, 4.0),)
    )
    assert rules.later(10.0) == CutRules(
        source_cuts_s=(11.0,), asked_s=(12.0,), one_shots=(OneShot(13.0, 14.0),)
    )


def test_inside_one_shot_no_cut_is_allowed_and_at_its_ends_it_is() -> None:
    rules = CutRules(one_shots=(OneShot(3.0, 4.0),))
    assert [rules.forbid(time_s) for time_s in (3.0, 3.1, 4.0)] == [False, True, False]
