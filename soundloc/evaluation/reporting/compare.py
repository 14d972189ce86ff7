"""Paired comparison of two checkpoints on the same questions, with bootstraps.

The same pictures are drawn for both in every resample, so that what makes a picture
hard for both cancels: an interval of the difference is far narrower than the two
intervals beside each other suggest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from soundloc.evaluation.measures import Column, Measures
from soundloc.evaluation.reporting.figures import Figure, figures_of
from soundloc.scoring.intervals import Interval, bootstrap_statistic


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two checkpoints; `difference` is the second less the first."""

    name: str
    first: float
    second: float
    difference: Interval

    @property
    def is_clear(self) -> bool:
        """Tell whether the interval leaves out zero."""
        return self.difference.low > 0.0 or self.difference.high < 0.0

    def words(self) -> str:
        """Say it in one line."""
        d = self.difference
        verdict = "" if self.is_clear else "  not clear of zero"
        return (
            f"{self.name:<24}{self.first:7.3f} → {self.second:.3f}   "
            f"{d.mean:+.3f} [{d.low:+.3f}, {d.high:+.3f}]{verdict}"
        )


def compare(first: Measures, second: Measures) -> tuple[Difference, ...]:
    """Compare every figure that applies to both.

    Raises
    ------
    ValueError
        If they did not answer the same questions.
    """
    same = len(first) == len(second) and all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("relation", "picture", "partner", "group")
    )
    if not same or first.objects != second.objects:
        raise ValueError("only answers to the same questions can be compared")
    theirs = {figure.name for figure in figures_of(second)}
    return tuple(
        difference(figure, first, second)
        for figure in figures_of(first)
        if figure.name in theirs
    )


def difference(figure: Figure, first: Measures, second: Measures) -> Difference:
    """Compare one figure, with a paired bootstrap over pictures."""

    def gap(times: Column) -> Column:
        return np.asarray(figure.of(second, times) - figure.of(first, times))

    paired = bootstrap_statistic(gap, first.group)
    n = int((figure.about(first) | figure.about(second)).sum())
    return Difference(
        figure.name,
        figure.value(first),
        figure.value(second),
        replace(paired, n=n),
    )
