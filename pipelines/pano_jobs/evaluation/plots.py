"""The evaluation's plots, drawn from its report alone.

matplotlib takes a second to import and is only imported where something is drawn;
pyplot, which keeps every figure in memory, not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.analyses.ambient import Contrast
from soundloc.evaluation.analyses.calibration import Reliability
from soundloc.evaluation.analyses.localization import NETWORK, LocalizationRow, SizeRow
from soundloc.evaluation.reporting.compare import Difference
from soundloc.evaluation.reporting.report import NegativeRow, Report
from soundloc.scoring import BARS, ScoringProtocol
from soundloc.scoring.baselines import Predictor
from soundloc.scoring.intervals import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Draw = Callable[[Path], None]

NAMES = (
    "success_curves",
    "sizes",
    "ambience",
    "negatives",
    "reliability",
    "comparison",
)
_DPI = 120
# Okabe and Ito's colours, told apart by everybody.
_OURS, _PRIOR, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#7F7F7F"
_CURVES = {
    NETWORK: (_OURS, "-", 2.4),
    str(Predictor.OBJECT_PRIOR): (_PRIOR, "-", 1.6),
    str(Predictor.ORACLE): ("black", "--", 1.2),
    str(Predictor.CENTRED_DISC): (_GREEN, "-", 1.2),
    str(Predictor.CENTRED_BOX): ("#56B4E9", "-", 1.2),
    str(Predictor.WHOLE_PICTURE): ("#CC79A7", "-", 1.2),
    str(Predictor.RANDOM_PIXELS): (_GREY, ":", 1.2),
}


def plots_of(report: Report, comparison: Sequence[Difference] = ()) -> dict[str, Draw]:
    """Name the plots that apply; each is drawn into a PNG when called with its path."""
    found: dict[str, Draw] = {}
    if report.localization:
        found["success_curves"] = partial(_draw_curves, report.localization)
    if report.by_size:
        found["sizes"] = partial(_draw_sizes, report.by_size)
    if report.ambience:
        found["ambience"] = partial(_draw_ambience, report.ambience)
    if report.negatives:
        found["negatives"] = partial(_draw_negatives, report.negatives)
    if report.calibration:
        found["reliability"] = partial(_draw_reliability, report.calibration)
    if comparison:
        found["comparison"] = partial(_draw_comparison, comparison)
    return found


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="png")


def _panels(figure: Figure, n_rows: int, n_columns: int) -> list[Axes]:
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    return [panel for row in axes for panel in row]


def _draw_curves(rows: Sequence[LocalizationRow], path: Path) -> None:
    """Draw the success ratio over the cIoU threshold: Figure 9."""
    protocols = [p for p in ScoringProtocol if any(r.protocol is p for r in rows)]
    figure = _figure(12.6, 8.4)
    panels = _panels(figure, 2, 3)
    for axes, protocol in zip(panels, protocols, strict=False):
        for row in rows:
            if row.protocol is protocol:
                color, style, width = _CURVES[row.predictor]
                axes.plot(
                    BARS,
                    row.curve,
                    color=color,
                    linestyle=style,
                    linewidth=width,
                    label=row.predictor,
                )
                if row.predictor == NETWORK:
                    axes.set_title(
                        f"{protocol}: network's AUC {100 * row.auc.mean:.1f} %"
                    )
        axes.set(xlabel="cIoU threshold", ylabel="share of pictures")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.grid(alpha=0.3)
    for spare in panels[len(protocols) :]:
        spare.set_axis_off()
    # As many protocols as leave one panel free, so that it hides no curve.
    panels[-1].legend(*panels[0].get_legend_handles_labels(), loc="center", fontsize=12)
    figure.suptitle(f"Success over the cIoU threshold (n = {rows[0].success.n})")
    _save(figure, path)


def _draw_sizes(rows: Sequence[SizeRow], path: Path) -> None:
    sizes = tuple(dict.fromkeys(row.size for row in rows))
    predictors = tuple(dict.fromkeys(row.predictor for row in rows))
    figure = _figure(9.0, 4.0)
    panels = _panels(figure, 1, 2)
    names = (f"cIoU@0.5, {rows[0].protocol}", "pointing")
    for axes, name, field in zip(panels, names, ("success", "pointing"), strict=True):
        for shift, predictor in enumerate(predictors):
            values = [
                getattr(row, field)
                for size in sizes
                for row in rows
                if row.size is size and row.predictor == predictor
            ]
            places = np.arange(len(sizes)) + 0.38 * (shift - 0.5)
            _bars(axes, places, values, _CURVES[predictor][0], predictor)
        n = {row.size: row.pointing.n for row in rows}
        axes.set_xticks(range(len(sizes)), [f"{s}\nn = {n[s]}" for s in sizes])
        axes.set(title=name, ylim=(0, 1.02))
        axes.grid(axis="y", alpha=0.3)
    panels[0].legend(fontsize=8)
    figure.suptitle("By size of the source")
    _save(figure, path)


def _bars(
    axes: Axes,
    places: NDArray[np.floating],
    values: Sequence[Interval],
    color: str,
    label: str,
) -> None:
    known = [(x, v) for x, v in zip(places.tolist(), values, strict=True) if v.n]
    if not known:
        return
    means = [v.mean for _, v in known]
    reach = [[v.mean - v.low for _, v in known], [v.high - v.mean for _, v in known]]
    axes.bar([x for x, _ in known], means, 0.36, color=color, label=label)
    axes.errorbar(
        [x for x, _ in known], means, reach, fmt="none", ecolor="black", capsize=3
    )


def _draw_ambience(contrasts: Sequence[Contrast], path: Path) -> None:
    """Draw what Figure 10 shows in grey: objects against ambience, as histograms."""
    n_rows = len(contrasts) // 4
    figure = _figure(15.0, 3.4 * n_rows)
    for axes, contrast in zip(_panels(figure, n_rows, 4), contrasts, strict=True):
        for counts, color, label in (
            (contrast.n_object, _OURS, "object"),
            (contrast.n_ambience, _PRIOR, str(contrast.against)),
        ):
            shares = np.array(counts) / max(1, sum(counts))
            axes.stairs(shares, contrast.edges, fill=True, alpha=0.5, color=color)
            axes.stairs(shares, contrast.edges, color=color, label=label)
        axes.set(
            title=f"{contrast.mechanism}, {contrast.strength}: "
            f"AUROC {contrast.auroc.mean:.3f}",
            xlabel="response before softmax",
        )
        axes.legend(fontsize=8)
    figure.axes[0].set_ylabel("share of questions")
    _save(figure, path)


def _draw_negatives(rows: Sequence[NegativeRow], path: Path) -> None:
    protocols = tuple(rows[0].average_precision)
    names = ["AUROC of confidence", "pIA: lit share of the picture"]
    columns = [[row.auroc for row in rows], [row.lit_area for row in rows]]
    for protocol in protocols:
        names.append(f"SLAVC's AP, {protocol}")
        columns.append([row.average_precision[protocol] for row in rows])
    figure = _figure(3.8 * len(names), 3.8)
    for axes, name, values in zip(
        _panels(figure, 1, len(names)), names, columns, strict=True
    ):
        _bars(axes, np.arange(len(rows)) + 0.0, values, _OURS, name)
        axes.set_xticks(range(len(rows)), [str(row.relation) for row in rows])
        axes.set(title=name)
        axes.set_ylim(bottom=0.0)
        axes.grid(axis="y", alpha=0.3)
    figure.axes[0].set_ylim(0.0, 1.02)
    figure.axes[0].axhline(0.5, color=_GREY, linestyle="--", linewidth=1)
    figure.suptitle("Sounds whose source is not in the picture")
    _save(figure, path)


def _draw_reliability(curves: Sequence[Reliability], path: Path) -> None:
    figure = _figure(4.4 * len(curves), 4.4)
    for axes, curve in zip(_panels(figure, 1, len(curves)), curves, strict=True):
        known = np.array(curve.weight) > 0.0
        mean = np.array(curve.mean_confidence)[known]
        axes.plot([0, 1], [0, 1], color=_GREY, linestyle="--", linewidth=1)
        axes.bar(
            (np.flatnonzero(known) + 0.5) / len(curve.weight),
            np.array(curve.weight)[known],
            0.9 / len(curve.weight),
            color=_GREY,
            alpha=0.3,
            label="share of questions",
        )
        right = np.array(curve.share_right)[known]
        axes.plot(mean, right, "o-", color=_OURS, label=f"share {curve.outcome}")
        axes.set(
            title=f"{curve.outcome}: expected error {curve.error.mean:.3f}",
            xlabel="confidence",
            xlim=(0, 1),
            ylim=(0, 1.02),
        )
        axes.legend(fontsize=8, loc="upper left")
        axes.grid(alpha=0.3)
    _save(figure, path)


def _draw_comparison(differences: Sequence[Difference], path: Path) -> None:
    figure = _figure(8.0, 0.8 + 0.24 * len(differences))
    (axes,) = _panels(figure, 1, 1)
    for place, difference in enumerate(differences):
        interval = difference.difference
        color = _GREY
        if difference.is_clear:
            color = _OURS if interval.mean > 0.0 else _PRIOR
        axes.plot([interval.low, interval.high], [place, place], color=color)
        axes.plot([interval.mean], [place], "o", color=color, markersize=4)
    axes.axvline(0.0, color="black", linewidth=1)
    axes.set_yticks(range(len(differences)), [d.name for d in differences], fontsize=7)
    axes.set_ylim(len(differences) - 0.5, -0.5)
    axes.set_xlabel("what the second has more; grey: not clear of zero")
    axes.grid(axis="x", alpha=0.3)
    _save(figure, path)
