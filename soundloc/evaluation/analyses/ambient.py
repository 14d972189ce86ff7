"""Object sounds against ambient sounds, by response: section 5.3 and Figure 10.

The attention sums to 1 whatever is heard; the response before it is weaker where the
sound comes from nothing in the picture. The paper shows grey maps and says that ReLU
does better; here it is a number, for both mechanisms and two ways to sum up a map.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.config import Mechanism
from soundloc.evaluation.measures import Column, Measures
from soundloc.evaluation.queries import Relation
from soundloc.evaluation.weighted_statistics import auroc
from soundloc.scoring.intervals import Interval, bootstrap_statistic

AMBIENCE = (Relation.AMBIENT, Relation.NOWHERE)
N_BINS = 40


@dataclass(frozen=True, slots=True)
class Contrast:
    """How the response tells sounds of objects from ambience.

    Parameters
    ----------
    mechanism
        Of the paper's two; a network trained with one is read with both.
    strength
        "peak" (the strongest 0.5 % of the cells) or "top quarter" (SLAVC's).
    against
        AMBIENT, by the subjects' tags, or NOWHERE, wind and rain.
    auroc
        How often an object's sound has the stronger response.
    mean_object, mean_ambience
        Of the strength.
    edges, n_object, n_ambience
        Their histograms: as many counts as `edges` less one.
    """

    mechanism: Mechanism
    strength: str
    against: Relation
    auroc: Interval
    mean_object: float
    mean_ambience: float
    edges: tuple[float, ...]
    n_object: tuple[int, ...]
    n_ambience: tuple[int, ...]


def contrast_ambience(measures: Measures) -> tuple[Contrast, ...]:
    """Contrast the sounds of objects with each ambience there is."""
    mechanisms: tuple[Mechanism, ...] = ("cosine", "relu_cosine")
    return tuple(
        _contrast(measures, mechanism, strength, relation)
        for relation in AMBIENCE
        if measures.are(relation).any() and measures.are(Relation.OWN).any()
        for mechanism in mechanisms
        for strength in ("peak", "top quarter")
    )


def _contrast(
    measures: Measures, mechanism: Mechanism, strength: str, against: Relation
) -> Contrast:
    own = measures.are(Relation.OWN)
    chosen = own | measures.are(against)
    column = _column(measures, mechanism, strength)
    area = bootstrap_statistic(
        partial(auroc, column[chosen], own[chosen]), measures.group[chosen]
    )
    ours, theirs = column[own], column[measures.are(against)]
    low, high = float(column[chosen].min()), float(column[chosen].max())
    edges = np.linspace(low, high if high > low else low + 1.0, N_BINS + 1)
    return Contrast(
        mechanism,
        strength,
        against,
        replace(area, n=int(chosen.sum())),
        float(ours.mean()),
        float(theirs.mean()),
        tuple(edges.tolist()),
        _histogram(ours, edges),
        _histogram(theirs, edges),
    )


def _column(
    measures: Measures, mechanism: Mechanism, strength: str
) -> NDArray[np.float64]:
    read = measures.cosine if mechanism == "cosine" else measures.relu_cosine
    column = read.peak if strength == "peak" else read.top_quarter
    return column.astype(np.float64)


def _histogram(values: Column, edges: Column) -> tuple[int, ...]:
    return tuple(int(n) for n in np.histogram(values, edges)[0])
