"""Scenes of held-back objects on held-back panoramas, each a function of its number.

Kept apart from the painter that training uses, so that a change there never changes
what is measured. The pieces, their split and the pasting are the same.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pano_jobs.datasets.kinds import APES, are_related
from pano_jobs.datasets.material import PieceSource, SoundSource
from soundloc.data.pairs import Box
from soundloc.data.scenes import Piece, SceneLayout, compose
from soundloc.errors import DatasetError
from tests.benchmarks.localizer.listening import Listener
from tests.benchmarks.localizer.pieces import (
    HEIGHT_PX,
    WIDTH_PX,
    Picture,
    draw_piece,
    is_unfamiliar,
    kinds_shown,
    load_piece,
    read_background,
    silenced,
)

_MANY = 100  # pieces; a kind with more is not shown more often
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Sounding:
    """An object in a scene, and the sound it is asked for with."""

    box: Box
    piece: PieceSource
    sound: SoundSource

    @property
    def side_px(self) -> float:
        """The square root of its area."""
        x0, y0, x1, y1 = self.box
        width = (x1 - x0) % 1.0
        return float(np.sqrt(width * WIDTH_PX * (y1 - y0) * HEIGHT_PX))


@dataclass(frozen=True, slots=True, eq=False)
class AskedScene:
    """A picture (480, 960, 3), its objects, and sounds that nothing in it makes.

    Parameters
    ----------
    silent
        Where things are that were put in to keep silent.
    """

    number: int
    picture: Picture
    objects: tuple[Sounding, ...]
    absent: tuple[SoundSource, ...] = ()
    silent: tuple[Box, ...] = ()


@dataclass
class SceneMaker:
    """Makes scenes of the test split's kinds that the train split knows as well."""

    listener: Listener
    seed: int = 0
    _pieces: dict[str, list[PieceSource]] = field(init=False)
    _sounds: dict[str, list[SoundSource]] = field(init=False)
    _silent: list[PieceSource] = field(init=False)
    _panoramas: list[tuple[Picture, frozenset[str]]] = field(init=False)

    def __post_init__(self) -> None:
        material = self.listener.material
        taught = {p.kind for p in material.pieces if p.split == "train"}
        taught &= {s.kind for s in material.sounds if s.split == "train"}
        self._sounds = defaultdict(list)
        for sound in self.listener.sounds:
            if sound.kind in taught and sound.kind is not None:
                self._sounds[sound.kind].append(sound)
        self._pieces, self._silent = defaultdict(list), []
        for piece in material.pieces:
            if piece.split != "test":
                continue
            if piece.kind in self._sounds and piece.kind is not None:
                self._pieces[piece.kind].append(piece)
            elif piece.kind is None:
                self._silent.append(piece)
        self._panoramas = [
            (read_background(path), kinds_shown(path))
            for path, split in material.panoramas
            if split == "test"
        ]

    @property
    def kinds(self) -> list[str]:
        """Name the kinds that scenes are made of."""
        return sorted(self._pieces)

    def scene(
        self,
        number: int,
        n_objects: int,
        *,
        n_silent: int = 0,
        only_unfamiliar: bool = False,
    ) -> AskedScene:
        """Make a scene of different, unrelated kinds.

        Parameters
        ----------
        n_silent
            Distractors; the other objects stay where they are without them.
        only_unfamiliar
            Of pictures that no trunk was pretrained on.
        """
        for attempt in range(_TRIES):
            seeds = [self.seed, n_objects, int(only_unfamiliar), number, attempt]
            rng = np.random.default_rng(seeds)
            background, there = self._draw_background(rng)
            pieces = self._draw_pieces(
                n_objects, rng, only_unfamiliar=only_unfamiliar, there=there
            )
            extra = self._draw_silent(n_silent, np.random.default_rng([*seeds, 1]))
            made = self._make(number, background, pieces, extra, rng)
            if made is not None:
                absent = self._absent(pieces, rng, there=there)
                return replace(made, absent=absent)
        raise DatasetError(f"no room for {n_objects} objects in scene {number}")

    def scene_of(
        self, piece: PieceSource, sound: SoundSource, number: int
    ) -> AskedScene:
        """Make a scene of a cut-out with its own sound between two other cut-outs."""
        others = [
            p
            for p in self.listener.material.pieces
            if p.split == "test" and p.has_alpha
            if p.kind != APES and not are_related(p.kind, piece.kind)
        ]
        name = hashlib.sha256(piece.instance.encode()).digest()
        for attempt in range(_TRIES):
            rng = np.random.default_rng([self.seed, *name[:4], number, attempt])
            background, _ = self._draw_background(rng)
            rivals = [others[i] for i in rng.choice(len(others), 2, replace=False)]
            extra = [silenced(rival, rng) for rival in rivals]
            made = self._make(number, background, [piece], extra, rng, sound=sound)
            if made is not None:
                return made
        raise DatasetError(f"no room for {piece.instance}")

    def scene_beside(
        self, silent: PieceSource, number: int, *, with_person: bool
    ) -> AskedScene:
        """Make a scene of a thing that keeps silent and two that do not.

        One of the two is a person, or none is, in the panorama neither.
        """
        name = hashlib.sha256(silent.path.name.encode()).digest()
        for attempt in range(_TRIES):
            seeds = [self.seed, *name[:4], number, int(with_person), attempt]
            rng = np.random.default_rng(seeds)
            background, there = self._draw_background(rng)
            if "person" in there:
                continue
            n_others = 1 if with_person else 2
            pieces = self._draw_pieces(
                n_others, rng, only_unfamiliar=False, there=there | {"person"}
            )
            if with_person:
                pieces.append(draw_piece(self._pieces["person"], rng))
            extra = [load_piece(silent, rng)]
            made = self._make(number, background, pieces, extra, rng)
            if made is not None and made.silent:
                return made
        raise DatasetError(f"no room for {silent.path.name}")

    def _make(
        self,
        number: int,
        background: Picture,
        pieces: Sequence[PieceSource],
        extra: Sequence[Piece],
        rng: np.random.Generator,
        *,
        sound: SoundSource | None = None,
    ) -> AskedScene | None:
        layout = SceneLayout(
            max_size_px=190.0, stretch_at=_stretch_at, wrap=True, spread_y=0.11
        )
        loaded = [load_piece(p, rng) for p in pieces]
        sounds = [
            sound or self.listener.draw(self._sounds[str(p.kind)], rng) for p in pieces
        ]
        made = compose(background, [*loaded, *extra], layout=layout, rng=rng)
        boxes = {o.kind: o.boxes[0] for o in made.objects}
        own = {p.kind: boxes.pop(p.kind, None) for p in pieces}
        if None in own.values() or None in sounds:
            return None
        objects = tuple(
            Sounding(own[p.kind], p, s)
            for p, s in zip(pieces, sounds, strict=True)
            if s is not None
        )
        return AskedScene(number, made.picture, objects, silent=tuple(boxes.values()))

    def _draw_silent(self, n: int, rng: np.random.Generator) -> list[Piece]:
        drawn = rng.integers(len(self._silent), size=n) if n else ()
        return [silenced(self._silent[number], rng) for number in drawn]

    def _draw_pieces(
        self,
        n: int,
        rng: np.random.Generator,
        *,
        only_unfamiliar: bool,
        there: frozenset[str],
    ) -> list[PieceSource]:
        pools = {
            kind: [p for p in pieces if is_unfamiliar(p) or not only_unfamiliar]
            for kind, pieces in sorted(self._pieces.items())
            # Whoever stands in the panorama may be the one who speaks.
            if kind not in there
        }
        pools = {kind: pool for kind, pool in pools.items() if pool}
        weights = np.sqrt([min(_MANY, len(pool)) for pool in pools.values()])
        order = rng.choice(
            list(pools), len(pools), replace=False, p=weights / weights.sum()
        )
        chosen: list[str] = []
        for kind in order:
            if not any(are_related(str(kind), other) for other in chosen):
                chosen.append(str(kind))
        return [draw_piece(pools[kind], rng) for kind in chosen[:n]]

    def _absent(
        self,
        pieces: Sequence[PieceSource],
        rng: np.random.Generator,
        *,
        there: frozenset[str],
    ) -> tuple[SoundSource, ...]:
        """Draw as many sounds of kinds that are not there."""
        kinds = [
            kind
            for kind in sorted(self._sounds)
            if not any(are_related(kind, p.kind) for p in pieces) and kind not in there
        ]
        chosen = rng.permutation(kinds)[: len(pieces)]
        drawn = [self.listener.draw(self._sounds[str(kind)], rng) for kind in chosen]
        return tuple(sound for sound in drawn if sound is not None)

    def _draw_background(
        self, rng: np.random.Generator
    ) -> tuple[Picture, frozenset[str]]:
        image, there = self._panoramas[int(rng.integers(len(self._panoramas)))]
        image = np.roll(image, int(rng.integers(WIDTH_PX)), axis=1)
        if rng.random() < 0.5:
            image = image[:, ::-1]
        return np.ascontiguousarray(image), there


def _stretch_at(y: float) -> float:
    """Widen things away from the horizon as an equirectangular picture does."""
    return float(min(3.0, 1.0 / max(np.cos((0.5 - y) * np.pi), 0.2)))
