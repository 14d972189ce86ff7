import json
from dataclasses import asdict

import numpy as np
import pytest

from soundloc.evaluation.reporting.compare import compare
from soundloc.evaluation.reporting.report import examine, report
from soundloc.evaluation.reporting.tables import Table, percent, tables_of
from soundloc.scoring.intervals import Interval
from tests.soundloc.evaluation.quiz import (
    draw_own_sounds,
    draw_pair_set,
    random_predictions,
    same,
)
from tests.soundloc.evaluation.test_predictions import cache  # noqa: F401 - a fixture


def report_on(pairs):
    from soundloc.evaluation.measures import measure

    predictions = random_predictions(pairs)
    return report(predictions, measure(predictions))


def test_a_network_can_be_examined_and_compared_with_itself(
    lite_net,
    cache,  # noqa: F811 - the fixture imported above
) -> None:
    predictions, measures = examine(lite_net, cache, related=same)
    found = report(predictions, measures)
    assert found.n_pictures == 5
    assert found.n_questions == len(measures) == len(predictions.questions)
    again = examine(lite_net, cache, related=same)[1]
    assert all(d.difference.mean == 0.0 for d in compare(measures, again))


def test_composed_scenes_say_what_does_not_apply_to_them() -> None:
    found = report_on(draw_pair_set(3))
    assert found.subjects is None
    assert found.interaction is not None
    assert [str(row.relation) for row in found.negatives] == [
        "off-screen", "nowhere", "noise", "silence",
    ]  # fmt: skip
    assert any("no IoU by subject" in note for note in found.notes)
    assert any("tagged ambient" in note for note in found.notes)
    assert not any("interaction" in note for note in found.notes)
    titles = [table.title for table in tables_of(found)]
    assert not any("subject" in title for title in titles)


def test_pictures_with_sounds_of_their_own_say_so_too() -> None:
    found = report_on(draw_own_sounds(4))
    assert found.subjects is not None
    assert found.interaction is None
    assert any("no interaction" in note for note in found.notes)
    assert any("wind" in note for note in found.notes)
    titles = [table.title for table in tables_of(found)]
    assert any("Table 3" in title for title in titles)


def test_a_set_without_a_single_place_is_still_asked() -> None:
    from dataclasses import replace

    pairs = draw_pair_set(2)
    blind = replace(
        pairs,
        pictures=tuple(
            replace(p, objects=tuple(replace(o, boxes=()) for o in p.objects))
            for p in pairs.pictures
        ),
    )
    found = report_on(blind)
    assert found.localization == found.by_size == found.shuffle == ()
    assert found.restraint is found.slavc_release is None
    assert "4 of 4 own sounds have no known place" in found.notes
    assert [t.title[:6] for t in tables_of(found)]


def test_a_report_is_figures_that_json_can_hold() -> None:
    written = json.dumps(asdict(report_on(draw_pair_set(2))))
    assert json.loads(written)["n_pictures"] == 2


def test_tables_hold_the_figures_of_the_report() -> None:
    found = report_on(draw_pair_set(3))
    tables = {table.title: table for table in tables_of(found)}
    (localization,) = [t for title, t in tables.items() if "cIoU@0.5" in title]
    network = dict(zip(localization.columns, localization.rows[0], strict=True))
    rows = [r for r in found.localization if r.predictor == "network"]
    for row in rows:
        assert network[row.protocol] == percent(row.success)
    assert {line[0] for line in localization.rows} == {
        r.predictor for r in found.localization
    }


def test_a_table_is_aligned_and_in_markdown() -> None:
    table = Table("Title", ("name", "%"), (("a", "1.0"), ("long", "10.0")), "note")
    assert table.text().splitlines() == [
        "Title", "name     %", "a      1.0", "long  10.0", "note",
    ]  # fmt: skip
    assert table.markdown().splitlines()[2:6] == [
        "| name | % |", "| --- | ---: |", "| a | 1.0 |", "| long | 10.0 |",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (Interval(0.5, 0.4, 0.6, 9), "50.0 [40.0, 60.0]"),
        (Interval(1.0, 1.0, 1.0, 9), "100.0"),
        (Interval(float("nan"), float("nan"), float("nan"), 0), "–"),
        (Interval(0.5, float("nan"), float("nan"), 1), "50.0 [?]"),
    ],
)
def test_a_share_is_written_in_per_cent(interval, words) -> None:
    assert percent(interval) == words


def test_a_report_is_the_same_every_time() -> None:
    first, again = (report_on(draw_pair_set(3)) for _ in range(2))
    np.testing.assert_equal(asdict(first), asdict(again))
