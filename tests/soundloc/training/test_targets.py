import numpy as np
import pytest

from soundloc.data.pairs import Opinion, PlacedObject
from soundloc.training.targets import cell_coverage, consensus_coverage, random_opinion

LEFT, RIGHT, ALL = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0)


def test_coverage_is_the_share_of_each_cell() -> None:
    # A box over the left half of cell (0, 0) and all of cell (1, 0) of a 2 × 2 grid.
    covered = cell_coverage(((0.0, 0.0, 0.25, 1.0),), 2, 2)
    assert covered == pytest.approx(np.array([[0.5, 0.0], [0.5, 0.0]]))


def test_a_wrapping_box_covers_both_edges() -> None:
    covered = cell_coverage(((0.75, 0.0, 0.25, 1.0),), 1, 4)
    assert covered == pytest.approx(np.array([[0.5, 0.0, 0.0, 0.5]]))


def test_no_box_covers_nothing() -> None:
    assert not cell_coverage((), 3, 3).any()


def test_two_of_three_subjects_decide() -> None:
    opinions = tuple(Opinion((box,)) for box in (LEFT, LEFT, ALL))
    place = consensus_coverage(PlacedObject("dog", opinions=opinions), 1, 2)
    assert place == pytest.approx(np.array([[1.0, 0.5]]) / 1.5)


def test_a_lone_subject_is_the_consensus() -> None:
    place = consensus_coverage(PlacedObject("dog", (RIGHT,)), 1, 2)
    assert place == pytest.approx(np.array([[0.0, 1.0]]))


def test_a_random_opinion_is_one_of_them_and_each_comes_up() -> None:
    placed = PlacedObject("dog", opinions=(Opinion((LEFT,)), Opinion((RIGHT,))))
    rng = np.random.default_rng(0)
    drawn = [tuple(random_opinion(placed, 1, 2, rng)[0]) for _ in range(20)]
    assert set(drawn) == {(1.0, 0.0), (0.0, 1.0)}


def test_without_a_place_there_is_no_opinion() -> None:
    nothing = random_opinion(PlacedObject("dog"), 1, 2, np.random.default_rng(0))
    assert not nothing.any()
