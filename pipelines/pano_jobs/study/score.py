"""Scoring a study: which director people prefer, and how surely.

Between two directors the share of choices, with Wilson's binomial interval (ties count
half for each); over all of them Bradley and Terry's strengths (1952), the chance to be
chosen over one of average strength, with an interval from resampling people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pano.errors import SettingsError
from pano_jobs.study.key import QUESTIONS, StudyKey, read_json
from soundloc.scoring.intervals import Interval, bootstrap_statistic

SCHEMA = "pano.study-answers/1"
# Of the checks of one person: more than this share wrong, and nobody looked.
MAX_WRONG_CHECKS = 0.34
_SHARES = {"left": 1.0, "right": 0.0, "neither": 0.5}
_CONFIDENCE_Z = 1.959964
_N_STEPS = 60
# Half a choice either way between all keeps a director that always wins finite.
_PRIOR = 0.5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """One person's answer about one pair: the left one's share of the preference."""

    person: int
    question: str
    left: str
    right: str
    left_share: float


@dataclass(frozen=True, slots=True)
class PairScore:
    """How often one director was preferred to another."""

    question: str
    director: str
    other: str
    share: Interval


@dataclass(frozen=True, slots=True)
class StrengthScore:
    """A director's chance to be chosen over one of average strength."""

    question: str
    director: str
    strength: Interval


@dataclass(frozen=True, slots=True)
class StudyScore:
    """The result of a study.

    Parameters
    ----------
    n_people, n_left_out
        Whose answers count, and who failed the checks.
    """

    study: str
    n_people: int
    n_left_out: int
    pairs: tuple[PairScore, ...]
    strengths: tuple[StrengthScore, ...]

    def words(self) -> str:
        """Return the tables as text."""
        lines = [
            f"study {self.study}: {self.n_people} people, {self.n_left_out} left out "
            "by the checks"
        ]
        for question in dict.fromkeys(score.question for score in self.pairs):
            lines += ["", QUESTIONS.get(question, question)]
            for pair in self.pairs:
                if pair.question == question:
                    name = f"{pair.director} over {pair.other}"
                    lines.append(f"  {name:<36} {_percent(pair.share)}")
            for one in self.strengths:
                if one.question == question:
                    name = f"{one.director} over the average"
                    lines.append(f"  {name:<36} {_percent(one.strength)}")
        return "\n".join(lines)


def score_study(key_source: Path, answer_sources: Sequence[Path]) -> StudyScore:
    """Score the answers of some people to a study.

    Raises
    ------
    SettingsError
        If a file is not of its kind or of another study, or nobody's answers count.
    """
    key = StudyKey.load(key_source)
    choices: list[Choice] = []
    n_left_out = 0
    people: dict[str, Path] = {}
    for number, source in enumerate(answer_sources):
        facts = read_json(source, SCHEMA)
        if facts.get("study") != key.study:
            raise SettingsError(f"{source} answers another study than {key_source}.")
        person = str(facts.get("participant"))
        if person in people:
            raise SettingsError(f"{source} and {people[person]} are of one person.")
        people[person] = source
        given, n_wrong, n_checks = _answers(facts, source, key, number)
        if n_checks and n_wrong / n_checks > MAX_WRONG_CHECKS:
            n_left_out += 1
        else:
            choices += given
    if not choices:
        raise SettingsError(
            "nobody's answers count: all are empty or failed the checks"
        )
    questions = [name for name in QUESTIONS if any(c.question == name for c in choices)]
    return StudyScore(
        study=key.study,
        n_people=len({choice.person for choice in choices}),
        n_left_out=n_left_out,
        pairs=tuple(
            pair for name in questions for pair in _pair_scores(choices, name, key)
        ),
        strengths=tuple(
            one for name in questions for one in _strength_scores(choices, name, key)
        ),
    )


def _answers(
    facts: Mapping[str, Any], source: Path, key: StudyKey, person: int
) -> tuple[list[Choice], int, int]:
    """Return a person's choices, wrong checks and checks."""
    choices: list[Choice] = []
    n_wrong = n_checks = 0
    try:
        for answer in facts["answers"]:
            left, right = str(answer["left"]), str(answer["right"])
            share = _SHARES[answer["chosen"]]
            flipped = answer.get("flipped")
            if flipped is not None:
                n_checks += 1
                n_wrong += share != _SHARES["right" if flipped == "left" else "left"]
                continue
            owners = key.films[left], key.films[right]
            if owners[0].clip != owners[1].clip:
                raise ValueError(f"{left} and {right} are films of two clips")
            directors = owners[0].director, owners[1].director
            choices.append(Choice(person, str(answer["question"]), *directors, share))
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{source} holds no answers to it: {error!r}.") from error
    return choices, n_wrong, n_checks


def _pair_scores(
    choices: Sequence[Choice], question: str, key: StudyKey
) -> list[PairScore]:
    scores = []
    for number, one in enumerate(key.directors):
        for other in key.directors[number + 1 :]:
            shares = [
                choice.left_share if choice.left == one else 1.0 - choice.left_share
                for choice in choices
                if choice.question == question
                and {choice.left, choice.right} == {one, other}
            ]
            if shares:
                share = wilson(sum(shares), len(shares))
                scores.append(PairScore(question, one, other, share))
    return scores


def wilson(n_chosen: float, n: int) -> Interval:
    """Return a share and Wilson's 95 % interval (1927); halves are ties."""
    z2, share = _CONFIDENCE_Z**2, n_chosen / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (
        _CONFIDENCE_Z
        / (1 + z2 / n)
        * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    )
    return Interval(share, float(middle - half), float(middle + half), n)


def _strength_scores(
    choices: Sequence[Choice], question: str, key: StudyKey
) -> list[StrengthScore]:
    asked = [choice for choice in choices if choice.question == question]
    people = np.array([choice.person for choice in asked])
    n = len(key.directors)
    won = np.zeros((len(asked), n, n))
    for answer, choice in zip(won, asked, strict=True):
        left, right = map(key.directors.index, (choice.left, choice.right))
        answer[left, right] = choice.left_share
        answer[right, left] = 1.0 - choice.left_share

    def score(place: int) -> Interval:
        return bootstrap_statistic(
            lambda times: chances(np.tensordot(times, won, axes=1))[..., place], people
        )

    return [
        StrengthScore(question, name, score(place))
        for place, name in enumerate(key.directors)
    ]


def chances(won: FloatArray) -> FloatArray:
    """Fit Bradley and Terry's model to wins (..., n, n), by Hunter's MM steps (2004).

    Returns
    -------
    chances
        Of each to be chosen over one of average strength, shape (..., n).
    """
    n = won.shape[-1]
    won = won + _PRIOR / max(n - 1, 1) * (1.0 - np.eye(n))
    games = won + np.swapaxes(won, -1, -2)
    strength = np.ones(won.shape[:-1])
    for _ in range(_N_STEPS):
        shared = games / (strength[..., :, None] + strength[..., None, :])
        strength = won.sum(axis=-1) / shared.sum(axis=-1)
        strength /= np.exp(np.mean(np.log(strength), axis=-1, keepdims=True))
    return np.asarray(strength / (1.0 + strength))


def _percent(found: Interval) -> str:
    return (
        f"{100 * found.mean:3.0f} % [{100 * found.low:.0f}, {100 * found.high:.0f}]"
        f"  n = {found.n}"
    )
