from dataclasses import replace

import numpy as np
import pytest

from soundloc.evaluation.analyses.interaction import choose_source
from soundloc.evaluation.measures import measure
from soundloc.evaluation.reporting.brief import evaluate
from soundloc.evaluation.reporting.report import examine, report
from tests.soundloc.evaluation.quiz import draw_own_sounds, random_predictions, same
from tests.soundloc.evaluation.test_predictions import cache  # noqa: F401 - a fixture


def test_a_brief_evaluation_says_what_the_report_says(
    lite_net,
    cache,  # noqa: F811 - the fixture imported above
) -> None:
    brief = evaluate(lite_net, cache, related=same)
    whole = report(*examine(lite_net, cache, related=same))
    rows = {row.predictor: row for row in whole.localization}
    assert brief.pointing.mean == pytest.approx(rows["network"].pointing.mean)
    prior = rows["object prior"].pointing.mean
    assert brief.pointing_prior.mean == pytest.approx(prior)
    assert brief.choosing == whole.interaction.choosing
    assert brief.pointing_chance.mean == pytest.approx(
        rows["network"].pointing.n and rows["whole picture"].pointing.mean
    )
    by_relation = {str(row.relation): row.auroc.mean for row in whole.negatives}
    assert brief.foreign_auroc == pytest.approx(by_relation["off-screen"])
    # One of each per picture, so that the joint figure is their mean.
    nowhere = (by_relation["nowhere"] + by_relation["noise"]) / 2
    assert brief.nowhere_auroc == pytest.approx(nowhere)
    assert brief.figures()["pointing"] == brief.pointing.mean
    assert "picture-only prior" in brief.words()


def test_a_few_batches_are_the_first_pictures(
    lite_net,
    cache,  # noqa: F811 - the fixture imported above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("soundloc.evaluation.reporting.brief._BATCH_PICTURES", 2)
    some = evaluate(lite_net, cache, related=same, n_batches=2)
    pairs = replace(cache.pair_set, pictures=cache.pair_set.pictures[:4])
    first = replace(cache, pair_set=pairs, pictures=cache.pictures[:4])
    assert some == evaluate(lite_net, first, related=same)
    assert some.pointing.n == 8


def test_one_source_per_picture_leaves_nothing_to_choose() -> None:
    predictions = random_predictions(draw_own_sounds(3))
    choosing, chance = choose_source(predictions, measure(predictions))
    assert np.isnan([choosing.mean, chance.mean]).all()
    assert choosing.n == 0
