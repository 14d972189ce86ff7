"""Where cuts are told to be, and not to be: in moments and in steps of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pano.director.evidence import STEP_S, Evidence
from pano.director.wishes import CutRules


@dataclass(frozen=True, slots=True)
class CutPlaces:
    """The places of cuts in a plan of `n_steps` steps of `stride` moments each.

    Parameters
    ----------
    source_s, asked_s
        The moments with which the source's shots begin, and those that a person asked
        for; and when exactly, in seconds after the first map.
    uncut
        Steps with which no other shot may begin.
    """

    stride: int
    n_steps: int
    source_s: dict[int, float]
    asked_s: dict[int, float]
    uncut: frozenset[int]

    @classmethod
    def of(cls, cuts: CutRules, evidence: Evidence, stride: int) -> CutPlaces:
        """Find the places in a clip's evidence."""
        n_steps, first_s = -(-len(evidence) // stride), evidence.first_s
        source_s = (time_s for time_s in cuts.source_cuts_s if not cuts.forbid(time_s))
        return cls(
            stride,
            n_steps,
            source_s=_moments(source_s, evidence),
            asked_s=_moments(cuts.asked_s, evidence),
            uncut=frozenset(
                step
                for step in range(n_steps)
                if cuts.forbid(first_s + step * stride * STEP_S)
            ),
        )

    @property
    def exact_s(self) -> dict[int, float]:
        """All moments at which there is a cut for certain, and when exactly."""
        return self.source_s | self.asked_s

    def steps(self, moments: Iterable[int]) -> dict[int, int]:
        """Return the step of the plan that begins nearest to each moment, by step."""
        return {
            min(max(round(moment / self.stride), 1), self.n_steps - 1): moment
            for moment in moments
        }


def _moments(times_s: Iterable[float], evidence: Evidence) -> dict[int, float]:
    """Return the first moments not before some times, and the times, by moment."""
    found = {}
    for time_s in times_s:
        offset_s = time_s - evidence.first_s
        moment = int(np.ceil(offset_s / STEP_S - 1e-6))
        if 0 < moment < len(evidence):
            found[moment] = offset_s
    return found
