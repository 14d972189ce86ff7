"""The `retrieve` job: cross-modal retrieval with a localizer's embeddings.

Section 5.4 of the paper on any pair set: Table 6 beside its strict forms, Fig. 11 and
12 as sheets; or a single search with a photograph, a sound, or both.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pano_jobs.outputs import written_whole
from pano_jobs.results import as_json
from pano_jobs.retrieval.plot import plot_recall
from pano_jobs.retrieval.report import all_tables, as_markdown, as_text, short_tables
from pano_jobs.retrieval.rows import RowMaker, TilePainter
from pano_jobs.retrieval.sheet import Row, save_rows
from pano_jobs.training.features import load_features
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import read_pair_set
from soundloc.errors import CheckpointError
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import StepProgress, untold
from soundloc.retrieval import (
    Database,
    Direction,
    Embedder,
    PseudoLabels,
    RetrievalFigures,
    compare_all,
    draw_database,
    kinds_as_labels,
    label_objects,
    measure_retrieval,
)

logger = logging.getLogger(__name__)

LEGEND = "Green: right to find.  Red: not.  Heat: where the network hears the sound."


@dataclass(frozen=True, slots=True)
class RetrieveSettings:
    """Settings of the `retrieve` job.

    Parameters
    ----------
    checkpoint
        ``None`` is the network that comes with the package.
    target
        A folder for tables, plot and sheets; ``None`` writes nothing.
    ks
        Numbers of neighbours to report.
    n_pairs
        Pictures in the database, drawn by the seed; the cost grows with their square.
    soundnet
        The published SoundNet-8, for pseudo-labels; without it kinds take their place.
    picture_size_px
        (height, width) to bring all pictures to; needed where they differ.
    n_rows
        Queries on each sheet.
    """

    pair_set: Path
    checkpoint: Path | None = None
    split: str = "test"
    target: Path | None = None
    ks: tuple[int, ...] = (1, 5, 10, 20)
    n_pairs: int = 500
    seed: int = 0
    soundnet: Path | None = None
    picture_size_px: tuple[int, int] | None = None
    n_rows: int = 5


@dataclass(frozen=True, slots=True)
class RetrievalFiles:
    """The output files of the `retrieve` job."""

    results: Path
    table: Path
    plot: Path
    sheets: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path) -> RetrievalFiles:
        """Return their names in a folder."""
        names = (
            "sound-to-picture",
            "picture-to-sound",
            "conditional-pictures",
            "conditional-sounds",
        )
        return cls(
            folder / "results.json",
            folder / "table.md",
            folder / "recall.png",
            tuple(folder / f"{name}.png" for name in names),
        )

    def all(self) -> tuple[Path, ...]:
        """Return all of them."""
        return (self.results, self.table, self.plot, *self.sheets)


@dataclass(frozen=True, slots=True)
class RetrieveResult:
    """Result of the `retrieve` job.

    Parameters
    ----------
    n_pictures
        Pictures of the split, of which those with a sound could be drawn.
    files
        What was written.
    """

    pair_set: Path
    split: str
    checkpoint: str
    seed: int
    n_pictures: int
    figures: RetrievalFigures
    files: tuple[Path, ...]

    def words(self) -> str:
        """Return the figures as tables."""
        lines = [
            f"{self.pair_set}, {self.split} split: {self.figures.n_pairs} of "
            f"{self.n_pictures} pictures, each with one of {self.figures.n_sounds} "
            f"sounds; network {self.checkpoint}",
            as_text(short_tables(self.figures)),
        ]
        if self.files:
            lines.append("\n".join(str(path) for path in self.files))
        return "\n\n".join(lines)


def retrieve(
    settings: RetrieveSettings, *, on_step: StepProgress = untold
) -> RetrieveResult:
    """Measure how well sounds find pictures and pictures sounds.

    Raises
    ------
    DatasetError, CheckpointError
        If the pair set or a network cannot be read.
    """
    net = load_checkpoint(settings.checkpoint).net
    cache = load_features(
        net,
        read_pair_set(settings.pair_set),
        settings.split,
        clean=True,
        picture_size_px=settings.picture_size_px,
        on_step=on_step,
    )
    database = draw_database(
        cache.pair_set, n_pairs=settings.n_pairs, seed=settings.seed
    )
    labels = _pseudo_labels(net, cache, database, settings.soundnet, on_step)
    similar = compare_all(
        net,
        cache,
        database,
        on_step=lambda done, total: on_step("comparing", done, total),
    )
    figures = measure_retrieval(database, similar, labels, ks=settings.ks)
    result = RetrieveResult(
        settings.pair_set,
        settings.split,
        str(settings.checkpoint or "default"),
        settings.seed,
        len(cache.pair_set.pictures),
        figures,
        (),
    )
    if settings.target is None:
        return result
    painter = TilePainter(cache, Embedder(net, cache))
    rows = RowMaker(painter, database, similar, settings.n_rows, settings.seed)
    return _write(result, RetrievalFiles.of(settings.target), rows)


def _write(
    result: RetrieveResult, files: RetrievalFiles, rows: RowMaker
) -> RetrieveResult:
    """Write everything; return the result that names what was written."""
    drawn = []
    for path, sheet in zip(files.sheets, _sheets(rows), strict=True):
        if shown := list(sheet):
            save_rows(shown, path, legend=LEGEND)
            drawn.append(path)
    plot_recall(result.figures, files.plot)
    result = replace(result, files=(files.results, files.table, files.plot, *drawn))
    heading = f"Retrieval in the {result.split} split of {result.pair_set.name}"
    tables = as_markdown(all_tables(result.figures), heading=heading)
    for path, text in ((files.table, tables), (files.results, as_json(result) + "\n")):
        with written_whole(path) as part:
            part.write_text(text, encoding="utf-8")
    return result


def _sheets(rows: RowMaker) -> Iterator[Iterator[Row]]:
    """Yield the rows of each sheet, in the order of `RetrievalFiles.sheets`."""
    yield rows.searches(Direction.SOUND_TO_PICTURE)
    yield rows.searches(Direction.PICTURE_TO_SOUND)
    yield rows.conditional_pictures()
    yield rows.conditional_sounds()


def _pseudo_labels(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    database: Database,
    soundnet: Path | None,
    tell: StepProgress,
) -> PseudoLabels:
    if soundnet is None and not net.sound.names_objects:
        return kinds_as_labels(database, reason="no SoundNet was named")
    try:
        return label_objects(
            net,
            cache,
            database,
            soundnet_path=soundnet,
            on_step=lambda done, total: tell("naming sounds", done, total),
        )
    except CheckpointError as error:
        if soundnet is not None:
            raise
        logger.warning("no pseudo-labels: %s", error)
        return kinds_as_labels(database, reason="the classifier is not to be had")
