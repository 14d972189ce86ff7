"""The experiment's result in words: a table over seeds, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from scipy import stats

from examples.pigeon_superstition.lessons import Outcome
from examples.pigeon_superstition.places import Looks
from soundloc.scoring.intervals import Interval

Outcomes = Mapping[str, Sequence[Outcome]]

SETS = {"held_out": "held-out pictures", "crossed": "grounds crossed"}
_COLUMNS = {
    "source": "source",
    "ground": "its ground",
    "elsewhere": "elsewhere",
    "fooled_kinds": "fooled kinds",
    "source_mass": "mass: source",
    "ground_mass": "ground",
    "ciou": "cIoU@0.5",
    "chose": "right of 2",
}
_LEGEND = (
    "source, its ground, elsewhere: where the response peaks; in crossed pictures the",
    "    ground of the sound's kind lies under the other source;",
    "fooled kinds: those whose sounds lead to the ground more than to the source;",
    "mass: of the attention; right of 2: responds more in it than in the other source.",
)
_NAME_WIDTH, _COLUMN_WIDTH = 40, 13


def over_seeds(values: Sequence[float]) -> Interval:
    """Average over seeds, with Student's 95 % interval of the mean.

    One seed has no interval: it is then the number itself.
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Interval(mean, mean, mean, n)
    reach = float(stats.t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / sqrt(n)
    return Interval(mean, mean - reach, mean + reach, n)


def values_of(outcomes: Sequence[Outcome], which: str, figure: str) -> list[float]:
    """Return one figure of every seed, on the set `held_out` or `crossed`."""
    return [getattr(getattr(outcome, which), figure) for outcome in outcomes]


def table(outcomes: Outcomes, by_chance: Looks) -> str:
    """Say where the peak lies for every lesson, means ± half an interval over seeds."""
    (n_seeds,) = {len(seeds) for seeds in outcomes.values()}
    lines = [f"Per cent, mean ± 95 % interval over {n_seeds} seeds.", *_LEGEND]
    for which, title in SETS.items():
        heads = "".join(f"{head:>{_COLUMN_WIDTH}}" for head in _COLUMNS.values())
        lines += ["", f"{title:{_NAME_WIDTH}}{heads}"]
        for name, seeds in outcomes.items():
            cells = [
                _cell(over_seeds(_column(seeds, which, figure))) for figure in _COLUMNS
            ]
            lines.append(f"{name:{_NAME_WIDTH}}" + "".join(cells))
        lines.append(_chance_line(by_chance))
    return "\n".join(lines)


def differences(outcomes: Outcomes, pairs: Sequence[tuple[str, str]]) -> str:
    """Say what the second of each pair has more than the first, seed by seed."""
    lines = ["Paired differences in points [95 % interval over seeds]"]
    for first, second in pairs:
        for which, title in SETS.items():
            lines.append(f"{second}  less  {first}, {title}")
            for figure in ("source", "ground", "ciou"):
                before, after = (
                    values_of(outcomes[name], which, figure) for name in (first, second)
                )
                gap = over_seeds(np.subtract(after, before).tolist())
                clear = "" if gap.low > 0 or gap.high < 0 else "  not clear of zero"
                lines.append(
                    f"    {_COLUMNS[figure]:12s}{100 * gap.mean:+6.1f}  "
                    f"[{100 * gap.low:+6.1f}, {100 * gap.high:+6.1f}]{clear}"
                )
    return "\n".join(lines)


def _column(seeds: Sequence[Outcome], which: str, figure: str) -> list[float]:
    values = values_of(seeds, which, figure)
    if figure != "elsewhere":
        return values
    others = [values_of(seeds, which, f"other_{what}") for what in ("source", "ground")]
    return [sum(parts) for parts in zip(values, *others, strict=True)]


def _cell(interval: Interval) -> str:
    half = (interval.high - interval.low) / 2
    words = f"{100 * interval.mean:.1f} ± {100 * half:.1f}"
    return f"{words:>{_COLUMN_WIDTH}}"


def _chance_line(by_chance: Looks) -> str:
    cells = []
    for figure in _COLUMNS:
        value = getattr(by_chance, figure)
        if figure == "elsewhere":
            value += by_chance.other_source + by_chance.other_ground
        shown = "" if figure in ("ciou", "fooled_kinds") else f"{100 * value:.1f}"
        cells.append(f"{shown:>{_COLUMN_WIDTH}}")
    return f"{'chance':{_NAME_WIDTH}}" + "".join(cells)
