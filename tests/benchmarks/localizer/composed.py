"""Line 1: scenes of several objects, each asked for with a sound of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from soundloc.scoring.intervals import Interval, bootstrap_statistic
from tests.benchmarks.localizer.listening import Array, Listener
from tests.benchmarks.localizer.pieces import is_unfamiliar
from tests.benchmarks.localizer.places import covered, highest, hits
from tests.benchmarks.localizer.scenes import AskedScene, SceneMaker
from tests.benchmarks.localizer.table import Figure, Section, mean, pointing_figure

SNRS_DB = (10.0, 0.0)
N_SCENES_PER_CUTOUT = 4
# Square roots of areas in pixels of a 480 × 960 frame: 28 to 190 are drawn.
_SIDES_PX = (0.0, 48.0, 80.0, 130.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Pointed:
    """One object asked for with one sound.

    Parameters
    ----------
    is_hit, is_best
        The response peaks in it; of all objects it has the highest response.
    prior_hit, prior_best
        The same of the mean response to many sounds.
    area
        The share of the picture that it covers.
    """

    scene: int
    kind: str
    is_unfamiliar: bool
    side_px: float
    is_hit: float
    is_best: float
    prior_hit: float
    prior_best: float
    area: float
    confidence: float

    @property
    def group(self) -> int:
        """What is resampled whole."""
        return self.scene


@dataclass(frozen=True, slots=True)
class Denied:
    """A picture asked with a sound that nothing in it makes."""

    scene: int
    what: str
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class SeenScene:
    """A scene, its features (D, h, w) and the mean response (h, w) to many sounds."""

    scene: AskedScene
    visual: Array
    prior: Array


def see_scene(scene: AskedScene, listener: Listener) -> SeenScene:
    """Look at a scene once."""
    visual = listener.localizer.see(scene.picture, wrap=True)
    return SeenScene(scene, visual, listener.prior(visual))


def ask_scene(
    seen: SeenScene, listener: Listener, *, snr_db: float | None = None
) -> list[Pointed]:
    """Ask for every object of a scene, with or without noise."""
    boxes = [(o.box,) for o in seen.scene.objects]
    prior_hits = hits(seen.prior, boxes, wrap=True)
    prior_best = highest(seen.prior, boxes, wrap=True)
    rows = []
    for number, wanted in enumerate(seen.scene.objects):
        found = listener.ask(seen.visual, listener.embed(wanted.sound, snr_db))
        best = highest(found.response, boxes, wrap=True)
        rows.append(
            Pointed(
                scene=seen.scene.number,
                kind=str(wanted.piece.kind),
                is_unfamiliar=is_unfamiliar(wanted.piece),
                side_px=wanted.side_px,
                is_hit=float(hits(found.response, boxes, wrap=True)[number]),
                is_best=float(best == number),
                prior_hit=float(prior_hits[number]),
                prior_best=float(prior_best == number),
                area=covered(boxes[number]),
                confidence=found.confidence,
            )
        )
    return rows


def deny_scene(seen: SeenScene, listener: Listener) -> list[Denied]:
    """Ask a scene with silence, noise, weather and sounds of absent kinds."""
    scene = seen.scene
    weather = listener.weather[scene.number % len(listener.weather)]
    sounds = [
        ("silence", listener.silence()),
        ("coloured noise", listener.noise(scene.number)),
        ("recorded wind and rain", listener.embed(weather)),
        *(("sounds of absent kinds", listener.embed(s)) for s in scene.absent),
    ]
    return [
        Denied(scene.number, what, listener.ask(seen.visual, sound).confidence)
        for what, sound in sounds
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What many scenes answered; `noisy` by the ratio in dB."""

    clean: list[Pointed]
    noisy: dict[float, list[Pointed]]
    denied: list[Denied]


def ask_scenes(
    scenes: Iterable[AskedScene],
    listener: Listener,
    *,
    snrs_db: Sequence[float] = (),
    deny: bool = False,
    digest: Callable[[bytes], None] | None = None,
) -> Asked:
    """Ask many scenes, each seen once; `digest` is told what they are."""
    asked = Asked([], {snr_db: [] for snr_db in snrs_db}, [])
    for scene in scenes:
        if digest is not None:
            digest(scene.picture.tobytes())
            digest(" ".join(o.sound.path.name for o in scene.objects).encode())
        seen = see_scene(scene, listener)
        asked.clean.extend(ask_scene(seen, listener))
        for snr_db, rows in asked.noisy.items():
            rows.extend(ask_scene(seen, listener, snr_db=snr_db))
        if deny:
            asked.denied.extend(deny_scene(seen, listener))
    return asked


