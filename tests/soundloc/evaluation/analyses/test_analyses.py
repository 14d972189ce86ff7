"""The parts of the report, each against counting by hand on random maps."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from soundloc.data.pairs import Opinion
from soundloc.evaluation.analyses.ambient import contrast_ambience
from soundloc.evaluation.analyses.calibration import calibrate, curve, expected_error
from soundloc.evaluation.analyses.interaction import interact
from soundloc.evaluation.analyses.localization import localize_all
from soundloc.evaluation.analyses.shuffle import gap, shuffle_sounds
from soundloc.evaluation.analyses.subjects import judge_by_subjects, mutual_iou
from soundloc.evaluation.measures import fine_response, measure
from soundloc.evaluation.queries import Relation, ask, truth_of
from soundloc.scoring import ScoringProtocol, box_map, score_picture, select_source
from tests.soundloc.evaluation.quiz import (
    LEFT,
    RIGHT,
    draw_own_sounds,
    draw_pair_set,
    random_predictions,
    same,
)

PAPER = ScoringProtocol.PAPER


def iou(first: np.ndarray, second: np.ndarray) -> float:
    return (first & second).sum() / (first | second).sum()


def test_each_subject_alone_is_scored_by_the_plain_iou() -> None:
    predictions = random_predictions(draw_own_sounds(5))
    measures = measure(predictions)
    found = judge_by_subjects(predictions, measures, PAPER)
    rows = [
        r for r, q in enumerate(predictions.questions) if q.relation is Relation.OWN
    ]
    for number, boxes in enumerate([[LEFT], [LEFT, RIGHT], [RIGHT]]):
        ious = [
            iou(select_source(fine_response(predictions, row), PAPER), box_map(boxes))
            for row in rows
        ]
        subject = found.subjects[number]
        assert subject.number == number + 1
        assert subject.success.n == len(rows) == 4
        assert subject.success.mean == np.mean([i >= 0.5 for i in ious])
        rates = [np.mean([i >= k / 20 for i in ious]) for k in range(21)]
        assert subject.auc.mean == pytest.approx(np.trapezoid(rates, dx=0.05))
    assert found.mean_success == pytest.approx(
        np.mean([s.success.mean for s in found.subjects])
    )
    # The first and second share half of what the second marked, and so on.
    maps = [box_map(boxes) for boxes in ([LEFT], [LEFT, RIGHT], [RIGHT])]
    mutual = np.mean([iou(a, b) for a, b in combinations(maps, 2)])
    opinions = predictions.pair_set.pictures[0].objects[0].opinions
    assert mutual_iou(opinions) == pytest.approx(mutual)
    assert found.agreement.mean == float(mutual >= 0.5)


def test_a_subject_alone_agrees_with_nobody() -> None:
    assert np.isnan(mutual_iou([Opinion((LEFT,)), Opinion(())]))


def test_boxes_of_one_subject_are_no_table_of_subjects() -> None:
    predictions = random_predictions(draw_pair_set(3))
    assert judge_by_subjects(predictions, measure(predictions), PAPER) is None


@pytest.mark.parametrize(
    ("draw", "against"),
    [(draw_own_sounds, Relation.AMBIENT), (draw_pair_set, Relation.NOWHERE)],
)
def test_ambience_is_told_from_objects_by_counting_pairs(draw, against) -> None:
    predictions = random_predictions(draw(6), ties=True)
    measures = measure(predictions)
    contrasts = contrast_ambience(measures)
    assert len(contrasts) == 4
    assert {c.against for c in contrasts} == {against}
    for c in contrasts:
        read = (
            predictions.cosine if c.mechanism == "cosine" else predictions.relu_cosine
        )
        values = read.peak if c.strength == "peak" else read.top_quarter
        relations = [q.relation for q in predictions.questions]
        ours = [float(values[i]) for i, r in enumerate(relations) if r == "own"]
        theirs = [float(values[i]) for i, r in enumerate(relations) if r is against]
        won = np.mean([(a > b) + 0.5 * (a == b) for a in ours for b in theirs])
        assert c.auroc.mean == pytest.approx(won)
        assert c.mean_object == pytest.approx(np.mean(ours))
        assert c.mean_ambience == pytest.approx(np.mean(theirs))
        assert sum(c.n_object) == len(ours)
        assert sum(c.n_ambience) == len(theirs)
        for low, high, n in zip(c.edges[:5], c.edges[1:6], c.n_object, strict=False):
            assert n == sum(low <= value < high for value in ours)


def test_without_ambience_there_is_nothing_to_contrast() -> None:
    pairs = draw_own_sounds(5)
    predictions = random_predictions(replace(pairs, pictures=pairs.pictures[:4]))
    assert contrast_ambience(measure(predictions)) == ()


def test_both_of_two_sounds_are_right_when_each_is() -> None:
    pairs = draw_pair_set(9)
    questions = ask(pairs, related=same, n_per_object=2, n_noises=1)
    predictions = random_predictions(pairs, questions)
    measures = measure(predictions)
    found = interact(predictions, measures, localize_all(predictions, measures))
    scored = {(row.predictor, row.protocol): row for row in found.pairs}
    for protocol in (PAPER, ScoringProtocol.ADAPTIVE, ScoringProtocol.TOP50):
        both, worse, peaks = [], [], []
        for picture in range(9):
            rows = [
                r
                for r, q in enumerate(questions)
                if q.picture == picture and q.relation is Relation.OWN
            ]
            # Each object is asked twice; the first of them counts.
            first, second = rows[0], rows[2]
            assert questions[first].objects != questions[second].objects
            cious = [measures.ciou[protocol][r] for r in (first, second)]
            both.append(min(cious) >= 0.5)
            worse.append(min(cious))
            peaks.append(np.prod([measures.pointing[r] for r in (first, second)]))
        row = scored["network", protocol]
        assert row.iiou.mean == np.mean(both)
        rates = [np.mean(np.array(worse) >= k / 20) for k in range(21)]
        assert row.iauc.mean == pytest.approx(np.trapezoid(rates, dx=0.05))
        assert row.both_peaks.mean == pytest.approx(np.mean(peaks))
        assert row.iiou.n == 9
    assert scored["oracle", ScoringProtocol.ADAPTIVE].iiou.mean == 1.0
    assert found.all_right.keys() == {2}
    assert found.all_right[2].mean == pytest.approx(np.mean(peaks))


def test_the_right_one_of_the_sources_responds_most() -> None:
    predictions = random_predictions(draw_pair_set(6))
    measures = measure(predictions)
    found = interact(predictions, measures, localize_all(predictions, measures))
    chose = []
    for row, question in enumerate(predictions.questions):
        if question.relation is not Relation.OWN:
            continue
        entry = predictions.pair_set.pictures[question.picture]
        response = fine_response(predictions, row)
        best = [
            max(response[y, x] for y, x in np.argwhere(truth_of(entry, (i,)) > 0))
            for i in (0, 1)
        ]
        chose.append(best[question.objects[0]] >= max(best))
    assert found.choosing.mean == pytest.approx(np.mean(chose))
    assert found.choosing_chance.mean == 0.5


def test_pictures_with_one_source_have_no_interaction() -> None:
    predictions = random_predictions(draw_own_sounds(4))
    measures = measure(predictions)
    assert interact(predictions, measures, localize_all(predictions, measures)) is None


def test_the_shuffle_gap_is_the_mean_over_partners() -> None:
    predictions = random_predictions(draw_pair_set(8))
    measures = measure(predictions)
    gaps = {g.measure: g for g in shuffle_sounds(measures)}
    gains, own = [], []
    for row, question in enumerate(predictions.questions):
        if question.relation is Relation.OWN:
            truth = truth_of(
                predictions.pair_set.pictures[question.picture], question.objects
            )
            scores = [
                score_picture(fine_response(predictions, r), truth, PAPER)
                for r in (row, question.partner)
            ]
            own.append(scores[0].ciou)
            gains.append(scores[0].ciou - scores[1].ciou)
    found = gaps["mean cIoU paper"]
    assert found.gap.mean == pytest.approx(np.mean(gains))
    assert found.own == pytest.approx(np.mean(own))
    assert found.own - found.other == pytest.approx(found.gap.mean)


def test_the_p_value_is_the_share_of_sign_flips_that_do_as_well() -> None:
    own = np.array([0.9, 0.4, 0.8, 0.3, 0.7, 0.6])
    other = np.array([0.2, 0.5, 0.1, 0.2, 0.3, 0.9])
    groups = np.array([0, 0, 1, 2, 3, 3])
    sums = [0.7 - 0.1, 0.7, 0.1, 0.4 - 0.3]
    flips = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1)
    exact = np.mean(flips.T @ sums >= sum(sums) - 1e-9)
    # The standard error of 9,999 random flips is 0.003.
    assert gap("x", own, other, groups).p_value == pytest.approx(exact, abs=0.01)


def test_sounds_that_make_no_difference_have_no_gap() -> None:
    rng = np.random.default_rng(0)
    own, other = rng.uniform(size=(2, 400))
    nothing = gap("x", own, other, np.arange(400))
    assert nothing.p_value > 0.05
    assert nothing.gap.low < 0.0 < nothing.gap.high
    listens = gap("x", own + 0.2, other, np.arange(400))
    assert listens.p_value == 1e-4


def test_without_partners_there_is_no_gap() -> None:
    pairs = draw_own_sounds(1)
    assert shuffle_sounds(measure(random_predictions(pairs))) == ()


def test_the_reliability_curve_is_that_of_sorting_into_bins_by_hand() -> None:
    rng = np.random.default_rng(2)
    confidence = np.append(rng.uniform(0.0, 0.75, 300), [1.0, 0.999])
    right = (rng.random(302) < confidence).astype(np.float64)
    weights = rng.uniform(0.5, 2.0, 302)
    mean, share, weight = curve(confidence, right, weights)
    error = 0.0
    for k in range(10):
        low, high = k / 10, (k + 1) / 10 + (k == 9)
        inside = [i for i, c in enumerate(confidence) if low <= c < high]
        total = sum(weights[i] for i in inside)
        if not inside:
            assert np.isnan(mean[k])
            assert weight[k] == 0.0
            continue
        by_hand = [
            sum(weights[i] * column[i] for i in inside) / total
            for column in (confidence, right)
        ]
        assert [mean[k], share[k]] == pytest.approx(by_hand)
        assert weight[k] == pytest.approx(total / weights.sum())
        error += total / weights.sum() * abs(by_hand[0] - by_hand[1])
    assert expected_error(confidence, right, weights) == pytest.approx(error)


def test_own_and_foreign_sounds_weigh_the_same_in_the_calibration() -> None:
    measures = measure(random_predictions(draw_pair_set(8)))
    belongs, found = calibrate(measures)
    assert (belongs.outcome, found.outcome) == ("belongs", "found")
    shares = np.nan_to_num(belongs.share_right)
    assert shares @ np.array(belongs.weight) == pytest.approx(0.5)
    shares = np.nan_to_num(found.share_right)
    pointing = measures.pointing[measures.is_placed].mean()
    assert shares @ np.array(found.weight) == pytest.approx(0.5 * pointing)


def test_perfect_confidence_has_no_error() -> None:
    measures = measure(random_predictions(draw_pair_set(10)))
    knows = replace(measures, confidence=measures.are(Relation.OWN).astype(np.float64))
    belongs, _ = calibrate(knows)
    assert belongs.error.mean == belongs.error.high == 0.0
    (outcome,) = {c.outcome for c in calibrate(replace(
        measures, area=np.full(len(measures), np.nan)
    ))}  # fmt: skip
    assert outcome == "belongs"
