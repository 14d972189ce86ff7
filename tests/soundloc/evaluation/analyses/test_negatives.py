import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundloc.evaluation.analyses.negatives import (
    Detections,
    average_precision,
    balanced,
    compat_ap,
    compat_max_f1,
    confidence_auroc,
    f_auc,
    f_loc,
    lit_area,
    max_f1,
    slavc_ap,
)
from soundloc.evaluation.measures import measure
from soundloc.evaluation.queries import Relation
from soundloc.evaluation.weighted_statistics import auroc
from soundloc.scoring import ScoringProtocol
from tests.soundloc.evaluation.quiz import draw_pair_set, random_predictions

SUMMATION = 1e-9
TOP50 = ScoringProtocol.TOP50

rows = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=40,
)


def detections_of(drawn) -> Detections:
    confidence, there, right, _ = zip(*drawn, strict=True)
    is_there = np.array(there)
    return Detections(np.array(confidence) / 6.0, np.array(right) & is_there, is_there)


def at_by_hand(drawn, threshold: float) -> tuple[float, float]:
    """Count one by one, each so often as its weight says."""
    tp = fp = fn = 0
    for confidence, there, right, times in drawn:
        for _ in range(times):
            if confidence / 6.0 >= threshold:
                tp += there and right
                fp += not (there and right)
            else:
                fn += there
    return (
        1.0 if tp + fp == 0 else tp / (tp + fp),
        1.0 if tp + fn == 0 else tp / (tp + fn),
    )


def ap_by_hand(drawn) -> float:
    thresholds = sorted({c / 6.0 for c, *_ in drawn}, reverse=True)
    points = [at_by_hand(drawn, t) for t in thresholds]
    area = before = 0.0
    for i, (_, recall) in enumerate(points):
        area += (recall - before) * max(p for p, _ in points[i:])
        before = recall
    return area


@given(rows)
@settings(deadline=None, max_examples=150)
def test_average_precision_and_max_f1_are_those_of_counting_by_hand(drawn) -> None:
    drawn = [(c, t, r, 1) for c, t, r, _ in drawn]
    found = detections_of(drawn)
    assert average_precision(found) == pytest.approx(ap_by_hand(drawn), abs=SUMMATION)
    points = [at_by_hand(drawn, c / 6.0) for c, *_ in drawn]
    best = max(2 * p * r / (p + r) if p + r else 0.0 for p, r in points)
    assert max_f1(found) == pytest.approx(best, abs=SUMMATION)


@given(rows)
@settings(deadline=None, max_examples=100)
def test_a_weight_counts_a_detection_so_often(drawn) -> None:
    if not any(times for *_, times in drawn):
        return
    times = np.array([times for *_, times in drawn], dtype=np.float64)
    repeated = [(c, t, r, 1) for c, t, r, times in drawn for _ in range(times)]
    once = average_precision(detections_of(drawn), times)
    assert once == pytest.approx(
        average_precision(detections_of(repeated)), abs=SUMMATION
    )
    assert max_f1(detections_of(drawn), times) == pytest.approx(
        max_f1(detections_of(repeated)), abs=SUMMATION
    )


