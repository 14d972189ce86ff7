"""The `evaluate` job: localization accuracy and confidence of a checkpoint.

Everything is measured on one split of a pair set with clean features; a second
checkpoint answers the same questions, so that the two can be compared pair by pair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pano_jobs.datasets.kinds import are_related
from pano_jobs.evaluation import plots
from pano_jobs.outputs import written_whole
from pano_jobs.results import as_json
from pano_jobs.training.features import load_features
from soundloc.data.pairs import PairSet, read_pair_set
from soundloc.evaluation.measures import Measures
from soundloc.evaluation.predictions import Predictions
from soundloc.evaluation.reporting.compare import Difference, compare
from soundloc.evaluation.reporting.report import Report, examine, report
from soundloc.evaluation.reporting.tables import Table, comparison_table, tables_of
from soundloc.network.checkpoint import load_checkpoint
from soundloc.progress import StepProgress, untold


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """Settings of the `evaluate` job.

    Parameters
    ----------
    checkpoint
        None is the network that comes with the package.
    other
        A checkpoint to compare with: what it has more or less.
    target
        A folder for the tables, the figures and the plots; None writes nothing.
    n_per_object
        How many sounds of its kind an object is asked with.
    picture_size_px
        (height, width) to bring all pictures to; needed where they differ.
    """

    pair_set: Path
    checkpoint: Path | None = None
    split: str = "test"
    other: Path | None = None
    target: Path | None = None
    seed: int = 0
    n_per_object: int = 1
    picture_size_px: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class EvaluationFiles:
    """The output files of the `evaluate` job."""

    results: Path
    table: Path
    plots: dict[str, Path]

    @classmethod
    def of(cls, folder: Path) -> EvaluationFiles:
        """Return their names in a folder."""
        return cls(
            folder / "results.json",
            folder / "table.md",
            {name: folder / f"{name}.png" for name in plots.NAMES},
        )

    def all(self) -> tuple[Path, ...]:
        """Return all of them."""
        return (self.results, self.table, *self.plots.values())


@dataclass(frozen=True, slots=True)
class EvaluateResult:
    """Result of the `evaluate` job, perhaps compared with a second checkpoint.

    Parameters
    ----------
    comparison
        Every figure of `checkpoint`, of `other`, and what the latter has more.
    files
        What was written.
    """

    pair_set: Path
    split: str
    checkpoint: str
    other: str | None
    seed: int
    report: Report
    comparison: tuple[Difference, ...]
    files: tuple[Path, ...]

    def tables(self) -> tuple[Table, ...]:
        """Return all measures as tables."""
        compared = (comparison_table(self.comparison),) if self.comparison else ()
        return (*tables_of(self.report), *compared)

    def words(self) -> str:
        """Return tables, notes and output files as text."""
        parts = [self._heading(), *(table.text() for table in self.tables())]
        if self.report.notes:
            parts.append("\n".join(f"note: {note}" for note in self.report.notes))
        if self.files:
            parts.append("\n".join(str(path) for path in self.files))
        return "\n\n".join(parts)

    def markdown(self) -> str:
        """Return the tables and notes as Markdown."""
        notes = "\n".join(f"- {note}" for note in self.report.notes)
        tables = [table.markdown() for table in self.tables()]
        return "\n\n".join([f"# {self._heading()}", *tables, notes]).rstrip() + "\n"

    def _heading(self) -> str:
        than = f", compared with {self.other}" if self.other else ""
        return (
            f"{self.checkpoint}{than} on {self.pair_set}, {self.split} split: "
            f"{self.report.n_questions} questions about {self.report.n_pictures} "
            "pictures"
        )


def evaluate(
    settings: EvaluateSettings, *, on_step: StepProgress = untold
) -> EvaluateResult:
    """Evaluate a checkpoint and write the results.

    Raises
    ------
    DatasetError, CheckpointError
        If the pair set or a checkpoint cannot be read.
    """
    pair_set = read_pair_set(settings.pair_set)
    predictions, measures = _ask(settings, settings.checkpoint, pair_set, on_step)
    comparison: tuple[Difference, ...] = ()
    if settings.other is not None:
        _, others = _ask(settings, settings.other, pair_set, on_step)
        comparison = compare(measures, others)
    result = EvaluateResult(
        settings.pair_set,
        settings.split,
        str(settings.checkpoint or "the default checkpoint"),
        None if settings.other is None else str(settings.other),
        settings.seed,
        report(predictions, measures, seed=settings.seed),
        comparison,
        (),
    )
    if settings.target is None:
        return result
    return replace(result, files=_write(result, settings.target))


def _ask(
    settings: EvaluateSettings,
    checkpoint: Path | None,
    pair_set: PairSet,
    on_step: StepProgress,
) -> tuple[Predictions, Measures]:
    net = load_checkpoint(checkpoint).net
    cache = load_features(
        net,
        pair_set,
        settings.split,
        clean=True,
        picture_size_px=settings.picture_size_px,
        on_step=on_step,
    )
    return examine(
        net,
        cache,
        related=are_related,
        seed=settings.seed,
        n_per_object=settings.n_per_object,
        on_step=on_step,
    )


def _write(result: EvaluateResult, folder: Path) -> tuple[Path, ...]:
    files = EvaluationFiles.of(folder)
    drawn = plots.plots_of(result.report, result.comparison)
    for name, draw in drawn.items():
        with written_whole(files.plots[name]) as part:
            draw(part)
    with written_whole(files.table) as part:
        part.write_text(result.markdown(), encoding="utf-8")
    with written_whole(files.results) as part:
        part.write_text(as_json(result) + "\n", encoding="utf-8")
    return (files.results, files.table, *(files.plots[name] for name in drawn))