def choice_figure(name: str, rows: Sequence[Pointed], n_objects: int) -> Figure:
    groups = [r.scene for r in rows]
    return Figure(
        name,
        mean([r.is_best for r in rows], groups),
        mean([r.prior_best for r in rows], groups),
        1.0 / n_objects,
    )


def all_right(rows: Sequence[Pointed]) -> Interval:
    """Return the share of scenes in which every peak lies in the right object."""
    right: dict[int, float] = {}
    for row in rows:
        right[row.scene] = min(right.get(row.scene, 1.0), float(row.is_hit == 1.0))
    return mean(right.values(), right)


def kept_figure(snr_db: float, clean: Sequence[Pointed], noisy: Sequence[Pointed]):
    """Measure how much of the pointing noise leaves, scenes resampled."""
    before, after = (np.array([r.is_hit for r in rows]) for rows in (clean, noisy))
    groups = np.array([r.scene for r in clean])

    def statistic(times: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((times @ after) / (times @ before))

    measured = bootstrap_statistic(statistic, groups)
    name = f"share of the pointing kept at {snr_db:.0f} dB"
    return Figure(name, measured, goal=2.0 / 3.0 if snr_db == 0.0 else None)


def summarise(
    title: str,
    rows: Sequence[Pointed],
    n_objects: int,
    *,
    goal: float | None = None,
    all_goal: float | None = None,
) -> Section:
    """Sum up scenes of as many objects."""
    unfamiliar = [r for r in rows if r.is_unfamiliar]
    figures = [
        pointing_figure("peak in the right object", rows, goal),
        choice_figure("the right one of the objects is highest", rows, n_objects),
        Figure("all peaks of a scene right", all_right(rows), goal=all_goal),
    ]
    if 0 < len(unfamiliar) < len(rows):
        name = "of pictures no trunk was pretrained on"
        figures.append(pointing_figure(f"peak, {name}", unfamiliar, goal))
        figures.append(choice_figure(f"highest, {name}", unfamiliar, n_objects))
    return Section(title, figures)


def by_size(rows: Sequence[Pointed]) -> list[Figure]:
    figures = []
    for low, high in pairwise(_SIDES_PX):
        chosen = [r for r in rows if low <= r.side_px < high]
        span = f"{low:.0f} to {high:.0f} px" if high < 1000 else f"from {low:.0f} px"
        figures.append(pointing_figure(f"peak, side {span}", chosen))
    return figures


def by_kind(rows: Sequence[Pointed]) -> list[Figure]:
    kinds = sorted({r.kind for r in rows})
    return [
        pointing_figure(f"peak, {kind}", [r for r in rows if r.kind == kind])
        for kind in kinds
    ]


def ask_cutouts(maker: SceneMaker) -> Section:
    """Ask for cut-outs with their own sounds, of kinds taught or never taught."""
    listener, material = maker.listener, maker.listener.material
    own = {s.instance: s for s in listener.sounds if s.instance}
    taught = {p.kind for p in material.pieces if p.split == "train"}
    taught &= {s.kind for s in material.sounds if s.split == "train"}
    pieces = [p for p in material.pieces if p.split == "test" and p.instance in own]
    rows: dict[bool, list[Pointed]] = {True: [], False: []}
    for group, piece in enumerate(pieces):
        for number in range(N_SCENES_PER_CUTOUT):
            scene = maker.scene_of(piece, own[piece.instance], number)
            (row,) = ask_scene(see_scene(scene, listener), listener)
            name = f"{piece.instance.rpartition('__')[2]} ({piece.kind})"
            rows[piece.kind in taught].append(_of_group(row, group, name))
    figures = [
        pointing_figure("peak in it, kinds taught", rows[True], 0.65),
        pointing_figure("peak in it, kinds never taught", rows[False], 0.45),
    ]
    both = [*rows[True], *rows[False]]
    return Section(
        f"1. Cut-outs with their own sounds between two others, "
        f"{N_SCENES_PER_CUTOUT} scenes each",
        [*figures, *by_kind(both)],
    )


def _of_group(row: Pointed, group: int, name: str) -> Pointed:
    """Let the scenes of one cut-out be resampled together, under its name."""
    return replace(row, scene=group, kind=name)
