import numpy as np

from pano.director.viewing.turn_timing import Turn, find_turns

STRIDE, STEP_S = 2, 0.2
APART_DEG = np.abs(np.subtract.outer(12.0 * np.arange(8), 12.0 * np.arange(8)))
# View 0 for four seconds, then 12° a decision to view 5.
VIEWS = np.repeat([0] * 10 + [1, 2, 3, 4] + [5] * 20, STRIDE)
LEFT, ARRIVED = 20, 28


def found(views, evidence) -> list[Turn]:
    """Turns among views of which each shows what `evidence` (n, 8) says."""
    turns = find_turns(
        views,
        APART_DEG,
        stride=STRIDE,
        step_s=STEP_S,
        shown_in=lambda first, last, among: evidence[first:last][:, among],
    )
    return list(turns)


def sounding(*stretches) -> np.ndarray:
    evidence = np.zeros((len(VIEWS), 8))
    for first, last, view in stretches:
        evidence[first:last, view] = 1.0
    return evidence


def test_a_turn_is_due_when_the_new_view_shows_more() -> None:
    assert found(VIEWS, sounding((0, 25, 0), (25, 68, 5))) == [Turn(LEFT, ARRIVED, 25)]


def test_in_silence_the_old_view_lasts_until_the_next_sound() -> None:
    assert found(VIEWS, sounding((0, 15, 0), (31, 68, 5))) == [Turn(LEFT, ARRIVED, 31)]


def test_what_is_followed_is_no_turn() -> None:
    evidence = np.zeros((len(VIEWS), 8))
    evidence[np.arange(len(VIEWS)), VIEWS] = 1.0
    assert found(VIEWS, evidence) == []


def test_a_near_view_is_no_turn() -> None:
    views = np.minimum(VIEWS, 2)
    assert found(views, sounding((0, 22, 0), (22, 68, 2))) == []


def test_a_view_that_never_shows_anything_is_not_waited_for() -> None:
    assert found(VIEWS, sounding((0, 20, 0))) == []


def test_a_postponed_turn_leaves_no_view_between() -> None:
    for due in (22, 28, 33):
        views = VIEWS.copy()
        Turn(LEFT, ARRIVED, due).postpone(views)
        np.testing.assert_array_equal(views, np.where(np.arange(68) < due, 0, 5))
