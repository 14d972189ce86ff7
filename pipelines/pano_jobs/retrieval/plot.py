"""Plot of recall at k over k, for each direction of retrieval beside chance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pano_jobs.outputs import written_whole
from pano_jobs.retrieval.report import ARROWS
from soundloc.retrieval import Criterion, Direction, Form, RetrievalFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 120
# Okabe and Ito's colours, told apart by everybody.
_COLORS = {
    Form.PAPER: "#D55E00",
    Form.GUIDED: "#0072B2",
    Form.UNGUIDED: "#56B4E9",
    Form.PEAK: "#009E73",
}
_NAMES = {
    Form.PAPER: "paper: f_v with the picture's own sound",
    Form.GUIDED: "strict: f_v with the sound compared",
    Form.UNGUIDED: "strict: f_v without attention",
    Form.PEAK: "strict: peak of the response",
}


def plot_recall(figures: RetrievalFigures, target: Path) -> None:
    """Draw R@1 to R@50 for both directions into a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Without kinds only the very pair is right to find.
    has_kinds = any(s.criterion is Criterion.SHOWN for s in figures.searches)
    criterion = Criterion.SHOWN if has_kinds else Criterion.OWN
    figure = Figure(figsize=(11.0, 4.6), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, direction in zip(
        figure.subplots(1, 2, sharey=True), Direction, strict=True
    ):
        _draw(axes, figures, direction, criterion)
    figure.suptitle(
        "At least one of the k nearest shows a thing of the sound's kind"
        if has_kinds
        else "The other half of the pair is among the k nearest"
    )
    with written_whole(target) as part:
        figure.savefig(part, format="png")


def _draw(
    axes: Axes,
    figures: RetrievalFigures,
    direction: Direction,
    criterion: Criterion,
) -> None:
    chance: tuple[float, ...] = ()
    for search in figures.searches:
        if (search.direction, search.criterion) != (direction, criterion):
            continue
        curve, chance = search.figures.recall_curve, search.figures.chance_curve
        axes.plot(
            range(1, len(curve) + 1),
            curve,
            color=_COLORS[search.form],
            label=_NAMES[search.form],
        )
    axes.plot(range(1, len(chance) + 1), chance, "k--", label="chance")
    axes.set(title=ARROWS[direction], xlabel="k", ylabel="R@k", ylim=(0.0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
