"""Table and plot of a sweep: every row and its difference from the first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pano_jobs.outputs import written_whole
from pano_jobs.training.sweep.job import SweptVariant
from soundloc.evaluation.reporting.figures import Figure, figures_of
from soundloc.evaluation.reporting.seeds import over_seeds, paired_over_seeds
from soundloc.scoring.intervals import Interval

# What a table of a dozen rows can carry; all else is in the stored measures.
_SHOWN = (
    "pointing",
    "cIoU@0.5 adaptive",
    "mean cIoU adaptive",
    "AUROC off-screen",
    "AUROC nowhere",
    "AUROC noise",
)


@dataclass(frozen=True, slots=True)
class SweptFigure:
    """One figure of one row; `gap` is what it has more than the first row."""

    variant: str
    figure: str
    value: Interval
    gap: Interval | None

    @property
    def is_clear(self) -> bool:
        """Tell whether the gap's interval leaves out zero."""
        return self.gap is not None and (self.gap.low > 0.0 or self.gap.high < 0.0)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """Result of the `sweep` job; every figure is of `n_seeds` trainings per row."""

    target: Path
    over: str
    split: str
    n_seeds: int
    figures: tuple[SweptFigure, ...]

    def words(self) -> str:
        """Return the table: figures by row, a star where the interval excludes 0."""
        return f"{table(self.figures)}\n{self.target}: table, figures and plot"


def figures(swept: Sequence[SweptVariant]) -> tuple[SweptFigure, ...]:
    """Take the shown figures of every row, paired with the first."""
    first = swept[0]
    by_name = {figure.name: figure for figure in figures_of(first.runs[0])}
    shown: list[Figure] = [by_name[name] for name in _SHOWN if name in by_name]
    return tuple(
        SweptFigure(
            row.name,
            figure.name,
            over_seeds(figure, row.runs),
            None if row is first else _gap(figure, first, row),
        )
        for row in swept
        for figure in shown
    )


def _gap(figure: Figure, first: SweptVariant, row: SweptVariant) -> Interval | None:
    asked_alike = all(
        len(a) == len(b) and bool((a.picture == b.picture).all())
        for a, b in zip(first.runs, row.runs, strict=True)
    )
    return paired_over_seeds(figure, first.runs, row.runs) if asked_alike else None


def table(found: Sequence[SweptFigure]) -> str:
    """Lay figures out as a Markdown table."""
    names = list(dict.fromkeys(f.figure for f in found))
    rows = list(dict.fromkeys(f.variant for f in found))
    by_place = {(f.variant, f.figure): f for f in found}
    lines = [
        "| | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for row in rows:
        cells = [_cell(by_place[row, name]) for name in names]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figure: SweptFigure) -> str:
    value = figure.value
    if figure.gap is None:
        return f"{value.mean:.3f} [{value.low:.3f}, {value.high:.3f}]"
    star = "*" if figure.is_clear else ""
    gap = figure.gap
    return f"{value.mean:.3f} ({gap.mean:+.3f}{star} [{gap.low:+.3f}, {gap.high:+.3f}])"


def write(result: SweepResult) -> None:
    """Write `<over>.md`, `<over>.json` and `<over>.png` beside the measures."""
    words = (
        f"{result.n_seeds} seeds, {result.split} split. In brackets 95 % intervals "
        "over seeds and pictures; in parentheses the difference from the first row, "
        "paired by seed and question, * where its interval leaves out zero.\n\n"
    )
    stem = result.target / result.over
    rows = [asdict(figure) for figure in result.figures]
    texts = {
        ".md": words + table(result.figures) + "\n",
        ".json": json.dumps(rows, indent=1) + "\n",
    }
    for suffix, text in texts.items():
        with written_whole(stem.with_suffix(suffix)) as part:
            part.write_text(text, encoding="utf-8")
    _plot(result, stem.with_suffix(".png"))


def _plot(result: SweepResult, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    names = list(dict.fromkeys(f.figure for f in result.figures))
    rows = list(dict.fromkeys(f.variant for f in result.figures))
    canvas = Canvas(
        figsize=(2.6 * len(names) + 2.5, 0.32 * len(rows) + 1.4), layout="constrained"
    )
    FigureCanvasAgg(canvas)
    axes = canvas.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axis, name in zip(axes, names, strict=True):
        found = [f for f in result.figures if f.figure == name]
        for place, figure in enumerate(found):
            value = figure.value
            axis.plot([value.low, value.high], [place, place], color="C0", lw=2)
            axis.plot(value.mean, place, "o", color="C0", ms=5)
        axis.axvline(found[0].value.mean, color="0.7", lw=1, zorder=0)
        axis.set_title(name, fontsize=9)
        axis.set_yticks(range(len(rows)), rows, fontsize=8)
        axis.tick_params(axis="x", labelsize=8)
        axis.grid(axis="x", alpha=0.3)
    axes[0].invert_yaxis()
    with written_whole(path) as part:
        canvas.savefig(part, dpi=130, format="png")
