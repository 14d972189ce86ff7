"""What a network may be told, and how often it is taught: the rows of the experiment.

The losses, the one random negative and the batch of 30 are the preset `paper`'s; only
the learning rate is ten times the paper's, with a warm-up and a decay, because a
lesson has two hundred steps and not tens of thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from examples.pigeon_superstition.material import World
from examples.pigeon_superstition.places import Looks, look
from pano_jobs.training.fit import Fitting, fit
from pano_jobs.training.presets import PRESETS, Preset, Supervision
from pano_jobs.training.trunks import load_trunks
from soundloc.data.supervision import label_share
from soundloc.network.model import SoundLocalizationNet

LABELLED = 0.03
_SHARP = 0.07


@dataclass(frozen=True, slots=True)
class Lesson:
    """One row: a network, its losses, and the share of pictures with known places."""

    name: str
    preset: Preset
    labels: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where one trained network looks.

    Parameters
    ----------
    held_out
        In pictures as those it was trained on.
    crossed
        In the same pictures, the grounds exchanged.
    """

    held_out: Looks
    crossed: Looks


def lessons(n_steps: int) -> tuple[Lesson, ...]:
    """List the rows: the paper's first, then what could explain its failure away.

    With T = 1 the attention is nearly even, so the softmax is sharpened; and the
    contrast over places is what later methods put for Eq. 6.
    """
    paper, sharp = _preset(n_steps), _preset(n_steps, temperature=_SHARP)
    contrast = sharp.with_loss_weights({"ratio": 0.0, "contrast": 1.0})
    blind, _, helped = _told(sharp, f"T = {_SHARP}")
    lured, _, shown = _told(contrast, f"T = {_SHARP}, contrast")
    return (*_told(paper, "T = 1"), blind, helped, lured, shown)


def _told(preset: Preset, name: str) -> tuple[Lesson, Lesson, Lesson]:
    unsupervised, supervised, semi_supervised = map(
        preset.with_supervision, Supervision
    )
    share = f"{100 * LABELLED:g} %"
    return (
        Lesson(f"{name}: unsupervised", unsupervised),
        Lesson(f"{name}: supervised, {share}", supervised, LABELLED),
        Lesson(f"{name}: semi-supervised, {share}", semi_supervised, LABELLED),
    )


def _preset(n_steps: int, *, temperature: float = 1.0) -> Preset:
    """Put the preset `paper` on the trunks of the packaged checkpoint."""
    paper = PRESETS["paper"].with_visual_trunk("efficientnet_lite0")
    return replace(
        paper,
        config=replace(paper.config, sound_features="log-mel", temperature=temperature),
        training=replace(
            paper.training,
            n_steps=n_steps,
            n_foreign=0,  # the negative is the sound of another picture
            n_cells=40,  # a step looks at a tenth of each picture
            learning_rate=1e-3,
            schedule="cosine",
            warmup_steps=n_steps // 3,
            ema_decay=0.98,
        ),
        # As in the preset `strong`: few labels are in every batch, not in every tenth.
        drawing=replace(paper.drawing, placed_share=0.5),
    )


def packaged_trunks() -> SoundLocalizationNet:
    """Take the trunks of the packaged checkpoint, for pictures as large as they are.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    return load_trunks(_preset(1).config, None)


def teach(lesson: Lesson, world: World, *, seed: int) -> SoundLocalizationNet:
    """Train heads from scratch; the seed also says which pictures are annotated."""
    cache = world.train.cache
    known = replace(
        cache, pair_set=label_share(cache.pair_set, lesson.labels, seed=seed)
    )
    return fit(lesson.preset, Fitting(world.trunks, known, known), seed=seed)


def teach_all(
    chosen: tuple[Lesson, ...],
    world: World,
    *,
    n_seeds: int,
    on_net: Callable[[Lesson, int, SoundLocalizationNet], None],
) -> dict[str, list[Outcome]]:
    """Teach every lesson with every seed: outcomes by name, in order of the seeds."""
    outcomes: dict[str, list[Outcome]] = {lesson.name: [] for lesson in chosen}
    for seed in range(n_seeds):
        for lesson in chosen:
            net = teach(lesson, world, seed=seed)
            found = Outcome(look(net, world.test), look(net, world.crossed))
            outcomes[lesson.name].append(found)
            on_net(lesson, seed, net)
    return outcomes
