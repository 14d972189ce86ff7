from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from pano.errors import SettingsError
from pano_jobs.cli import main
from pano_jobs.study.key import QUESTIONS, HiddenFilm, StudyKey
from pano_jobs.study.score import chances, score_study, wilson

DIRECTORS = ("autocam", "ours", "still")
# The chance of the first to be chosen over the second, by Bradley and Terry.
STRENGTHS = {"autocam": 1.0, "ours": 3.0, "still": 0.5}
N_CLIPS = 6


def a_key() -> StudyKey:
    films = [
        HiddenFilm(f"clip {k}", director)
        for k in range(N_CLIPS)
        for director in DIRECTORS
    ]
    return StudyKey.of(films, seed=1, n_checks=2)


def person(key: StudyKey, number: int, *, looks: bool = True) -> dict:
    """Answer as the strengths say, sides at random."""
    rng = np.random.default_rng(number)
    answers = []
    for pair in key.pairs:
        left, right = rng.permutation(pair)
        one, other = (STRENGTHS[key.films[name].director] for name in (left, right))
        for question in QUESTIONS:
            chosen = "left" if rng.random() < one / (one + other) else "right"
            answers.append(answer(left, right, question, chosen))
    for film in key.checks:
        for question in QUESTIONS:
            chosen = "left" if looks else "right"
            answers.append(answer(film, film, question, chosen, flipped="right"))
    return {
        "schema": "pano.study-answers/1",
        "study": key.study,
        "participant": f"person {number}",
        "answers": answers,
    }


def answer(left, right, question, chosen, flipped=None) -> dict:
    return {
        "left": str(left),
        "right": str(right),
        "flipped": flipped,
        "question": question,
        "chosen": chosen,
    }


def written(tmp_path, key, people):
    (tmp_path / "key.json").write_text(key.as_json())
    files = [tmp_path / f"{number}.json" for number in range(len(people))]
    for file, facts in zip(files, people, strict=True):
        file.write_text(json.dumps(facts))
    return tmp_path / "key.json", files


def expected_strength(director: str) -> float:
    mean = np.exp(np.mean(np.log(list(STRENGTHS.values()))))
    return STRENGTHS[director] / mean / (1.0 + STRENGTHS[director] / mean)


def test_the_preferences_that_were_put_in_come_out(tmp_path):
    key = a_key()
    people = [person(key, number) for number in range(40)]
    found = score_study(*written(tmp_path, key, people))
    assert (found.n_people, found.n_left_out) == (40, 0)
    for pair in found.pairs:
        one, other = STRENGTHS[pair.director], STRENGTHS[pair.other]
        assert pair.share.mean == pytest.approx(one / (one + other), abs=0.06)
        assert pair.share.n == 40 * N_CLIPS
    for score in found.strengths:
        expected = expected_strength(score.director)
        assert score.strength.mean == pytest.approx(expected, abs=0.05)


def test_intervals_hold_the_truth_as_often_as_they_say(tmp_path):
    key = a_key()
    held = []
    for study in range(30):
        first = 1000 * (study + 1)
        people = [person(key, first + number) for number in range(20)]
        found = score_study(*written(tmp_path, key, people))
        for one in found.strengths:
            truth = expected_strength(one.director)
            held.append(one.strength.low <= truth <= one.strength.high)
        for pair in found.pairs:
            strengths = STRENGTHS[pair.director], STRENGTHS[pair.other]
            truth = strengths[0] / sum(strengths)
            held.append(pair.share.low <= truth <= pair.share.high)
    # 540 intervals of 95 %, those of one study not independent of each other.
    assert 0.90 <= np.mean(held) <= 0.99


def test_who_does_not_look_does_not_count(tmp_path):
    key = a_key()
    people = [person(key, 1), person(key, 2, looks=False), person(key, 3)]
    found = score_study(*written(tmp_path, key, people))
    assert (found.n_people, found.n_left_out) == (2, 1)
    alone = written(tmp_path, key, people[1:2])
    with pytest.raises(SettingsError, match="nobody's answers count"):
        score_study(*alone)


def test_ties_count_half(tmp_path):
    key = a_key()
    facts = person(key, 1)
    for one in facts["answers"]:
        one["chosen"] = "neither" if one["flipped"] is None else one["chosen"]
    found = score_study(*written(tmp_path, key, [facts]))
    assert {pair.share.mean for pair in found.pairs} == {0.5}
    assert [one.strength.mean for one in found.strengths] == pytest.approx([0.5] * 9)


def test_wilsons_interval_is_the_known_one():
    # Newcombe (1998), table I: 81 of 263.
    found = wilson(81.0, 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_two_directors_have_the_odds_of_their_wins():
    (one, other) = chances(np.array([[0.0, 900.0], [100.0, 0.0]]))
    assert one / (1 - one) / (other / (1 - other)) == pytest.approx(9.0, rel=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"study": "another"}, "answers another study"),
        ({"schema": "pano.study-answers/9"}, "not of the schema"),
        ({"answers": [{"left": "a", "right": "b", "chosen": "left"}]}, "no answers"),
        ({"answers": 3}, "no answers"),
    ],
)
def test_what_is_no_answer_is_refused_in_a_sentence(tmp_path, change, words):
    key = a_key()
    place, files = written(tmp_path, key, [person(key, 1) | change])
    with pytest.raises(SettingsError, match=words):
        score_study(place, files)


def test_a_person_counts_once(tmp_path):
    key = a_key()
    with pytest.raises(SettingsError, match="one person"):
        score_study(*written(tmp_path, key, [person(key, 1), person(key, 1)]))


def test_the_table_is_printed(tmp_path):
    key = a_key()
    place, files = written(tmp_path, key, [person(key, k) for k in range(5)])
    words = ["study", *map(str, files), "--score", str(place)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "autocam over ours" in result.output
    assert "ours over the average" in result.output
    assert QUESTIONS["comfort"] in result.output
