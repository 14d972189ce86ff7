"""The full evaluation report of one checkpoint on one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from soundloc.data.feature_cache import FeatureCache
from soundloc.evaluation.analyses.ambient import Contrast, contrast_ambience
from soundloc.evaluation.analyses.calibration import Reliability, calibrate
from soundloc.evaluation.analyses.interaction import Interaction, interact
from soundloc.evaluation.analyses.localization import (
    LocalizationRow,
    SizeRow,
    localize_all,
    rows_of,
    size_rows_of,
)
from soundloc.evaluation.analyses.negatives import (
    CompatFigures,
    compat_figures,
    present,
)
from soundloc.evaluation.analyses.shuffle import Gap, shuffle_sounds
from soundloc.evaluation.analyses.subjects import Subjects, judge_by_subjects
from soundloc.evaluation.measures import Measures, measure
from soundloc.evaluation.predictions import Predictions, predict
from soundloc.evaluation.queries import Related, Relation, ask
from soundloc.evaluation.reporting.figures import DETECTION_PROTOCOLS, figures_of
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import StepProgress, untold
from soundloc.scoring import ScoringProtocol
from soundloc.scoring.intervals import Interval


@dataclass(frozen=True, slots=True)
class NegativeRow:
    """What becomes of one kind of sounds whose source is not in the picture.

    Parameters
    ----------
    auroc
        How often an own sound has more confidence.
    lit_area
        The share of the picture above the universal threshold: pIA, less is better.
    average_precision, max_f1
        SLAVC's, by protocol, against as many negatives as positives; empty where no
        place is known.
    """

    relation: Relation
    auroc: Interval
    lit_area: Interval
    average_precision: Mapping[ScoringProtocol, Interval]
    max_f1: Mapping[ScoringProtocol, Interval]


@dataclass(frozen=True, slots=True)
class Restraint:
    """vssl_eval's harmonic means of being right and staying dark otherwise."""

    f_loc: Interval
    f_auc: Interval


@dataclass(frozen=True, slots=True)
class Report:
    """What one split says about a localizer.

    Parameters
    ----------
    n_pictures, n_questions, n_placed
        How many there are; how many questions have a right place.
    universal_tau
        The threshold of FIXED and of pIA.
    notes
        Which parts do not apply to this set, and why.
    """

    n_pictures: int
    n_questions: int
    n_placed: int
    universal_tau: float
    localization: tuple[LocalizationRow, ...]
    by_size: tuple[SizeRow, ...]
    subjects: Subjects | None
    ambience: tuple[Contrast, ...]
    interaction: Interaction | None
    negatives: tuple[NegativeRow, ...]
    restraint: Restraint | None
    slavc_release: CompatFigures | None
    shuffle: tuple[Gap, ...]
    calibration: tuple[Reliability, ...]
    notes: tuple[str, ...]


def examine(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    *,
    related: Related,
    seed: int = 0,
    n_per_object: int = 1,
    on_step: StepProgress = untold,
) -> tuple[Predictions, Measures]:
    """Predict and measure all questions of a split.

    `cache` holds clean features; `related` tells which kinds are too alike for one to
    be off-screen beside the other. The same pair set and seed give the same questions.
    """
    questions = ask(
        cache.pair_set,
        related=related,
        seed=seed,
        n_per_object=n_per_object,
        n_noises=len(cache.noises),
    )
    predictions = predict(net, cache, questions, seed=seed, on_step=on_step)
    return predictions, measure(predictions)


def report(predictions: Predictions, measures: Measures, *, seed: int = 0) -> Report:
    """Sum up what was measured."""
    table = localize_all(predictions, measures, seed=seed)
    is_placed = bool(measures.is_placed.any())
    subjects = judge_by_subjects(predictions, measures, ScoringProtocol.PAPER)
    ambience = contrast_ambience(measures)
    interaction = interact(predictions, measures, table)
    shuffle = shuffle_sounds(measures, seed=seed)
    return Report(
        len(predictions.pair_set.pictures),
        len(measures),
        int(measures.is_placed.sum()),
        measures.tau,
        rows_of(table),
        size_rows_of(table) if is_placed else (),
        subjects,
        ambience,
        interaction,
        *_negatives(measures),
        compat_figures(measures) if is_placed and present(measures) else None,
        shuffle,
        calibrate(measures),
        tuple(_notes(predictions, measures, subjects, interaction, shuffle)),
    )


def _negatives(
    measures: Measures,
) -> tuple[tuple[NegativeRow, ...], Restraint | None]:
    wanted = ("AUROC", "pIA", "AP", "max-F1", "F_")
    found = {
        figure.name: figure.interval(measures)
        for figure in figures_of(measures)
        if figure.name.startswith(wanted)
    }

    def by_protocol(name: str, relation: Relation) -> dict[ScoringProtocol, Interval]:
        return {
            protocol: found[f"{name} {protocol} {relation}"]
            for protocol in DETECTION_PROTOCOLS
            if f"{name} {protocol} {relation}" in found
        }

    rows = tuple(
        NegativeRow(
            relation,
            found[f"AUROC {relation}"],
            found[f"pIA {relation}"],
            by_protocol("AP", relation),
            by_protocol("max-F1", relation),
        )
        for relation in present(measures)
        if f"AUROC {relation}" in found
    )
    if "F_LOC" not in found:
        return rows, None
    return rows, Restraint(found["F_LOC"], found["F_AUC"])


def _notes(
    predictions: Predictions,
    measures: Measures,
    subjects: Subjects | None,
    interaction: Interaction | None,
    shuffle: tuple[Gap, ...],
) -> list[str]:
    notes = []
    n_own = int(measures.are(Relation.OWN).sum())
    n_unplaced = n_own - int(measures.is_placed.sum())
    if not n_own:
        notes.append("no picture has a sound of its own: only negatives were asked")
    elif n_unplaced:
        notes.append(f"{n_unplaced} of {n_own} own sounds have no known place")
    if subjects is None:
        notes.append("one opinion per object: no IoU by subject")
    if not measures.are(Relation.AMBIENT).any():
        notes.append("no sound is tagged ambient by its subjects")
    if not measures.are(Relation.NOWHERE).any():
        notes.append("no wind, rain or the like among the sounds")
    if interaction is None:
        notes.append("no picture has two sources with places: no interaction")
    if not measures.are(Relation.OFFSCREEN).any():
        notes.append("no sound is surely of something else: none is off-screen")
    elif any(o.kind is None for p in predictions.pair_set.pictures for o in p.objects):
        notes.append("kinds are not known: off-screen sounds may be alike")
    if not shuffle and measures.is_placed.any():
        notes.append("no own sound has a wrong one beside it: no audio-shuffle gap")
    return notes
