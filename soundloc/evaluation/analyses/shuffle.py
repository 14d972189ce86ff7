"""Shuffle test: the score with the right sound, less the score with a wrong one.

The cheapest and most honest single number about a localizer: zero means that it does
not listen, however well it points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.measures import Measures
from soundloc.evaluation.queries import NO_PARTNER
from soundloc.scoring import ScoringProtocol
from soundloc.scoring.intervals import Interval, bootstrap

_N_PERMUTATIONS = 9999
_PROTOCOLS = (ScoringProtocol.PAPER, ScoringProtocol.ADAPTIVE)


@dataclass(frozen=True, slots=True)
class Gap:
    """What listening is worth, in one measure.

    Parameters
    ----------
    measure
        "pointing", or the mean cIoU of a protocol.
    own, other
        The score with the right sound and with one of something else.
    gap
        Their mean difference, picture by picture.
    p_value
        How likely chance alone makes the gap as large: the share of 9,999 shuffles
        that swap right and wrong sound, all questions of a source together.
    """

    measure: str
    own: float
    other: float
    gap: Interval
    p_value: float


def shuffle_sounds(measures: Measures, *, seed: int = 0) -> tuple[Gap, ...]:
    """Compare every own sound with its partner; empty where there is none."""
    rows = np.flatnonzero(measures.is_placed & (measures.partner != NO_PARTNER))
    if not len(rows):
        return ()
    others = measures.partner[rows]
    columns = {"pointing": measures.pointing}
    columns |= {f"mean cIoU {p}": measures.ciou[p] for p in _PROTOCOLS}
    return tuple(
        gap(name, column[rows], column[others], measures.group[rows], seed=seed)
        for name, column in columns.items()
    )


def gap(
    name: str,
    own: NDArray[np.float64],
    other: NDArray[np.float64],
    groups: NDArray[np.int64],
    *,
    seed: int = 0,
) -> Gap:
    """Measure the mean difference of paired scores (n,), and whether it is chance."""
    gains = own - other
    _, codes = np.unique(groups, return_inverse=True)
    sums = np.bincount(codes, gains)
    rng = np.random.default_rng(seed)
    observed = sums.sum()
    n_as_large = sum(
        float(rng.choice((-1.0, 1.0), len(sums)) @ sums) >= observed - 1e-12
        for _ in range(_N_PERMUTATIONS)
    )
    return Gap(
        name,
        float(own.mean()),
        float(other.mean()),
        bootstrap(gains, groups),
        (1 + n_as_large) / (1 + _N_PERMUTATIONS),
    )
