"""The key of a study: which hidden film is whose, kept from those who watch."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pano.errors import SettingsError

SCHEMA = "pano.study-key/1"
# What Kang and Cho asked (SIGGRAPH 2019), 20 people on 20 pairs.
QUESTIONS = {
    "overall": "Which film would you rather watch?",
    "events": "Which film shows better what happens?",
    "comfort": "Which film is more comfortable to watch?",
}
_NAME_LETTERS = 10


@dataclass(frozen=True, slots=True)
class HiddenFilm:
    """A film and the clip and director that its hidden name stands for."""

    clip: str
    director: str


@dataclass(frozen=True, slots=True)
class StudyKey:
    """What a study asks, and whose its films are.

    Parameters
    ----------
    study
        Its name, which answers repeat.
    films
        By hidden name.
    pairs
        Hidden names of films of the same clip.
    checks
        Films that are shown beside themselves upside down.
    """

    study: str
    films: Mapping[str, HiddenFilm]
    pairs: Sequence[tuple[str, str]]
    checks: Sequence[str]

    @classmethod
    def of(cls, films: Sequence[HiddenFilm], *, seed: int, n_checks: int) -> StudyKey:
        """Hide films and pair those of each clip, every director with every other.

        Raises
        ------
        SettingsError
            If a clip has one film alone.
        """
        names = {_hidden(film, seed): film for film in films}
        pairs: list[tuple[str, str]] = []
        for clip in sorted({film.clip for film in films}):
            hidden = sorted(name for name, film in names.items() if film.clip == clip)
            if len(hidden) < 2:
                raise SettingsError(f"{clip} has one film; two are compared at a time")
            pairs += itertools.combinations(hidden, 2)
        told = json.dumps([seed, *sorted(names)])
        study = hashlib.sha256(told.encode()).hexdigest()[:_NAME_LETTERS]
        return cls(study, names, pairs, sorted(names)[:n_checks])

    @property
    def directors(self) -> tuple[str, ...]:
        """Their names, in alphabetical order."""
        return tuple(sorted({film.director for film in self.films.values()}))

    def as_json(self) -> str:
        """Return the text of the key file."""
        facts = {
            "schema": SCHEMA,
            "study": self.study,
            "films": {
                name: {"clip": film.clip, "director": film.director}
                for name, film in self.films.items()
            },
            "pairs": [list(pair) for pair in self.pairs],
            "checks": list(self.checks),
        }
        return json.dumps(facts, indent=2)

    @classmethod
    def load(cls, path: Path) -> StudyKey:
        """Read a key file.

        Raises
        ------
        SettingsError
            If it is none.
        """
        facts = read_json(path, SCHEMA)
        try:
            return cls(
                study=str(facts["study"]),
                films={
                    str(name): HiddenFilm(str(film["clip"]), str(film["director"]))
                    for name, film in facts["films"].items()
                },
                pairs=[(str(one), str(other)) for one, other in facts["pairs"]],
                checks=[str(name) for name in facts["checks"]],
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SettingsError(f"{path} is no key of a study: {error!r}.") from error


def read_json(path: Path, schema: str) -> dict[str, Any]:
    """Read a JSON object of a schema.

    Raises
    ------
    SettingsError
        If the file is not such.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not JSON: {error}.") from error
    if not isinstance(facts, dict) or facts.get("schema") != schema:
        raise SettingsError(f"{path} is not of the schema {schema}.")
    return facts


def _hidden(film: HiddenFilm, seed: int) -> str:
    told = json.dumps([seed, film.clip, film.director])
    return hashlib.sha256(told.encode()).hexdigest()[:_NAME_LETTERS]
