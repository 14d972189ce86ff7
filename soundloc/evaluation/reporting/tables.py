"""The report as tables: for a terminal in aligned columns, for a page in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from soundloc.evaluation.reporting.compare import Difference
from soundloc.evaluation.reporting.report import Report
from soundloc.scoring.intervals import Interval


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the names of the columns and rows of words; `note` explains them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def text(self) -> str:
        """Align the columns."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        body = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *body, *([self.note] if self.note else [])])

    def markdown(self) -> str:
        """Write it for a page."""
        rule = ["---", *["---:"] * (len(self.columns) - 1)]
        lines = [self.columns, tuple(rule), *self.rows]
        body = ["| " + " | ".join(line) + " |" for line in lines]
        note = ["", self.note] if self.note else []
        return "\n".join([f"### {self.title}", "", *body, *note])


def tables_of(report: Report) -> tuple[Table, ...]:
    """Lay out whatever applies."""
    return tuple(
        table
        for tables in (
            _localization(report),
            _by_size(report),
            _subjects(report),
            _shuffle(report),
            _interaction(report),
            _negatives(report),
            _ambience(report),
            _calibration(report),
        )
        for table in tables
    )


def comparison_table(differences: Sequence[Difference]) -> Table:
    """Lay out what the second checkpoint has more than the first."""
    return Table(
        "The same questions to both, in %: what the second has more",
        ("figure", "n", "first", "second", "difference", ""),
        tuple(
            (
                d.name,
                str(d.difference.n),
                f"{100 * d.first:.2f}",
                f"{100 * d.second:.2f}",
                _signed(d.difference),
                "" if d.is_clear else "not clear of zero",
            )
            for d in differences
        ),
        "paired bootstrap over pictures, 95 %",
    )


def _signed(interval: Interval) -> str:
    mean, low, high = (
        f"{100 * value:+.2f}" for value in (interval.mean, interval.low, interval.high)
    )
    return f"{mean} [{low}, {high}]"


def percent(interval: Interval, digits: int = 1) -> str:
    """Write a share with its 95 % interval, in per cent."""
    if not interval.n:
        return "–"
    mean, low, high = (
        f"{100 * value:.{digits}f}"
        for value in (interval.mean, interval.low, interval.high)
    )
    if np.isnan(interval.low):
        return f"{mean} [?]"
    return mean if low == high == mean else f"{mean} [{low}, {high}]"


def _localization(report: Report) -> Iterator[Table]:
    found = {(row.predictor, row.protocol): row for row in report.localization}
    predictors = tuple(dict.fromkeys(row.predictor for row in report.localization))
    protocols = tuple(dict.fromkeys(row.protocol for row in report.localization))
    if not found:
        return
    note = f"fixed: one threshold for all pictures, {report.universal_tau:.3f}"
    yield Table(
        f"Localization: cIoU@0.5 in %, by protocol (n = {report.n_placed})",
        ("predictor", *protocols, "pointing"),
        tuple(
            (
                name,
                *(percent(found[name, protocol].success) for protocol in protocols),
                percent(found[name, protocols[0]].pointing),
            )
            for name in predictors
        ),
        note,
    )
    yield Table(
        "Localization: AUC in %, by protocol",
        ("predictor", *protocols),
        tuple(
            (name, *(percent(found[name, protocol].auc) for protocol in protocols))
            for name in predictors
        ),
    )


def _by_size(report: Report) -> Iterator[Table]:
    if report.by_size:
        yield Table(
            f"By size of the source, protocol {report.by_size[0].protocol}",
            ("size", "predictor", "n", "cIoU@0.5 %", "pointing %"),
            tuple(
                (
                    str(row.size),
                    row.predictor,
                    str(row.pointing.n),
                    percent(row.success),
                    percent(row.pointing),
                )
                for row in report.by_size
            ),
            "small is below 32², medium below 96², large below 144² of 224² pixels",
        )


def _subjects(report: Report) -> Iterator[Table]:
    subjects = report.subjects
    if subjects is None:
        return
    rows = [
        (f"subject {s.number}", str(s.success.n), percent(s.success), percent(s.auc))
        for s in subjects.subjects
    ]
    mean, area = subjects.mean_success, subjects.mean_auc
    rows.append(("average", "", f"{100 * mean:.1f}", f"{100 * area:.1f}"))
    n = str(subjects.agreement.n)
    rows.append(("one subject by another", n, percent(subjects.agreement), ""))
    yield Table(
        f"Each subject alone (Table 3), protocol {subjects.protocol}",
        ("subject", "n", "IoU@0.5 %", "AUC %"),
        tuple(rows),
    )


