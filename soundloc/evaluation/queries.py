"""Evaluation queries: which picture is asked with which sound, and the right answer.

Every picture is asked with sounds that belong to it and with sounds that do not, and
the questions are a pure function of the pair set and a seed, so that two checkpoints
answer the same ones and can be compared pair by pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import PairSet, PictureEntry, SoundEntry
from soundloc.scoring import consensus_map

Related = Callable[[str | None, str | None], bool]

NO_PARTNER = -1


class Relation(StrEnum):
    """The relation of a sound to the picture that it is asked of.

    OWN
        An object of the picture makes it, or one of its kind.
    AMBIENT
        Recorded with the picture, but most subjects hold it to come from nowhere.
    OFFSCREEN
        Something that is not in the picture makes it.
    NOWHERE
        Wind, rain and the like, from the set's sounds of no kind.
    NOISE, SILENCE
        Synthetic noise, and nothing at all.
    """

    OWN = "own"
    AMBIENT = "ambient"
    OFFSCREEN = "off-screen"
    NOWHERE = "nowhere"
    NOISE = "noise"
    SILENCE = "silence"


NEGATIVES = (Relation.OFFSCREEN, Relation.NOWHERE, Relation.NOISE, Relation.SILENCE)


@dataclass(frozen=True, slots=True)
class Question:
    """A sound asked of a picture.

    Parameters
    ----------
    picture
        Its number in the split.
    sound
        A number in the split's sounds; of a noise where the relation is NOISE; any
        where it is SILENCE.
    relation
        What the sound is to the picture.
    objects
        For OWN and AMBIENT those of the picture's objects that answer. For OFFSCREEN
        those of its partner: the wrong sound is scored on the right one's place.
    partner
        For OWN the number of the question that asks the same picture with a sound of
        something else, and for that the number of this one; `NO_PARTNER` otherwise.
    """

    picture: int
    sound: int
    relation: Relation
    objects: tuple[int, ...] = ()
    partner: int = NO_PARTNER


def ask(
    pair_set: PairSet,
    *,
    related: Related,
    seed: int = 0,
    n_per_object: int = 1,
    n_noises: int = 1,
) -> tuple[Question, ...]:
    """Ask every picture of a split, in order.

    Parameters
    ----------
    related
        Tells which kinds are too alike for one to be off-screen beside the other.
    n_per_object
        How many sounds of its kind an object is asked with; one that has a sound of
        its own is asked with that alone.
    n_noises
        How many noises there are to choose from; 0 leaves noise out.
    """
    asker = _Asker(pair_set, related, n_per_object, n_noises)
    questions: list[Question] = []
    for number, entry in enumerate(pair_set.pictures):
        rng = np.random.default_rng([seed, number])
        own, others = asker.own(number, entry, rng), list[Question]()
        start = len(questions)
        for place, question in enumerate(own):
            rival = asker.offscreen(number, entry, rng, question.objects)
            if question.relation is Relation.OWN and rival is not None:
                there = start + len(own) + len(others)
                own[place] = replace(question, partner=there)
                others.append(replace(rival, partner=start + place))
        if not own:
            rival = asker.offscreen(number, entry, rng, ())
            others += [] if rival is None else [rival]
        questions += [*own, *others, *asker.unplaceable(number, rng)]
    return tuple(questions)


class _Asker:
    def __init__(
        self, pair_set: PairSet, related: Related, n_per_object: int, n_noises: int
    ) -> None:
        self._sounds = pair_set.sounds
        self._related = related
        self._n_per_object, self._n_noises = n_per_object, n_noises
        self._by_instance: dict[str, list[int]] = defaultdict(list)
        self._by_kind: dict[str | None, list[int]] = defaultdict(list)
        self._nowhere: list[int] = []
        for number, sound in enumerate(pair_set.sounds):
            if sound.is_unlocalizable:
                self._nowhere.append(number)
                continue
            self._by_kind[sound.kind].append(number)
            if sound.instance:
                self._by_instance[sound.instance].append(number)

    def own(
        self, number: int, entry: PictureEntry, rng: np.random.Generator
    ) -> list[Question]:
        """Ask for each object once, or for all of a kind together."""
        questions: list[Question] = []
        asked: set[tuple[int, ...]] = set()
        for placed in entry.objects:
            sounds = self._sounds_of(placed.instance, placed.kind, rng)
            if not sounds:
                continue
            objects = answering(entry, self._sounds[sounds[0]])
            if objects in asked:
                continue
            asked.add(objects)
            ambient = any(entry.objects[i].is_ambient for i in objects)
            relation = Relation.AMBIENT if ambient else Relation.OWN
            questions += [Question(number, s, relation, objects) for s in sounds]
        return questions

    def _sounds_of(
        self, instance: str, kind: str | None, rng: np.random.Generator
    ) -> list[int]:
        own = self._by_instance.get(instance, []) if instance else []
        if own:
            return own[: self._n_per_object]
        kin = [] if kind is None else self._by_kind.get(kind, [])
        n = min(self._n_per_object, len(kin))
        return [kin[i] for i in rng.choice(len(kin), n, replace=False)] if kin else []

    def offscreen(
        self,
        number: int,
        entry: PictureEntry,
        rng: np.random.Generator,
        objects: tuple[int, ...],
    ) -> Question | None:
        """Choose a kind that is not in the picture, then a sound of it."""
        kinds = list(self._by_kind)
        for place in rng.permutation(len(kinds)):
            pool = self._absent(entry, kinds[place])
            if pool:
                sound = pool[int(rng.integers(len(pool)))]
                return Question(number, sound, Relation.OFFSCREEN, objects)
        return None

    def _absent(self, entry: PictureEntry, kind: str | None) -> list[int]:
        shown = {o.kind for o in entry.objects if o.kind is not None}
        if kind is not None and any(k == kind or self._related(kind, k) for k in shown):
            return []
        present = {o.instance for o in entry.objects if o.instance}
        return [
            s for s in self._by_kind[kind] if self._sounds[s].instance not in present
        ]

    def unplaceable(self, number: int, rng: np.random.Generator) -> list[Question]:
        """Ask with what comes from nowhere: wind and rain, noise, silence."""
        questions = [Question(number, 0, Relation.SILENCE)]
        for relation, n in (
            (Relation.NOISE, self._n_noises),
            (Relation.NOWHERE, len(self._nowhere)),
        ):
            if n:
                sound = int(rng.integers(n))
                if relation is Relation.NOWHERE:
                    sound = self._nowhere[sound]
                questions.append(Question(number, sound, relation))
        return questions


def answering(entry: PictureEntry, sound: SoundEntry) -> tuple[int, ...]:
    """Return the numbers of the objects that answer to a sound.

    Its own instance where the picture shows it, or else all of its kind: what barks
    may be any of the dogs.
    """
    own = [
        i
        for i, placed in enumerate(entry.objects)
        if sound.instance and placed.instance == sound.instance
    ]
    if own or sound.kind is None:
        return tuple(own)
    return tuple(i for i, o in enumerate(entry.objects) if o.kind == sound.kind)


def truth_of(entry: PictureEntry, objects: Sequence[int]) -> NDArray[np.float64] | None:
    """Return the consensus map (224, 224) of some objects, each pixel's highest.

    None where one of them is somewhere nobody knows, or where no box has a pixel.
    """
    placed = [entry.objects[i] for i in objects]
    if not placed or not all(o.has_place for o in placed):
        return None
    maps = [
        consensus_map(o.boxes_by_subject(), n_consensus=o.n_consensus) for o in placed
    ]
    truth = np.maximum.reduce(maps)
    return truth if truth.any() else None
