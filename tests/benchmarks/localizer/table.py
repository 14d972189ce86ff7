"""The figures with their intervals, as lines to read and as rows to keep."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from soundloc.scoring.intervals import Interval, bootstrap, share


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure, beside what needs no ears and what is wanted.

    Parameters
    ----------
    prior
        The same of the mean response to many sounds.
    chance
        The same of a blind guess.
    goal
        What it should reach.
    """

    name: str
    measured: Interval
    prior: Interval | None = None
    chance: float | None = None
    goal: float | None = None


class Asked(Protocol):
    """A sound that was asked for, and where the peak lay."""

    @property
    def group(self) -> int: ...
    @property
    def is_hit(self) -> float: ...
    @property
    def prior_hit(self) -> float: ...
    @property
    def area(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Section:
    """Some figures under one heading, and remarks below them."""

    title: str
    figures: Sequence[Figure] = ()
    remarks: Sequence[str] = field(default=())


def mean(values: Iterable[float], groups: Iterable[int]) -> Interval:
    """Average with a 95 % interval from resampling whole groups."""
    array = np.array(list(values), dtype=np.float64)
    codes = np.array(list(groups), dtype=np.int64)
    if np.isin(array, (0.0, 1.0)).all():
        # A bootstrap of scenes that all agree would know of nothing else.
        return share(array == 1.0, codes)
    return bootstrap(array, codes)


def pointing_figure(
    name: str, rows: Sequence[Asked], goal: float | None = None
) -> Figure:
    """Average where the peaks lay, beside the prior's and what a guess would reach."""
    groups = [r.group for r in rows]
    return Figure(
        name,
        mean([r.is_hit for r in rows], groups),
        mean([r.prior_hit for r in rows], groups),
        float(np.mean([r.area for r in rows])) if rows else None,
        goal,
    )


def print_section(section: Section) -> None:
    print(f"\n{section.title}")
    if section.figures:
        columns = ("", "measured", "95 %", "n", "prior", "chance", "wanted")
        print("  {:<58}{:>9}{:>17}{:>6}{:>22}{:>8}{:>8}".format(*columns))
    for figure in section.figures:
        got = figure.measured
        print(
            f"  {figure.name:<58}{_number(got.mean):>9}{_range(got):>17}{got.n:>6}"
            f"{_prior(figure.prior):>22}{_number(figure.chance):>8}"
            f"{_number(figure.goal):>8}"
        )
    for remark in section.remarks:
        print(f"  {remark}")


def write_json(target: Path, sections: Sequence[Section], **about: object) -> None:
    rows = about | {"sections": [asdict(section) for section in sections]}
    target.write_text(json.dumps(_plain(rows), indent=1) + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """Replace what JSON has no word for."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _number(value: float | None) -> str:
    return "" if value is None else "–" if math.isnan(value) else f"{value:.3f}"


def _range(interval: Interval) -> str:
    return f"[{_number(interval.low)}, {_number(interval.high)}]"


def _prior(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.mean:.3f} {_range(interval)}"
