"""Variants of a sweep: supervision, labels, weights, splits, or ingredients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from pano_jobs.training.presets import PRESETS, Preset, Supervision
from soundloc.training.objective import LossWeights

# The paper's numbers of labelled pairs (Table 2) are 0.5k to 2.5k of 144k; these are
# shares of the training pictures.
_LABEL_SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)
# Unsupervised : supervised, the rows of Table 5.
_WEIGHTS = ((1.0, 1.0), (0.25, 0.75), (0.5, 0.5), (0.75, 0.25))
# Few enough that pictures without a place matter, as in Table 1.
_TABLE_1_SHARE = 0.1


class Over(StrEnum):
    """Which table a sweep makes.

    SUPERVISION
        Table 1: unsupervised, supervised and semi-supervised on the same data.
    LABELS
        Table 2: how many labelled pictures are needed, with and without the others.
    SPLITS
        Table 4: other test sets, each trained for anew.
    WEIGHTS
        Table 5: the balance of the supervised and the unsupervised loss.
    PAPER
        Ours against the paper.
    INGREDIENTS
        What each ingredient of ours is worth: one left out at a time, and what more
        heads add.
    """

    SUPERVISION = "supervision"
    LABELS = "labels"
    SPLITS = "splits"
    WEIGHTS = "weights"
    PAPER = "paper"
    INGREDIENTS = "ingredients"


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of a table.

    Parameters
    ----------
    label_share
        Share of the training pictures that keep their boxes.
    fold
        Which test set, None for the pair set's own.
    has_adapted_eye
        See with the visual trunk of the shipped checkpoint rather than with the one
        published for ImageNet.
    """

    name: str
    preset: Preset
    label_share: float = 1.0
    fold: int | None = None
    has_adapted_eye: bool = True


def variants(over: Over, preset: Preset, *, n_folds: int = 3) -> tuple[Variant, ...]:
    """List the rows of a table; the first is what the others are compared with.

    Parameters
    ----------
    preset
        The recipe that is varied.
    """
    if over is Over.SUPERVISION:
        return _supervision(preset)
    if over is Over.LABELS:
        return _labels(preset)
    if over is Over.SPLITS:
        return tuple(Variant(f"set {k + 1}", preset, fold=k) for k in range(n_folds))
    if over is Over.WEIGHTS:
        return _weights(preset)
    if over is Over.PAPER:
        return _against_the_paper(preset)
    return _ingredients(preset)


def _supervision(preset: Preset) -> tuple[Variant, ...]:
    semi = replace(preset, has_teachers=False)
    rows = [
        Variant(str(told), semi.with_supervision(told), _TABLE_1_SHARE)
        for told in (
            Supervision.SEMI_SUPERVISED,
            Supervision.SUPERVISED,
            Supervision.UNSUPERVISED,
        )
    ]
    taught = replace(preset, has_teachers=True)
    rows.append(Variant("semi-supervised, two teachers", taught, _TABLE_1_SHARE))
    rows.append(
        Variant("supervised, all labels", semi.with_supervision(Supervision.SUPERVISED))
    )
    return tuple(rows)


def _labels(preset: Preset) -> tuple[Variant, ...]:
    semi = replace(preset, has_teachers=False)
    sole = semi.with_supervision(Supervision.SUPERVISED)
    none = Variant("unsupervised", semi.with_supervision(Supervision.UNSUPERVISED), 0.0)
    rows = [none]
    for share in _LABEL_SHARES:
        rows.append(Variant(f"semi-supervised, {share:.0%} labelled", semi, share))
        rows.append(Variant(f"supervised, {share:.0%} labelled", sole, share))
    return tuple(rows)


def _weights(preset: Preset) -> tuple[Variant, ...]:
    before = preset.training.objective.weights
    rows = []
    for company, place in _WEIGHTS:
        weights = {
            "ratio": company * before.ratio,
            "contrast": company * before.contrast,
        }
        weights |= {
            "supervised": place * before.supervised,
            "mass": place * before.mass,
        }
        name = f"unsupervised {company:g}, supervised {place:g}"
        rows.append(Variant(name, preset.with_loss_weights(weights), _TABLE_1_SHARE))
    return tuple(rows)


def _against_the_paper(preset: Preset) -> tuple[Variant, ...]:
    paper = PRESETS["paper"].with_visual_trunk(preset.config.visual_trunk)
    training = preset.training
    tuned = replace(
        paper.training,
        n_pictures=training.n_pictures,
        learning_rate=training.learning_rate,
        schedule=training.schedule,
        warmup_steps=training.warmup_steps,
    )
    return (
        Variant("ours", preset),
        Variant("paper", paper),
        Variant("paper, our optimiser", replace(paper, training=tuned)),
    )


def _ingredients(preset: Preset) -> tuple[Variant, ...]:
    """Leave one ingredient of a recipe out at a time."""
    rows = list(_against_the_paper(preset))
    config, drawing, training = preset.config, preset.drawing, preset.training
    plain_config = {"temperature": replace(config, temperature=1.0)}
    if config.sound_features == "log-mel":
        lower = replace(config, sound_features="conv5+conv7")
        plain_config["the log-mel trunk (conv5 and conv7)"] = lower
    if config.sound_features != "conv8":
        upper = replace(config, sound_features="conv8")
        plain_config[f"{config.sound_features} (conv8)"] = upper
    if config.sound_pooling != "mean":
        alike = replace(config, sound_pooling="mean")
        plain_config["weighing sounds by loudness"] = alike
    if config.picture_scale != 1:
        plain_config["enlarging pictures"] = replace(config, picture_scale=1)
    if config.smoothing_cells > 0.0:
        plain_config["smoothing"] = replace(config, smoothing_cells=0.0)
    if config.judges_sound:
        plain_config["judging the sound alone"] = replace(config, judges_sound=False)
    rows += [
        Variant(f"without {name}", replace(preset, config=changed))
        for name, changed in plain_config.items()
    ]
    if config.visual_trunk == "efficientnet_lite0":
        as_published = replace(rows[0], has_adapted_eye=False)
        rows.append(replace(as_published, name="without adapting the visual trunk"))
    weights = training.objective.weights
    rows += [
        Variant(f"without {_LOSS_NAMES[name]}", preset.with_loss_weights({name: 0.0}))
        for name in LossWeights.__dataclass_fields__
        if getattr(weights, name) > 0.0
    ]
    plain_drawing = {
        "hard foreign sounds": replace(drawing, hard_share=0.0),
        "mixed sounds": replace(drawing, mixes=False),
    }
    rows += [
        Variant(f"without {name}", replace(preset, drawing=changed))
        for name, changed in plain_drawing.items()
        if changed != drawing
    ]
    last = replace(training, ema_decay=0.0)
    rows.append(Variant("without averaged weights", replace(preset, training=last)))
    if config.n_heads == 1:
        rows.append(Variant("with three heads", preset.with_heads(3)))
    return tuple(rows)


_LOSS_NAMES = {
    "supervised": "the supervised loss",
    "mass": "the mass in the boxes",
    "contrast": "contrast over places",
    "ratio": "the ratio loss",
    "confidence": "learning nowhere",
    "kinds": "the names of kinds",
    "equivariance": "equivariance",
    "silence": "keeping voices off apes",
}