def release_of_slavc(drawn) -> tuple[float, float]:
    """AP and max-F1 by the steps of SLAVC's release, in other words."""
    confidences = sorted(c / 6.0 for c, *_ in drawn)
    skip = max(1, len(confidences) // 200)
    thresholds = confidences[:-1][::-1][::skip]
    points = [at_by_hand(drawn, t) for t in thresholds]
    ap = 0.0
    for i in range(len(points) - 1):
        best = max(p for p, _ in points[i:])
        ap += best * (points[i + 1][1] - points[i][1])
    f1 = 0.0
    for t in confidences[:: max(1, len(confidences) // 10)]:
        p, r = at_by_hand(drawn, t)
        f1 = max(f1, 2 * p * r / (p + r) if p + r else 0.0)
    return ap, f1


@given(rows)
@settings(deadline=None, max_examples=100)
def test_compat_figures_follow_the_release(drawn) -> None:
    drawn = [(c, t, r, 1) for c, t, r, _ in drawn]
    ap, f1 = release_of_slavc(drawn)
    found = detections_of(drawn)
    assert compat_ap(found) == pytest.approx(ap, abs=SUMMATION)
    assert compat_max_f1(found) == pytest.approx(f1, abs=SUMMATION)


def test_compat_skips_thresholds_in_a_large_set_and_the_exact_figure_does_not() -> None:
    rng = np.random.default_rng(0)
    drawn = [
        (c, bool(there), bool(right), 1)
        for c, there, right in zip(
            rng.uniform(0, 6, 900), rng.random(900) < 0.5, rng.random(900) < 0.6,
            strict=True,
        )
    ]  # fmt: skip
    ap, f1 = release_of_slavc(drawn)
    found = detections_of(drawn)
    assert compat_ap(found) == pytest.approx(ap, abs=SUMMATION)
    assert compat_max_f1(found) == pytest.approx(f1, abs=SUMMATION)
    assert average_precision(found) == pytest.approx(ap_by_hand(drawn), abs=SUMMATION)
    assert average_precision(found) > compat_ap(found)


def test_a_perfect_localizer_has_average_precision_one() -> None:
    there = np.array([True, True, False, False])
    found = Detections(np.array([0.9, 0.8, 0.3, 0.2]), there, there)
    assert average_precision(found) == max_f1(found) == 1.0
    # The release leaves out the first step of recall.
    assert compat_ap(found) == 0.0


@given(rows)
@settings(deadline=None, max_examples=100)
def test_auroc_counts_the_pairs_in_order(drawn) -> None:
    times = np.array([times for *_, times in drawn], dtype=np.float64)
    values = np.array([c for c, *_ in drawn], dtype=np.float64)
    positive = np.array([there for _, there, *_ in drawn])
    won = pairs = 0.0
    for i in np.flatnonzero(positive):
        for j in np.flatnonzero(~positive):
            weight = times[i] * times[j]
            pairs += weight
            won += weight * ((values[i] > values[j]) + 0.5 * (values[i] == values[j]))
    measured = auroc(values, positive, times)
    if pairs:
        assert measured == pytest.approx(won / pairs, abs=SUMMATION)
    else:
        assert np.isnan(measured)


def test_auroc_of_nothing_is_not_a_number() -> None:
    assert np.isnan(auroc(np.zeros(0), np.zeros(0, dtype=bool)))


def test_balanced_positives_and_negatives_weigh_the_same() -> None:
    there = np.array([True, False, False, True, False])
    weights = balanced(np.array([1.0, 2.0, 1.0, 3.0, 1.0]), there)
    assert weights[there].sum() == pytest.approx(weights[~there].sum())
    assert weights[3] == pytest.approx(3 * weights[0])
    alone = np.ones(2)
    assert balanced(alone, np.array([True, True])).tolist() == [1.0, 1.0]


def test_the_figures_of_a_set_are_those_of_its_questions_by_hand() -> None:
    measures = measure(random_predictions(draw_pair_set(12), ties=True))
    once = np.ones(len(measures))
    own = np.flatnonzero(measures.are(Relation.OWN)).tolist()
    off = np.flatnonzero(measures.are(Relation.OFFSCREEN)).tolist()
    c = measures.confidence
    won = sum((c[i] > c[j]) + 0.5 * (c[i] == c[j]) for i in own for j in off)
    measured = confidence_auroc(measures, once, relation=Relation.OFFSCREEN)
    assert measured == pytest.approx(won / len(own) / len(off))
    # As many own as off-screen here, so that balance changes nothing.
    top = measures.strength.top_quarter
    drawn = [(6.0 * top[i], True, measures.ciou[TOP50][i] >= 0.5, 1) for i in own]
    drawn += [(6.0 * top[i], False, False, 1) for i in off]
    assert slavc_ap(
        measures, once, relation=Relation.OFFSCREEN, protocol=TOP50
    ) == pytest.approx(ap_by_hand(drawn), abs=SUMMATION)


def test_f_loc_and_f_auc_are_harmonic_means_of_place_and_darkness() -> None:
    measures = measure(random_predictions(draw_pair_set(12)), tau=0.4)
    once = np.ones(len(measures))
    placed = [i for i in range(len(measures)) if measures.is_placed[i]]
    ciou = [measures.ciou[ScoringProtocol.FIXED][i] for i in placed]
    dark, dark_auc = [], []
    for kind in ("silence", "noise", "off-screen"):
        relation = Relation(kind)
        lit = measures.above_tau[measures.are(relation)]
        dark.append(1.0 - np.mean(lit))
        rates = [np.mean(lit <= k / 20) for k in range(21)]
        dark_auc.append(np.trapezoid(rates, dx=0.05))
        assert lit_area(measures, once, relation=relation) == pytest.approx(lit.mean())
    place, away = np.mean(ciou), np.mean(dark)
    assert f_loc(measures, once) == pytest.approx(2 * place * away / (place + away))
    rates = [np.mean(np.array(ciou) >= k / 20) for k in range(21)]
    place, away = np.trapezoid(rates, dx=0.05), np.mean(dark_auc)
    assert f_auc(measures, once) == pytest.approx(2 * place * away / (place + away))
