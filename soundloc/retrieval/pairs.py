"""The database of a retrieval: pictures, each with one sound, and what is relevant.

The paper's database is a set of videos, where each frame has its own sound. In a pair
set a picture may have many; one is drawn for each picture. Two entries made of the
same recording or picture are no test of anything, so they never answer to each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry
from soundloc.errors import DatasetError

LabelSets = Sequence[frozenset[Hashable]]


@dataclass(frozen=True, slots=True)
class SoundingPair:
    """A picture and a sound that something in it makes: a sample X = (X_v, X_s).

    Parameters
    ----------
    picture, placed, sound
        Numbers of the picture and the sound in their split, and of the object in the
        picture that answers.
    rival
        A sound that something else in the picture makes, and this object does not;
        None if there is none.
    """

    picture: int
    placed: int
    sound: int
    rival: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """Drawn pairs and what is right to find among them; rows sounds, columns pictures.

    Every pair asks with its sound; then those that have a rival ask again, with that.

    Parameters
    ----------
    pairs
        n of them, no picture twice.
    query_pairs, query_sounds
        (m,), the pair and the sound of each query; the first n are the pairs' own.
    shows
        (m, n), picture j shows something that answers to the sound of query i.
    sounds
        (n, n), the very object that pair j is about answers to sound i.
    picture_sources, sound_sources
        (n,), (m,): equal where two pictures, or two queries' sounds, are of one source.
    is_first
        (n,), no earlier pair has the same sound.
    """

    pair_set: PairSet
    pairs: tuple[SoundingPair, ...]
    query_pairs: NDArray[np.int64]
    query_sounds: NDArray[np.int64]
    shows: NDArray[np.bool_]
    sounds: NDArray[np.bool_]
    picture_sources: NDArray[np.int64]
    sound_sources: NDArray[np.int64]
    is_first: NDArray[np.bool_]

    @property
    def kinds(self) -> tuple[str | None, ...]:
        """Kind of each pair's sound."""
        return tuple(self.pair_set.sounds[pair.sound].kind for pair in self.pairs)

    @property
    def same_source(self) -> NDArray[np.bool_]:
        """Tell which pairs share the source of their picture or sound, (n, n)."""
        sounds = self.sound_sources[: len(self.pairs)]
        pictures = self.picture_sources
        return np.asarray((sounds[:, None] == sounds) | (pictures[:, None] == pictures))

    def heard(self) -> LabelSets:
        """Return what each query's sound may come from: its kind, its instance."""
        return [_made_by(self.pair_set.sounds[i]) for i in self.query_sounds.tolist()]

    def shown(self) -> LabelSets:
        """Return what each pair's picture shows, in the same words."""
        return [_shown(self.pair_set.pictures[pair.picture]) for pair in self.pairs]


def answers(placed: PlacedObject, sound: SoundEntry) -> bool:
    """Tell whether an object may have made a sound, by kind or as its very source."""
    return bool(_makes(placed) & _made_by(sound))


def draw_database(
    pair_set: PairSet, *, n_pairs: int | None = None, seed: int = 0
) -> Database:
    """Draw one sound for each picture of one split.

    Parameters
    ----------
    pair_set
        Of one split.
    n_pairs
        How many pictures to draw; None is all.

    Raises
    ------
    DatasetError
        If fewer than two pictures of different sources have a sound.
    """
    rng = np.random.default_rng(seed)
    pairs = tuple(_draw_pairs(pair_set, n_pairs, rng))
    if len(pairs) < 2:
        raise DatasetError(
            f"{pair_set.folder} has {len(pairs)} pictures with a sound of their own; "
            "a search needs two at least."
        )
    pictures = [pair_set.pictures[pair.picture] for pair in pairs]
    rivals = [(i, p.rival) for i, p in enumerate(pairs) if p.rival is not None]
    query_sounds = [*(pair.sound for pair in pairs), *(sound for _, sound in rivals)]
    sounds = [pair_set.sounds[number] for number in query_sounds]
    heard = [_made_by(sound) for sound in sounds]
    makers = [
        _makes(picture.objects[pair.placed])
        for picture, pair in zip(pictures, pairs, strict=True)
    ]
    numbers = query_sounds[: len(pairs)]
    database = Database(
        pair_set,
        pairs,
        query_pairs=np.array([*range(len(pairs)), *(i for i, _ in rivals)]),
        query_sounds=np.array(query_sounds),
        shows=share_label(heard, [_shown(picture) for picture in pictures]),
        sounds=share_label(heard[: len(pairs)], makers),
        picture_sources=_codes([p.source or p.picture for p in pictures]),
        sound_sources=_codes([s.source or s.sound for s in sounds]),
        is_first=np.array([numbers.index(x) == i for i, x in enumerate(numbers)]),
    )
    if database.same_source.all():
        raise DatasetError(
            f"all pictures or all sounds of {pair_set.folder} come from one source; "
            "a search needs two at least."
        )
    return database


