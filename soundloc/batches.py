"""Batches for training: pictures, sounds, and who answers to whom.

A batch is a pure function of the seed and the step, so that a resumed training sees
what an uninterrupted one would. Every picture brings some of its objects, each with a
sound it answers to, its own or one of its kind; every sound of the batch is foreign to
the pictures that show nothing of its kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundloc.cache import FeatureCache
from soundloc.pairs import PlacedObject, SoundEntry
from soundloc.targets import consensus_coverage

Related = Callable[[str | None, str | None], bool]

_NOISE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Cached features and their truth, b pictures and n sounds.

    Parameters
    ----------
    pictures
        (b, channels, h, w), visual trunk features.
    sounds
        (n, features), pooled sound trunk features. The first m belong to pictures.
    picture_of
        (m,), the picture that sound i was drawn for.
    targets
        (m, h, w), the share of each cell that the boxes cover, scaled to sum to 1;
        all zero where the place is unknown.
    belongs
        (b, n): +1 the picture shows the sound's kind, -1 it is foreign to it, 0 it
        shows something easily mistaken for it.
    is_nowhere
        (n,), the sound comes from nowhere that can be pointed at.
    kinds
        (n,), the number of the sound's kind in `BatchDrawer.kinds`; -1 for nowhere.
    log_weights
        (b, h, w), logarithm of how many cells each cell stands for; 0 unless thinned.
    """

    pictures: Tensor
    sounds: Tensor
    picture_of: Tensor
    targets: Tensor
    belongs: Tensor
    is_nowhere: Tensor
    kinds: Tensor
    log_weights: Tensor

    @property
    def n_own(self) -> int:
        """Return m, the number of sounds drawn for a picture."""
        return len(self.picture_of)

    def thinned(self, n_cells: int, *, seed: int) -> Batch:
        """Keep n cells of every picture: those of its objects, and others at random.

        The neck and the response work cell by cell, and most cells are background;
        a quarter of them trains as well at a quarter of the cost. The maps become
        (1, n_cells), and the background that is kept stands for the rest.
        """
        b, channels = self.pictures.shape[:2]
        features = self.pictures.flatten(2)
        targets = self.targets.flatten(1)
        generator = torch.Generator().manual_seed(seed)
        n_all = features.shape[2]
        if n_cells >= n_all:
            return self
        covered = torch.zeros(b, n_all).index_add_(0, self.picture_of, targets) > 0
        order = (covered + torch.rand(b, n_all, generator=generator)).argsort(
            dim=1, descending=True
        )
        kept = order[:, :n_cells]  # objects first, then a random choice
        is_object = covered.gather(1, kept)
        n_background = (n_all - covered.sum(1)).float()
        share = n_background / (n_cells - is_object.sum(1)).clamp(min=1)
        log_weights = torch.where(is_object, 0.0, share.log()[:, None])
        return replace(
            self,
            pictures=features.gather(2, kept[:, None].expand(-1, channels, -1))[
                :, :, None
            ],
            targets=targets.gather(1, kept[self.picture_of])[:, None],
            log_weights=log_weights[:, None],
        )


@dataclass(frozen=True, slots=True)
class _Query:
    """A sound asked of a picture: which, and the object that answers there."""

    sound: int
    picture: int = -1
    target: PlacedObject | None = None


_NOTHING = SoundEntry("", None, "", "")


