"""The `sweep` job: train every row of a table with several seeds, and compare them.

Each training is measured on the same questions of the test split and its measures are
kept, so an interrupted sweep goes on with the next training, and a table can be made
of what there is.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pano_jobs.datasets.kinds import are_related
from pano_jobs.training.features import load_features
from pano_jobs.training.fit import Fitting, fit
from pano_jobs.training.presets import PRESETS, Preset
from pano_jobs.training.sweep.folds import refold
from pano_jobs.training.sweep.variants import Over, Variant, variants
from pano_jobs.training.trunks import load_trunks
from soundloc.architecture.config import LocalizerConfig
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import SPLITS, PairSet, PictureEntry, read_pair_set
from soundloc.data.supervision import label_share
from soundloc.evaluation.measures import Measures, measure
from soundloc.evaluation.predictions import predict
from soundloc.evaluation.queries import Question, ask
from soundloc.evaluation.stored import load_measures, save_measures
from soundloc.inference.torch_engine import choose_engine
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import StepProgress, untold
from soundloc.training.calibrate_confidence import calibrate_confidence

logger = logging.getLogger(__name__)

# Sweeps make many trainings; every step of each looks at so many cells, whatever the
# number of its pictures, so that all cost the same.
_CELLS_PER_STEP = 1920
# The confidence has two numbers to fit.
_N_CALIBRATION = 150


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """Settings of the `sweep` job.

    Parameters
    ----------
    preset
        The recipe that is varied.
    n_train
        Training pictures, the first of the pair set; None takes all.
    n_measured
        Pictures to measure on, likewise.
    n_pictures
        Of a batch; None leaves the presets'.
    split
        Measured on; choose on `validation`, report on `test`.
    """

    pair_set: Path
    target: Path
    over: Over
    preset: str = "strong"
    n_seeds: int = 5
    n_steps: int = 500
    n_train: int | None = 1500
    n_measured: int | None = 250
    n_pictures: int | None = 8
    n_folds: int = 3
    split: str = "test"
    soundnet: Path | None = None

    def rows(self) -> tuple[Variant, ...]:
        """List the variants, brought to the sweep's size."""
        # With one head each a table costs a third, and what differs is the same.
        on_light = (
            PRESETS[self.preset].with_visual_trunk("efficientnet_lite0").with_heads(1)
        )
        found = variants(self.over, on_light, n_folds=self.n_folds)
        return tuple(replace(v, preset=self._sized(v.preset)) for v in found)

    def _sized(self, preset: Preset) -> Preset:
        training = preset.training
        if self.n_pictures is not None and training.n_per_picture > 1:
            training = replace(training, n_pictures=self.n_pictures)
        n_cells = max(16, _CELLS_PER_STEP // training.n_pictures)
        training = replace(training, n_cells=n_cells, n_steps=self.n_steps)
        return replace(preset, training=training)


@dataclass(frozen=True, slots=True, eq=False)
class SweptVariant:
    """A row and what each of its trainings measured, by seed."""

    name: str
    runs: tuple[Measures, ...]


def sweep(
    settings: SweepSettings, *, on_step: StepProgress = untold
) -> tuple[SweptVariant, ...]:
    """Run the missing trainings and evaluations, and return every row.

    Raises
    ------
    DatasetError, CheckpointError
        If the pair set or the pretrained trunks cannot be read.
    """
    settings.target.mkdir(parents=True, exist_ok=True)
    rows = settings.rows()
    rooms = _Rooms(settings, on_step)
    total = len(rows) * settings.n_seeds
    found: dict[str, list[Measures]] = {row.name: [] for row in rows}
    done = 0
    for seed in range(settings.n_seeds):
        for row in rows:
            found[row.name].append(_run(row, seed, rooms, settings))
            done += 1
            on_step("trainings", done, total)
    return tuple(SweptVariant(name, tuple(runs)) for name, runs in found.items())


def _run(row: Variant, seed: int, rooms: _Rooms, settings: SweepSettings) -> Measures:
    digest = _digest(row, settings)
    room = rooms.of(row)
    questions = room.questions()
    for path in settings.target.glob(f"*-{digest}-{seed}.npz"):
        return load_measures(path, questions)
    train = room.train(row, seed)
    fitting = Fitting(room.trunks, train, room.validation)
    net = fit(row.preset, fitting, seed=seed)
    calibrate_confidence(net, room.validation, related=are_related)
    measures = measure(predict(net, room.measured, questions))
    name = re.sub(r"[^a-z0-9]+", "-", row.name.lower()).strip("-")
    save_measures(settings.target / f"{name}-{digest}-{seed}.npz", measures)
    return measures


def _digest(row: Variant, settings: SweepSettings) -> str:
    """Sum up all that a row's measures depend on, so that tables can share it."""
    sizes = (settings.n_train, settings.n_measured, settings.split, settings.n_folds)
    of_row = (row.label_share, row.fold, row.has_adapted_eye)
    recipe = (asdict(row.preset), *of_row, sizes)
    digest = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()
    return digest[:8]


@dataclass(frozen=True, slots=True, eq=False)
class _Room:
    """The features that trainings on the same trunks share."""

    trunks: SoundLocalizationNet
    pair_set: PairSet
    whole: FeatureCache
    validation: FeatureCache
    measured: FeatureCache

    def questions(self) -> tuple[Question, ...]:
        return ask(
            self.measured.pair_set,
            related=are_related,
            n_noises=len(self.measured.noises),
        )

    def train(self, row: Variant, seed: int) -> FeatureCache:
        if row.label_share >= 1.0:
            return self.whole
        labelled = label_share(self.pair_set, row.label_share, seed=seed)
        return replace(self.whole, pair_set=labelled.split("train"))


class _Rooms:
    """Loads the features that a row needs, once for each kind of trunk and fold."""

    def __init__(self, settings: SweepSettings, tell: StepProgress) -> None:
        self._settings, self._tell = settings, tell
        self._found: dict[tuple[object, ...], _Room] = {}
        self._has_views = any(row.preset.has_views for row in settings.rows())

    def of(self, row: Variant) -> _Room:
        config = row.preset.config
        sight = (config.visual_trunk, config.picture_scale, row.has_adapted_eye)
        key = (*sight, config.sound_features, config.sound_pooling, row.fold)
        if key not in self._found:
            self._found[key] = self._load(config, row)
        return self._found[key]

    def _load(self, config: LocalizerConfig, row: Variant) -> _Room:
        settings, tell = self._settings, self._tell
        pair_set = read_pair_set(settings.pair_set)
        if row.fold is not None:
            pair_set = refold(pair_set, row.fold, settings.n_folds)
        counts = {"validation": _N_CALIBRATION, "train": settings.n_train}
        pair_set = _first(pair_set, counts | {settings.split: settings.n_measured})
        trunks = load_trunks(config, settings.soundnet)
        shipped = load_checkpoint().net
        if not row.has_adapted_eye:
            trunks.load_pretrained_visual_trunk()
        elif shipped.config.visual_trunk == config.visual_trunk:
            trunks.copy_visual_trunk(shipped)  # whatever hears, the same eye sees
        engine = choose_engine(trunks.visual.trunk)

        def load(split: str, *, clean: bool, has_views: bool = False) -> FeatureCache:
            return load_features(
                trunks,
                pair_set,
                split,
                clean=clean,
                has_views=has_views,
                engine=engine,
                on_step=tell,
            )

        return _Room(
            trunks,
            pair_set,
            load("train", clean=False, has_views=self._has_views),
            load("validation", clean=False),
            load(settings.split, clean=True),
        )


def _first(pair_set: PairSet, counts: dict[str, int | None]) -> PairSet:
    """Keep the first pictures of every split; None keeps all."""
    kept: list[PictureEntry] = []
    for split in SPLITS:
        pictures = [p for p in pair_set.pictures if p.split == split]
        kept += pictures[: counts.get(split)]
    return replace(pair_set, pictures=tuple(kept))