def _shuffle(report: Report) -> Iterator[Table]:
    if report.shuffle:
        yield Table(
            "Audio-shuffle gap: what the right sound is worth",
            ("measure", "own sound %", "other sound %", "gap %", "p"),
            tuple(
                (
                    gap.measure,
                    f"{100 * gap.own:.1f}",
                    f"{100 * gap.other:.1f}",
                    percent(gap.gap),
                    f"{gap.p_value:.4f}",
                )
                for gap in report.shuffle
            ),
        )


def _interaction(report: Report) -> Iterator[Table]:
    found = report.interaction
    if found is None:
        return
    pairs = {(pair.predictor, pair.protocol): pair for pair in found.pairs}
    protocols = tuple(dict.fromkeys(pair.protocol for pair in found.pairs))
    predictors = tuple(dict.fromkeys(pair.predictor for pair in found.pairs))
    yield Table(
        f"Interaction: both of two sounds right, in % ({found.pairs[0].iiou.n} pairs)",
        ("predictor", *(f"IIoU {p}" for p in protocols), "both peaks"),
        tuple(
            (
                name,
                *(percent(pairs[name, protocol].iiou) for protocol in protocols),
                percent(pairs[name, protocols[0]].both_peaks),
            )
            for name in predictors
        ),
    )
    rows = [
        (f"all of {n} peaks right", str(share.n), percent(share))
        for n, share in found.all_right.items()
    ]
    choosing, chance = found.choosing, found.choosing_chance
    rows.append(("right one of the sources", str(choosing.n), percent(choosing)))
    rows.append(("  by chance", str(chance.n), percent(chance)))
    yield Table("Several sources in one picture", ("", "n", "%"), tuple(rows))


def _negatives(report: Report) -> Iterator[Table]:
    if not report.negatives:
        return
    protocols = tuple(report.negatives[0].average_precision)
    yield Table(
        "Sounds whose source is not in the picture, in %",
        (
            "sound",
            "AUROC",
            *(f"AP {p}" for p in protocols),
            *(f"max-F1 {p}" for p in protocols),
            "pIA",
        ),
        tuple(
            (
                str(row.relation),
                percent(row.auroc),
                *(percent(row.average_precision[p]) for p in protocols),
                *(percent(row.max_f1[p]) for p in protocols),
                percent(row.lit_area, 2),
            )
            for row in report.negatives
        ),
        "AP, max-F1: SLAVC's, as many negatives as positives; pIA: the lit share of "
        "the picture.\nThe bare network is asked; the localizer gates digital silence.",
    )
    if report.restraint is not None:
        compat = report.slavc_release
        rows = [
            ("F_LOC", percent(report.restraint.f_loc)),
            ("F_AUC", percent(report.restraint.f_auc)),
        ]
        if compat is not None:
            rows += [
                ("AP by SLAVC's steps", f"{100 * compat.average_precision:.1f}"),
                ("max-F1 by SLAVC's steps", f"{100 * compat.max_f1:.1f}"),
                ("LocAcc", f"{100 * compat.localization_accuracy:.1f}"),
            ]
        yield Table(
            "Positives and negatives together, in %",
            ("figure", "%"),
            tuple(rows),
            "F: vssl_eval's, over silence, noise and off-screen; SLAVC's steps and "
            "LocAcc: as in its\nrelease, protocol top50, over all negatives",
        )


def _ambience(report: Report) -> Iterator[Table]:
    if report.ambience:
        yield Table(
            "Objects against ambience, before the softmax (§5.3)",
            ("response", "strength", "against", "object", "ambience", "AUROC %"),
            tuple(
                (
                    contrast.mechanism,
                    contrast.strength,
                    str(contrast.against),
                    f"{contrast.mean_object:.3f}",
                    f"{contrast.mean_ambience:.3f}",
                    percent(contrast.auroc),
                )
                for contrast in report.ambience
            ),
        )


def _calibration(report: Report) -> Iterator[Table]:
    for reliability in report.calibration:
        bins = zip(
            reliability.mean_confidence,
            reliability.share_right,
            reliability.weight,
            strict=True,
        )
        yield Table(
            f"Confidence against outcome “{reliability.outcome}”, "
            f"expected error {percent(reliability.error)} %",
            ("confidence", "share right", "weight"),
            tuple(
                (f"{mean:.2f}", f"{share:.2f}", f"{weight:.3f}")
                for mean, share, weight in bins
                if weight > 0.0
            ),
        )