class BatchDrawer:
    """Draws batches from cached features.

    Parameters
    ----------
    related
        Tells which kinds are easily mistaken for each other.
    mixes
        Lay sounds of one kind side by side, to train on; measuring goes without.
    own_share
        How often an object that has both is heard with the sound recorded with it
        rather than with another of its kind.
    """

    def __init__(
        self,
        cache: FeatureCache,
        *,
        related: Related,
        seed: int,
        mixes: bool = False,
        own_share: float = 0.6,
    ) -> None:
        self._mixes, self._own_share = mixes, own_share
        self._cache = cache
        self._related = related
        self._seed = seed
        self._by_kind: dict[str, list[int]] = defaultdict(list)
        self._by_instance: dict[str, list[int]] = defaultdict(list)
        self._nowhere: list[int] = []
        for number, entry in enumerate(cache.pair_set.sounds):
            if entry.is_nowhere:
                self._nowhere.append(number)
            if entry.kind is not None:
                self._by_kind[entry.kind].append(number)
            if entry.instance:
                self._by_instance[entry.instance].append(number)
        self._kind_numbers = {k: i for i, k in enumerate(sorted(self._by_kind))}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name the kinds of the cache's sounds."""
        return tuple(self._kind_numbers)

    def draw_pictures(self, step: int, n: int) -> NDArray[np.int64]:
        """Choose the pictures of a step, sorted, without repetition."""
        rng = np.random.default_rng([self._seed, step, 1])
        n_entries = len(self._cache.pair_set.pictures)
        return np.sort(rng.choice(n_entries, min(n, n_entries), replace=False))

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
        chosen = pictures
        queries: list[_Query] = []
        for position, index in enumerate(chosen):
            queries += self._ask(position, entries[index].objects, n_per_picture, rng)
        queries += [self._foreign(number, rng) for number in range(n_foreign)]
        own = [q for q in queries if q.target is not None]
        height, width = self._cache.pictures.shape[-2:]
        targets = np.zeros((len(own), height, width), dtype=np.float32)
        for row, query in enumerate(own):
            if query.target is not None:
                targets[row] = consensus_coverage(query.target, height, width)
        heard = [self._entry(q) for q in queries]
        belongs = [
            [self._belongs(entries[i].objects, sound) for sound in heard]
            for i in chosen
        ]
        sounds = np.stack([self._features(q, rng) for q in queries])
        return Batch(
            pictures=torch.from_numpy(np.float32(self._cache.pictures[chosen])),
            sounds=torch.from_numpy(sounds),
            picture_of=torch.tensor([q.picture for q in own]),
            targets=torch.from_numpy(targets),
            belongs=torch.tensor(belongs),
            is_nowhere=torch.tensor([sound.is_nowhere for sound in heard]),
            kinds=torch.tensor(
                [self._kind_numbers.get(s.kind, -1) if s.kind else -1 for s in heard]
            ),
            log_weights=torch.zeros(len(chosen), height, width),
        )

    def _ask(
        self,
        position: int,
        objects: tuple[PlacedObject, ...],
        n: int,
        rng: np.random.Generator,
    ) -> list[_Query]:
        sounding = [o for o in objects if self._answers(o)]
        if not sounding:
            return []
        order = rng.permutation(len(sounding))[:n]
        return [
            _Query(self._sound_of(o, rng), position, o)
            for o in (sounding[int(i)] for i in order)
        ]

    def _entry(self, query: _Query) -> SoundEntry:
        if query.sound == _NOISE:
            return _NOTHING
        return self._cache.pair_set.sounds[query.sound]

    def _own(self, placed: PlacedObject) -> list[int]:
        return self._by_instance.get(placed.instance, []) if placed.instance else []

    def _kin(self, kind: str | None) -> list[int]:
        return [] if kind is None else self._by_kind.get(kind, [])

    def _answers(self, placed: PlacedObject) -> bool:
        return bool(self._own(placed) or self._kin(placed.kind))

    def _sound_of(self, placed: PlacedObject, rng: np.random.Generator) -> int:
        own, kin = self._own(placed), self._kin(placed.kind)
        pool = own if own and (not kin or rng.random() < self._own_share) else kin
        return pool[int(rng.integers(len(pool)))]

    def _foreign(self, number: int, rng: np.random.Generator) -> _Query:
        if number % 4 == 3:
            return _Query(_NOISE)
        pool: list[int] | range = range(len(self._cache.pair_set.sounds))
        if number % 4 == 2 and self._nowhere:
            pool = self._nowhere
        elif self._by_kind:
            kinds = list(self._by_kind)
            pool = self._by_kind[kinds[int(rng.integers(len(kinds)))]]
        return _Query(pool[int(rng.integers(len(pool)))])

    def _features(self, query: _Query, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw a variation of the sound; where it mixes, half beside one of its kind.

        The trunk's frames are averaged over the window, so the mean of two sounds is
        what a window that holds both would give.
        """
        if query.sound == _NOISE:
            noise = self._cache.noises[rng.integers(len(self._cache.noises))]
            return np.asarray(noise, dtype=np.float32)
        first = self._variation(query.sound, rng)
        if not self._mixes or rng.random() < 0.5:
            return first
        pool = self._kin(self._entry(query).kind)
        if not pool:
            return first
        second = self._variation(pool[int(rng.integers(len(pool)))], rng)
        share = rng.uniform(0.5, 1.0)
        return np.asarray(share * first + (1.0 - share) * second, dtype=np.float32)

    def _variation(self, sound: int, rng: np.random.Generator) -> NDArray[np.float32]:
        variation = int(rng.integers(self._cache.sounds.shape[1]))
        return np.asarray(self._cache.sounds[sound, variation], dtype=np.float32)

    def _belongs(self, objects: tuple[PlacedObject, ...], sound: SoundEntry) -> int:
        if sound.instance and sound.instance in {o.instance for o in objects}:
            return 1
        if sound.kind is None:
            return -1
        shown = {o.kind for o in objects if o.kind is not None}
        if sound.kind in shown:
            return 1
        return 0 if any(self._related(sound.kind, kind) for kind in shown) else -1
