"""Interactive localization: whether two sounds of one picture find their own sources.

A localizer that looks at whatever is salient finds one of them at best. On IS3 the
centred disc has both right in 7 % of the pictures where it has either in 34 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.analyses.localization import Localization
from soundloc.evaluation.measures import Measures, fine_response
from soundloc.evaluation.predictions import Predictions
from soundloc.evaluation.queries import truth_of
from soundloc.scoring import Scores, ScoringProtocol
from soundloc.scoring.intervals import Interval, bootstrap

_PROTOCOLS = (
    ScoringProtocol.PAPER,
    ScoringProtocol.TOP50,
    ScoringProtocol.ADAPTIVE,
)


@dataclass(frozen=True, slots=True)
class PairScore:
    """How often a predictor is right about both sounds of a pair.

    Parameters
    ----------
    iiou
        Both with a cIoU of at least 0.5.
    iauc
        The area under that share as the bar rises from 0 to 1.
    both_peaks
        Both peaks in their own source.
    """

    predictor: str
    protocol: ScoringProtocol
    iiou: Interval
    iauc: Interval
    both_peaks: Interval


@dataclass(frozen=True, slots=True)
class Interaction:
    """What becomes of several sounds asked of one picture.

    Parameters
    ----------
    pairs
        Over all pairs of sounds with different sources in one picture.
    all_right
        By the number of sources in the picture: all their peaks right.
    choosing
        Of the sources in the picture the sounding one responds most.
    choosing_chance
        The same for a guess among them.
    """

    pairs: tuple[PairScore, ...]
    all_right: Mapping[int, Interval]
    choosing: Interval
    choosing_chance: Interval


def interact(
    predictions: Predictions, measures: Measures, table: Localization
) -> Interaction | None:
    """Judge pictures with several sources; None if there are none."""
    placed = np.flatnonzero(measures.is_placed)
    pictures = _sources(measures, placed)
    if not pictures:
        return None
    groups = measures.group[placed]
    pairs = [pair for rows in pictures for pair in combinations(rows, 2)]
    scores = tuple(
        _score_pairs(name, protocol, found, pairs)
        for protocol in _PROTOCOLS
        for name, found in table.scores[protocol].items()
    )
    pointing = measures.pointing[placed]
    by_number: dict[int, list[list[int]]] = defaultdict(list)
    for rows in pictures:
        by_number[len(rows)].append(rows)
    all_right = {
        n: bootstrap(
            np.array([pointing[rows].prod() for rows in found]),
            np.array([groups[rows[0]] for rows in found]),
        )
        for n, found in sorted(by_number.items())
    }
    return Interaction(scores, all_right, *choose_source(predictions, measures))


def _sources(measures: Measures, placed: NDArray[np.int64]) -> list[list[int]]:
    """List the pictures with several sources, each source's first question of them.

    Numbers count the placed questions.
    """
    found: dict[int, dict[tuple[int, ...], int]] = defaultdict(dict)
    for place, row in enumerate(placed.tolist()):
        first = found[int(measures.picture[row])]
        first.setdefault(measures.objects[row], place)
    return [list(rows.values()) for rows in found.values() if len(rows) > 1]


def _score_pairs(
    name: str, protocol: ScoringProtocol, scores: Scores, pairs: list[tuple[int, int]]
) -> PairScore:
    first, second = np.array(pairs).T
    worse = np.minimum(scores.ciou[first], scores.ciou[second])
    groups = scores.groups[first]
    both = Scores(worse, np.zeros_like(worse), np.zeros_like(worse), groups)
    peaks = scores.pointing[first] * scores.pointing[second]
    return PairScore(
        name, protocol, both.success(), both.auc(), bootstrap(peaks, groups)
    )


def choose_source(
    predictions: Predictions, measures: Measures
) -> tuple[Interval, Interval]:
    """Measure how often the sounding source responds most, and the same by chance.

    Over pictures with several sources; not numbers where there are none.
    """
    placed = np.flatnonzero(measures.is_placed)
    chose, chance, drawn = [], [], []
    for rows in _sources(measures, placed):
        asked = [predictions.questions[placed[row]] for row in rows]
        entry = predictions.pair_set.pictures[asked[0].picture]
        truths = [truth_of(entry, question.objects) for question in asked]
        for place, row in enumerate(rows):
            response = fine_response(predictions, int(placed[row]))
            best = [float(response[t > 0].max()) for t in truths if t is not None]
            chose.append(float(best[place] >= max(best)))
            chance.append(1.0 / len(rows))
            drawn.append(measures.group[placed[row]])
    where = np.array(drawn, dtype=np.int64)
    return bootstrap(np.array(chose), where), bootstrap(np.array(chance), where)
