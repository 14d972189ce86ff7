"""Samples training batches: pictures, and positive and negative sounds for them.

A batch is a pure function of the seed and the step, so that a resumed training sees
what an uninterrupted one would. Every picture brings some of its objects, each with a
sound it answers to, its own or one of its kind; every sound of the batch is foreign to
the pictures that show nothing of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from soundloc.data.feature_cache import FeatureCache
from soundloc.data.matching import Matching, Related
from soundloc.data.pairs import PlacedObject, SoundEntry
from soundloc.errors import DatasetError
from soundloc.training.batch import Batch
from soundloc.training.hard_negatives import SoundSimilarity
from soundloc.training.targets import consensus_coverage, coverage, random_opinion

__all__ = ["Batch", "BatchSampler", "PseudoPlaces", "Related", "SamplingSettings"]

# Places that no subject gave: (h, w) that sum to 1, by number of picture and object.
PseudoPlaces = dict[tuple[int, int], NDArray[np.float32]]

_NOISE = -1
_NOISE_ENTRY = SoundEntry("", None, "", "")
# Of so many foreign sounds drawn, the hardest is taken.
_HARD_CANDIDATES = 16


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How sounds are drawn for pictures.

    Parameters
    ----------
    mixes
        Lay sounds of one kind side by side, to train on; measuring goes without.
    own_share
        How often an object that has both is heard with the sound recorded with it
        rather than with another of its kind.
    hard_share
        Share of the foreign sounds that are chosen for being nearest to the sounds
        asked for, in standardised features: the easily confused ones.
    placed_share
        Share of a batch's pictures of which some place is known, where some are and
        some are not; otherwise few labels are hardly ever seen. 0 draws all alike.
    only_placed
        Draw only pictures of which some place is known: supervised learning.
    annotator
        Where several subjects drew, train on their `consensus` (Eq. 9) or, as the
        official code does, on one at `random` each time.
    """

    mixes: bool = False
    own_share: float = 0.6
    hard_share: float = 0.0
    placed_share: float = 0.0
    only_placed: bool = False
    annotator: Literal["consensus", "random"] = "consensus"

    def __post_init__(self) -> None:
        for name in ("own_share", "hard_share", "placed_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be in [0, 1], got {self}")


@dataclass(frozen=True, slots=True)
class _Query:
    """A sound asked of a picture: which, and the object that answers there."""

    sound: int
    picture: int = -1
    number: int = -1
    target: PlacedObject | None = None