def share_label(a: LabelSets, b: LabelSets) -> NDArray[np.bool_]:
    """Tell for each set of a (n) and of b (m) whether they intersect: (n, m)."""
    numbers = {label: i for i, label in enumerate(dict.fromkeys(_all(a) + _all(b)))}

    def table(sets: LabelSets) -> NDArray[np.float32]:
        rows = np.zeros((len(sets), len(numbers)), dtype=np.float32)
        for row, labels in zip(rows, sets, strict=True):
            row[[numbers[label] for label in labels]] = 1.0
        return rows

    return np.asarray(table(a) @ table(b).T > 0.0)


def _all(sets: LabelSets) -> list[Hashable]:
    return [label for labels in sets for label in labels]


def _makes(placed: PlacedObject) -> frozenset[Hashable]:
    return _keys(placed.kind, placed.instance)


def _made_by(sound: SoundEntry) -> frozenset[Hashable]:
    return _keys(sound.kind, sound.instance)


def _keys(kind: str | None, instance: str) -> frozenset[Hashable]:
    keys: list[Hashable] = [] if kind is None else [("kind", kind)]
    return frozenset([*keys, ("instance", instance)] if instance else keys)


def _shown(picture: PictureEntry) -> frozenset[Hashable]:
    return frozenset().union(*map(_makes, picture.objects))


def _draw_pairs(
    pair_set: PairSet, n_pairs: int | None, rng: np.random.Generator
) -> Iterable[SoundingPair]:
    order = rng.permutation(len(pair_set.pictures)).tolist()
    by_key: dict[Hashable, list[int]] = {}
    for number, entry in enumerate(pair_set.sounds):
        for key in _made_by(entry):
            by_key.setdefault(key, []).append(number)
    used = Counter[int]()
    drawn: list[SoundingPair] = []
    for number in order:
        if n_pairs is not None and len(drawn) == n_pairs:
            break
        objects = pair_set.pictures[number].objects
        pools = {
            i: pool
            for i, placed in enumerate(objects)
            if (pool := _pool(placed, by_key))
        }
        if not pools:
            continue
        placed, *others = rng.permutation(list(pools)).tolist()
        sound = _least_used(pools[placed], used, rng)
        rivals = [
            other
            for i in others
            for other in pools[i]
            if not answers(objects[placed], pair_set.sounds[other])
        ]
        rival = rivals[int(rng.integers(len(rivals)))] if rivals else None
        drawn.append(SoundingPair(number, placed, sound, rival))
    return sorted(drawn, key=lambda pair: pair.picture)


def _pool(placed: PlacedObject, by_key: dict[Hashable, list[int]]) -> list[int]:
    """Choose an object's own sounds where they are known, else those of its kind."""
    own = by_key.get(("instance", placed.instance), []) if placed.instance else []
    return own or by_key.get(("kind", placed.kind), [])


def _least_used(pool: list[int], used: Counter[int], rng: np.random.Generator) -> int:
    # Few sounds twice: a gallery of one recording under many names proves little.
    fewest = min(used[sound] for sound in pool)
    fresh = [sound for sound in pool if used[sound] == fewest]
    sound = fresh[int(rng.integers(len(fresh)))]
    used[sound] += 1
    return sound


def _codes(names: Sequence[str]) -> NDArray[np.int64]:
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
