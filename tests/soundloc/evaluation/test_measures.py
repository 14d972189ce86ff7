import numpy as np
import pytest

from soundloc.evaluation.analyses.localization import NETWORK, localize_all
from soundloc.evaluation.measures import measure, universal_threshold
from soundloc.evaluation.queries import NEGATIVES, Relation, truth_of
from soundloc.evaluation.reporting.figures import figures_of
from soundloc.scoring import (
    ScoringProtocol,
    resize_response,
    score_picture,
    select_source,
)
from soundloc.scoring.baselines import Predictor, centred_disc, score_trivial
from tests.soundloc.evaluation.quiz import (
    draw_own_sounds,
    draw_pair_set,
    random_predictions,
)


def ciou_by_hand(selected, truth) -> float:
    hit = sum(truth[y, x] for y, x in np.argwhere(selected))
    outside = sum(truth[y, x] == 0 for y, x in np.argwhere(selected))
    return hit / (truth.sum() + outside)


@pytest.mark.parametrize("draw", [draw_pair_set, draw_own_sounds])
def test_every_placed_question_is_scored_on_its_own_place(draw) -> None:
    predictions = random_predictions(draw(4))
    measures = measure(predictions, tau=0.3)
    n_placed = 0
    for row, question in enumerate(predictions.questions):
        entry = predictions.pair_set.pictures[question.picture]
        truth = truth_of(entry, question.objects)
        response = resize_response(predictions.responses[row])
        lit = sum(value > 0.3 for value in response.ravel().tolist())
        assert measures.above_tau[row] == pytest.approx(lit / 224**2)
        scored = question.relation in (Relation.OWN, Relation.OFFSCREEN)
        if not scored or truth is None:
            assert np.isnan(measures.area[row])
            continue
        n_placed += question.relation is Relation.OWN
        assert measures.area[row] == pytest.approx((truth > 0).mean())
        best = np.flatnonzero(response == response.max())
        assert measures.pointing[row] == pytest.approx(truth.flat[best].mean())
        for protocol in ScoringProtocol:
            tau = 0.3 if protocol is ScoringProtocol.FIXED else 0.5
            selected = select_source(response, protocol, truth=truth, tau=tau)
            assert measures.ciou[protocol][row] == pytest.approx(
                ciou_by_hand(selected, truth)
            )
    assert measures.is_placed.sum() == n_placed > 0


def test_three_of_four_negatives_of_every_kind_stay_below_the_threshold() -> None:
    predictions = random_predictions(draw_pair_set(40))
    tau = universal_threshold(predictions)
    shares = []
    for kind in NEGATIVES:
        maxima = [
            float(predictions.responses[i].max())
            for i, q in enumerate(predictions.questions)
            if q.relation is kind
        ]
        shares.append(np.mean(np.array(maxima) <= tau))
    assert min(shares) == pytest.approx(0.75, abs=0.03)


def test_a_picture_that_wraps_is_scored_over_its_seam() -> None:
    from dataclasses import replace

    pairs = draw_pair_set(1)
    predictions = random_predictions(pairs)
    wrapped = replace(
        pairs, pictures=tuple(replace(p, wrap=True) for p in pairs.pictures)
    )
    flat = measure(predictions, tau=0.2).above_tau
    round_ = measure(replace(predictions, pair_set=wrapped), tau=0.2).above_tau
    expected = (resize_response(predictions.responses[0], wrap=True) > 0.2).mean()
    assert round_[0] == pytest.approx(expected)
    assert round_[0] != flat[0]


def test_pictures_of_one_source_are_one_group() -> None:
    predictions = random_predictions(draw_pair_set(6))
    groups = measure(predictions).group
    for row, question in enumerate(predictions.questions):
        same = [q.picture // 2 == question.picture // 2 for q in predictions.questions]
        assert np.array_equal(groups == groups[row], same)


def test_every_predictor_is_scored_on_the_networks_questions() -> None:
    predictions = random_predictions(draw_pair_set(5))
    measures = measure(predictions, tau=0.1)
    table = localize_all(predictions, measures)
    rows = np.flatnonzero(measures.is_placed)
    assert len(table) == len(rows) == 10
    truths = [
        truth_of(
            predictions.pair_set.pictures[predictions.questions[r].picture],
            predictions.questions[r].objects,
        )
        for r in rows
    ]
    for protocol, scores in table.scores.items():
        assert scores[NETWORK].ciou.tolist() == measures.ciou[protocol][rows].tolist()
        tau = 0.1 if protocol is ScoringProtocol.FIXED else 0.5
        prior = [
            score_picture(
                resize_response(predictions.priors[predictions.questions[r].picture]),
                truth,
                protocol,
                tau=tau,
            )
            for r, truth in zip(rows, truths, strict=True)
        ]
        assert scores[Predictor.OBJECT_PRIOR].ciou.tolist() == [s.ciou for s in prior]
        disc = [score_picture(centred_disc(224, 224), t, protocol) for t in truths]
        assert scores[Predictor.CENTRED_DISC].ciou.tolist() == [s.ciou for s in disc]
        trivial = score_trivial(truths, protocol)[Predictor.ORACLE]
        assert scores[Predictor.ORACLE].ciou.tolist() == trivial.ciou.tolist()
        assert np.array_equal(scores[Predictor.ORACLE].groups, measures.group[rows])


def test_the_figures_are_those_of_the_table() -> None:
    predictions = random_predictions(draw_pair_set(8))
    measures = measure(predictions)
    figures = {figure.name: figure for figure in figures_of(measures)}
    for protocol in ScoringProtocol:
        scores = measures.scores(protocol)
        success = figures[f"cIoU@0.5 {protocol}"].interval(measures)
        assert success.mean == scores.success().mean
        assert success.n == len(scores) == 16
        auc = figures[f"AUC {protocol}"].interval(measures)
        assert auc.mean == pytest.approx(scores.auc().mean)
        assert auc.low <= auc.mean <= auc.high
        mean = figures[f"mean cIoU {protocol}"].value(measures)
        assert mean == pytest.approx(scores.auc_exact().mean)
    pointing = figures["pointing"].interval(measures)
    ours = measures.scores(ScoringProtocol.PAPER).pointing_accuracy()
    assert pointing.mean == pytest.approx(ours.mean)


def test_figures_that_do_not_apply_are_left_out() -> None:
    with_wind = measure(random_predictions(draw_pair_set(4)))
    without = measure(random_predictions(draw_own_sounds(4)))
    assert any("nowhere" in f.name for f in figures_of(with_wind))
    assert not any("nowhere" in f.name for f in figures_of(without))
    unplaced = measure(random_predictions(draw_own_sounds(1)))
    assert figures_of(unplaced) == ()


def test_every_figure_says_how_many_questions_it_is_about() -> None:
    measures = measure(random_predictions(draw_pair_set(10)))
    n = {f.name: f.interval(measures).n for f in figures_of(measures)}
    assert n["pointing"] == 20
    assert n["pIA silence"] == 10
    assert n["AUROC silence"] == 30
    assert n["AP top50 off-screen"] == 40
    assert n["F_LOC"] == 60