class BatchSampler:
    """Draws batches from cached features.

    Parameters
    ----------
    related
        Tells which kinds are easily mistaken for each other.
    never
        Tells of which kind things must never answer to sounds of which.
    pseudo
        Places found by teachers, for objects whose place nobody gave.
    """

    def __init__(
        self,
        cache: FeatureCache,
        *,
        related: Related,
        never: Related = lambda seen, heard: False,
        seed: int,
        how: SamplingSettings | None = None,
        pseudo: PseudoPlaces | None = None,
    ) -> None:
        self._cache, self._seed, self._never = cache, seed, never
        self._how = how or SamplingSettings()
        self._pseudo = pseudo or {}
        self._matching = Matching(cache.pair_set, related=related)
        self._numbers = {kind: i for i, kind in enumerate(self._matching.kinds)}
        self._silent_kinds = self._find_silent_kinds()
        self._pool = self._drawable()
        self._similarity = (
            SoundSimilarity(cache) if self._how.hard_share > 0.0 else None
        )

    def _find_silent_kinds(self) -> list[str]:
        seen = {o.kind for p in self._cache.pair_set.pictures for o in p.objects}
        heard = self._matching.kinds
        return sorted(
            kind
            for kind in seen
            if kind is not None and any(self._never(kind, k) for k in heard)
        )

    def _drawable(self) -> NDArray[np.int64]:
        usable = [
            number
            for number, picture in enumerate(self._cache.pair_set.pictures)
            if any(
                self._matching.any(o) and (o.has_place or not self._how.only_placed)
                for o in picture.objects
            )
        ]
        if not usable:
            wanted = " whose place is known" if self._how.only_placed else ""
            raise DatasetError(
                f"{self._cache.pair_set.folder} has no picture with an object{wanted} "
                "that answers to a sound; there is nothing to learn."
            )
        return np.array(usable)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name the kinds of the cache's sounds."""
        return self._matching.kinds

    def draw_pictures(self, step: int, n: int) -> NDArray[np.int64]:
        """Choose the pictures of a step, sorted, without repetition."""
        rng = np.random.default_rng([self._seed, step, 1])
        entries = self._cache.pair_set.pictures
        n_placed = round(self._how.placed_share * n)
        if n_placed == 0:
            return np.sort(_some_of(self._pool, n, rng))
        is_placed = np.array(
            [any(o.has_place for o in entries[i].objects) for i in self._pool]
        )
        placed = _some_of(self._pool[is_placed], n_placed, rng)
        others = _some_of(self._pool[~is_placed], n - len(placed), rng)
        if len(placed) + len(others) < n:  # one of the two is not enough
            placed = _some_of(self._pool[is_placed], n - len(others), rng)
        return np.sort(np.concatenate([placed, others]))

    def draw(
        self,
        step: int,
        *,
        pictures: NDArray[np.int64],
        n_per_picture: int,
        n_foreign: int,
    ) -> Batch:
        """Draw the sounds of a step for given pictures.

        `n_foreign` sounds belong to no picture on purpose: half of them of kinds at
        random, a quarter from nowhere (wind, rain), a quarter synthetic noise.
        """
        rng = np.random.default_rng([self._seed, step, 2])
        entries = self._cache.pair_set.pictures
        queries: list[_Query] = []
        for position, index in enumerate(pictures):
            queries += self._ask(position, entries[index].objects, n_per_picture, rng)
        n_own = len(queries)
        asked = [q.sound for q in queries]
        queries += [self._foreign(number, asked, rng) for number in range(n_foreign)]
        heard = [self._entry(q) for q in queries]
        belongs = [
            [self._matching.belongs(entries[i].objects, sound) for sound in heard]
            for i in pictures
        ]
        sounds = np.stack([self._features(q, rng) for q in queries])
        targets = [self._place(pictures, q, rng) for q in queries[:n_own]]
        grid = self._cache.pictures.shape[-2:]
        views = self._cache.draw_two_views(pictures, rng)
        return Batch(
            pictures=torch.from_numpy(np.float32(self._cache.pictures[pictures])),
            sounds=torch.from_numpy(sounds),
            picture_of=torch.tensor([q.picture for q in queries[:n_own]]),
            targets=torch.from_numpy(np.stack(targets)),
            silent=torch.from_numpy(
                np.stack([self._silent(entries[i].objects) for i in pictures])
            ),
            is_denied=torch.tensor(
                [
                    [self._never(kind, sound.kind) for sound in heard]
                    for kind in self._silent_kinds
                ],
                dtype=torch.bool,
            ).reshape(-1, len(heard)),
            belongs=torch.tensor(belongs),
            is_unlocalizable=torch.tensor([sound.is_unlocalizable for sound in heard]),
            kinds=torch.tensor([self._number(sound) for sound in heard]),
            log_weights=torch.zeros(len(pictures), *grid),
            views=None if views is None else torch.from_numpy(views),
        )

    def _ask(
        self,
        position: int,
        objects: tuple[PlacedObject, ...],
        n: int,
        rng: np.random.Generator,
    ) -> list[_Query]:
        sounding = [
            i
            for i, o in enumerate(objects)
            if self._matching.any(o) and (o.has_place or not self._how.only_placed)
        ]
        chosen = [sounding[int(i)] for i in rng.permutation(len(sounding))[:n]]
        return [
            _Query(self._sound_of(objects[i], rng), position, i, objects[i])
            for i in chosen
        ]

    def _entry(self, query: _Query) -> SoundEntry:
        if query.sound == _NOISE:
            return _NOISE_ENTRY
        return self._cache.pair_set.sounds[query.sound]

    def _number(self, sound: SoundEntry) -> int:
        return -1 if sound.kind is None else self._numbers[sound.kind]

    def _sound_of(self, placed: PlacedObject, rng: np.random.Generator) -> int:
        own, kin = self._matching.own(placed), self._matching.kin(placed.kind)
        takes_own = own and (not kin or rng.random() < self._how.own_share)
        return _one_of(own if takes_own else kin, rng)

    def _foreign(
        self, number: int, asked: list[int], rng: np.random.Generator
    ) -> _Query:
        if number % 4 == 3:
            return _Query(_NOISE)
        if number % 4 == 2 and self._matching.unlocalizable:
            return _Query(_one_of(self._matching.unlocalizable, rng))
        if self._similarity is None or rng.random() >= self._how.hard_share:
            return _Query(self._any_sound(rng))
        candidates = [self._any_sound(rng) for _ in range(_HARD_CANDIDATES)]
        return _Query(self._similarity.nearest(candidates, asked, self._is_foreign))

    def _any_sound(self, rng: np.random.Generator) -> int:
        kinds = self._matching.kinds
        if not kinds:
            return int(rng.integers(len(self._cache.pair_set.sounds)))
        return _one_of(self._matching.kin(kinds[int(rng.integers(len(kinds)))]), rng)

    def _is_foreign(self, sound: int, other: int) -> bool:
        sounds = self._cache.pair_set.sounds
        kind, instance = sounds[other].kind, sounds[other].instance
        if kind is None and not instance:
            return True
        placed = PlacedObject(kind, (), instance)
        return self._matching.belongs((placed,), sounds[sound]) < 0

    def _place(
        self, pictures: NDArray[np.int64], query: _Query, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        height, width = self._cache.pictures.shape[-2:]
        if query.target is None or not query.target.has_place:
            key = (int(pictures[query.picture]), query.number)
            return self._pseudo.get(key, np.zeros((height, width), dtype=np.float32))
        if self._how.annotator == "random":
            return random_opinion(query.target, height, width, rng)
        return consensus_coverage(query.target, height, width)

    def _silent(self, objects: tuple[PlacedObject, ...]) -> NDArray[np.float32]:
        """Find the cells that show what some sound must not point at, by kind."""
        height, width = self._cache.pictures.shape[-2:]
        silent = np.zeros((len(self._silent_kinds), height, width), dtype=np.float32)
        for number, kind in enumerate(self._silent_kinds):
            boxes = [box for o in objects if o.kind == kind for box in o.boxes]
            silent[number] = coverage(tuple(boxes), height, width)
        return silent

    def _features(self, query: _Query, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw a variation of the sound; where it mixes, half beside one of its kind.

        The trunk's frames are averaged over the window, so the mean of two sounds is
        what a window that holds both would give.
        """
        if query.sound == _NOISE:
            noise = self._cache.noises[rng.integers(len(self._cache.noises))]
            return np.asarray(noise, dtype=np.float32)
        first = self._variation(query.sound, rng)
        kin = self._matching.kin(self._entry(query).kind)
        if not (self._how.mixes and kin) or rng.random() < 0.5:
            return first
        second = self._variation(_one_of(kin, rng), rng)
        share = rng.uniform(0.5, 1.0)
        return np.asarray(share * first + (1.0 - share) * second, dtype=np.float32)

    def _variation(self, sound: int, rng: np.random.Generator) -> NDArray[np.float32]:
        variation = int(rng.integers(self._cache.sounds.shape[1]))
        return np.asarray(self._cache.sounds[sound, variation], dtype=np.float32)


def _some_of(
    pool: NDArray[np.int64], n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    return rng.choice(pool, min(n, len(pool)), replace=False)


def _one_of(pool: list[int], rng: np.random.Generator) -> int:
    return pool[int(rng.integers(len(pool)))]
