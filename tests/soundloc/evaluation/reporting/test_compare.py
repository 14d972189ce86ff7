from dataclasses import replace

import numpy as np
import pytest

from soundloc.evaluation.measures import measure
from soundloc.evaluation.reporting.compare import compare, difference
from soundloc.evaluation.reporting.figures import figures_of
from soundloc.scoring import ScoringProtocol
from tests.soundloc.evaluation.quiz import draw_pair_set, random_predictions


@pytest.fixture(scope="module")
def measures():
    return measure(random_predictions(draw_pair_set(12)))


def by_name(differences):
    return {d.name: d for d in differences}


def test_a_checkpoint_does_not_differ_from_itself(measures) -> None:
    for d in compare(measures, measures):
        assert (d.difference.mean, d.difference.low, d.difference.high) == (0, 0, 0)
        assert not d.is_clear
        assert "not clear of zero" in d.words()


def test_a_constant_gain_on_hard_and_easy_pictures_alike_is_clear(measures) -> None:
    paper = ScoringProtocol.PAPER
    better = replace(
        measures, ciou={**measures.ciou, paper: measures.ciou[paper] + 0.005}
    )
    d = by_name(compare(measures, better))["mean cIoU paper"]
    assert d.difference.mean == pytest.approx(0.005)
    assert d.difference.high - d.difference.low < 1e-9
    assert d.is_clear
    # Apart, the two intervals overlap: that is what pairing is for.
    (figure,) = [f for f in figures_of(measures) if f.name == "mean cIoU paper"]
    assert figure.interval(measures).high > figure.interval(better).low


def test_the_interval_is_that_of_resampling_pictures_by_hand(
    measures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("soundloc.scoring.intervals._N_BOOTSTRAPS", 1000)
    other = measure(random_predictions(draw_pair_set(12), seed=9))
    (figure,) = [f for f in figures_of(measures) if f.name == "pointing"]
    ours = difference(figure, measures, other)
    rows = measures.is_placed
    gain = (other.pointing - measures.pointing)[rows]
    group = measures.group[rows]
    rng = np.random.default_rng(5)
    means = []
    for _ in range(2000):
        drawn = rng.choice(np.unique(group), len(np.unique(group)))
        means.append(np.mean(np.concatenate([gain[group == g] for g in drawn])))
    low, high = np.percentile(means, (2.5, 97.5))
    assert ours.difference.mean == pytest.approx(gain.mean())
    # A percentile of 1,000 or 2,000 resamples of 6 groups wanders by so much.
    assert ours.difference.low == pytest.approx(low, abs=0.03)
    assert ours.difference.high == pytest.approx(high, abs=0.03)
    assert ours.first == pytest.approx(measures.pointing[rows].mean())
    assert ours.second == pytest.approx(other.pointing[rows].mean())


def test_only_answers_to_the_same_questions_are_compared(measures) -> None:
    other = measure(random_predictions(draw_pair_set(19)))
    with pytest.raises(ValueError, match="same questions"):
        compare(measures, other)
