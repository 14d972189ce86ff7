"""Retrieval metrics (Table 6 and stricter forms), each beside its chance.

The paper embeds a gallery picture together with its own sound, so that a sound finds
pictures partly by comparing sounds. The strict forms keep the query's kind of thing out
of the gallery, and say what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from soundloc.retrieval.conditional import ConditionalFigures, measure_conditional
from soundloc.retrieval.labels import PseudoLabels
from soundloc.retrieval.pairs import Database, share_label
from soundloc.retrieval.ranking import (
    RankingFigures,
    average_precision,
    chance_average_precision,
    judge,
    random_precision,
    rank,
)
from soundloc.retrieval.scores import Similarities

PAPER_KS = (10, 15, 20)  # Table 6


class Direction(StrEnum):
    """What asks and what is found."""

    SOUND_TO_PICTURE = "sound-to-picture"
    PICTURE_TO_SOUND = "picture-to-sound"


class Form(StrEnum):
    """What a picture is embedded as when it meets a sound."""

    PAPER = "paper"  # guided by its own sound: f_v(Y_v, Y_s)
    GUIDED = "guided"  # by the sound it is compared with: f_v(Y_v, X_s)
    UNGUIDED = "unguided"  # by none: all cells count the same
    PEAK = "peak"  # as nothing: the peak of the response is the likeness


class Criterion(StrEnum):
    """What is right to find."""

    SHOWN = "shown"  # the picture shows something that makes the sound
    SOUNDING = "sounding"  # the object that the pair is about makes it
    LABELS = "labels"  # picture and sound share a pseudo-label
    OWN = "own"  # picture and sound are of one pair


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """One way of searching, judged by one criterion.

    `random_10` is the paper's random chance, where the criterion is the paper's.
    """

    direction: Direction
    form: Form
    criterion: Criterion
    figures: RankingFigures
    random_10: float | None = None


@dataclass(frozen=True, slots=True)
class KindFigures:
    """How well the pictures that show a kind are found by its sounds."""

    form: Form
    kind: str
    n_queries: int
    average_precision: float
    chance: float


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """Everything measured on one database.

    Parameters
    ----------
    pseudo_labels
        Where the pseudo-labels came from.
    conditional
        None where no picture has two sounds to tell apart.
    """

    n_pairs: int
    n_sounds: int
    pseudo_labels: str
    searches: tuple[SearchFigures, ...]
    by_kind: tuple[KindFigures, ...]
    conditional: ConditionalFigures | None

    def search(
        self, direction: Direction, form: Form, criterion: Criterion
    ) -> SearchFigures:
        """Return the figures of one search.

        Raises
        ------
        LookupError
            If that search was not measured.
        """
        wanted = (direction, form, criterion)
        for search in self.searches:
            if (search.direction, search.form, search.criterion) == wanted:
                return search
        raise LookupError(f"no search was measured for {wanted}")


def measure_retrieval(
    database: Database,
    similar: Similarities,
    labels: PseudoLabels,
    *,
    ks: tuple[int, ...] = (1, 5, 10, 20),
) -> RetrievalFigures:
    """Measure all searches of a database.

    A pair's picture and sound may find, and be found by, those of pairs that share no
    source with it; with the criterion `OWN` also by each other. A sound that several
    pairs have is in the gallery once.
    """
    if not ks or min(ks) < 1:
        raise ValueError(f"ks must be positive, got {ks}")
    return RetrievalFigures(
        n_pairs=len(database.pairs),
        n_sounds=int(database.is_first.sum()),
        pseudo_labels=labels.origin,
        searches=tuple(_searches(database, similar, labels, ks)),
        by_kind=tuple(_by_kind(database, similar)),
        conditional=measure_conditional(database, similar, ks=ks),
    )


def tables(similar: Similarities) -> dict[Form, NDArray[np.float32]]:
    """Return the similarities of each form; rows sounds, columns pictures."""
    return {
        Form.PAPER: similar.paper,
        Form.GUIDED: similar.guided,
        Form.UNGUIDED: similar.unguided,
        Form.PEAK: similar.peak,
    }


def _searches(
    database: Database,
    similar: Similarities,
    labels: PseudoLabels,
    ks: tuple[int, ...],
) -> Iterator[SearchFigures]:
    shared = share_label(labels.sounds, labels.pictures)
    own = np.eye(len(database.pairs), dtype=np.bool_)
    foreign = ~database.same_source
    for direction in Direction:
        for form, similarity in tables(similar).items():
            judged = [(Criterion.SHOWN, database.shows[: len(own)], foreign)]
            if form is Form.PAPER:
                # Only here do the pictures of the gallery bring a sound with them.
                judged.append((Criterion.SOUNDING, database.sounds, foreign))
            else:
                judged.append((Criterion.OWN, own, foreign | own))
            judged.append((Criterion.LABELS, shared, foreign))
            for criterion, right, candidates in judged:
                search = _search(
                    database,
                    (direction, form, criterion),
                    similarity,
                    right=right,
                    candidates=candidates,
                    ks=ks,
                )
                if search.figures.n_queries:
                    yield search


def _search(
    database: Database,
    name: tuple[Direction, Form, Criterion],
    similarity: NDArray[np.float32],
    *,
    right: NDArray[np.bool_],
    candidates: NDArray[np.bool_],
    ks: tuple[int, ...],
) -> SearchFigures:
    direction, form, criterion = name
    is_sound = direction is Direction.SOUND_TO_PICTURE
    if not is_sound:
        gallery = database.is_first | (criterion is Criterion.OWN)
        candidates = candidates & gallery[:, None]
        similarity, right, candidates = similarity.T, right.T, candidates.T
    is_paper = criterion is Criterion.LABELS
    figures = judge(
        similarity,
        right=right,
        candidates=candidates,
        groups=(
            database.sound_sources[: len(database.pairs)]
            if is_sound
            else database.picture_sources
        ),
        ks=tuple(sorted({*ks, *PAPER_KS})) if is_paper else ks,
        drops_unanswerable=not is_paper,
    )
    chance = random_precision(right, candidates) if is_paper else None
    return SearchFigures(direction, form, criterion, figures, chance)


def _by_kind(database: Database, similar: Similarities) -> Iterator[KindFigures]:
    kinds = np.array([kind or "" for kind in database.kinds])
    candidates = ~database.same_source
    right = database.shows[: len(kinds)] & candidates
    for form, similarity in tables(similar).items():
        hits = np.take_along_axis(right, rank(similarity, candidates), axis=1)
        found = average_precision(hits)
        chance = chance_average_precision(right.sum(axis=1), candidates.sum(axis=1))
        for kind in sorted({*kinds.tolist()} - {""}):
            chosen = (kinds == kind) & right.any(axis=1)
            if chosen.any():
                yield KindFigures(
                    form,
                    kind,
                    int(chosen.sum()),
                    float(found[chosen].mean()),
                    float(chance[chosen].mean()),
                )
