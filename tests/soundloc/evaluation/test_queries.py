from pathlib import Path

import numpy as np
import pytest

from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry
from soundloc.evaluation.queries import (
    NEGATIVES,
    NO_PARTNER,
    Relation,
    answering,
    ask,
    truth_of,
)
from soundloc.scoring import box_map, consensus_map
from tests.soundloc.evaluation.quiz import (
    LEFT,
    RIGHT,
    draw_own_sounds,
    draw_pair_set,
    same,
)


def dogs_and_cat() -> PictureEntry:
    objects = (
        PlacedObject("dog", (LEFT,)),
        PlacedObject("cat", (RIGHT,), "tom"),
        PlacedObject("dog", (RIGHT,), "rex"),
    )
    return PictureEntry("1.jpg", "test", "1", objects)


def set_of(picture: PictureEntry, *sounds: tuple[str | None, str]) -> PairSet:
    entries = tuple(
        SoundEntry(f"{i}.wav", kind, "test", str(i), instance)
        for i, (kind, instance) in enumerate(sounds)
    )
    return PairSet(Path("nowhere"), (picture,), entries)


@pytest.mark.parametrize(
    ("kind", "instance", "objects"),
    [
        ("dog", "", (0, 2)),
        ("dog", "rex", (2,)),
        ("cat", "", (1,)),
        (None, "tom", (1,)),
        ("dog", "lassie", (0, 2)),
        (None, "lassie", ()),
        ("cow", "", ()),
    ],
)
def test_its_own_object_answers_to_a_sound_or_all_of_its_kind(
    kind, instance, objects
) -> None:
    sound = SoundEntry("1.wav", kind, "test", "1", instance)
    assert answering(dogs_and_cat(), sound) == objects


def test_two_dogs_without_sounds_of_their_own_are_asked_for_once() -> None:
    questions = ask(set_of(dogs_and_cat(), ("dog", ""), ("cat", "")), related=same)
    own = [q for q in questions if q.relation is Relation.OWN]
    assert [(q.sound, q.objects) for q in own] == [(0, (0, 2)), (1, (1,))]


def test_an_object_with_a_sound_of_its_own_is_asked_with_that() -> None:
    sounds = (("dog", ""), ("dog", "rex"), ("cat", "felix"), ("cat", "tom"))
    questions = ask(set_of(dogs_and_cat(), *sounds), related=same, n_per_object=3)
    own = [q for q in questions if q.relation is Relation.OWN]
    assert (1, (2,)) in [(q.sound, q.objects) for q in own]
    assert (3, (1,)) in [(q.sound, q.objects) for q in own]
    assert 2 not in [q.sound for q in own]


def test_questions_are_the_same_for_the_same_seed() -> None:
    pairs = draw_pair_set()
    first, again = (ask(pairs, related=same, seed=3, n_noises=9) for _ in range(2))
    assert first == again
    assert first != ask(pairs, related=same, seed=4, n_noises=9)


def test_every_question_is_what_its_relation_says() -> None:
    pairs = draw_pair_set(40)
    questions = ask(pairs, related=same, n_per_object=2, n_noises=4)
    for q in questions:
        entry, shown = pairs.pictures[q.picture], pairs.pictures[q.picture].objects
        if q.relation is Relation.OWN:
            assert q.objects == answering(entry, pairs.sounds[q.sound]) != ()
        elif q.relation is Relation.OFFSCREEN:
            assert pairs.sounds[q.sound].kind not in {o.kind for o in shown}
        elif q.relation is Relation.NOWHERE:
            assert pairs.sounds[q.sound].is_unlocalizable
        elif q.relation is Relation.NOISE:
            assert q.sound in range(4)
    counts = {r: sum(q.relation is r for q in questions) for r in Relation}
    assert counts == {
        Relation.OWN: 40 * 2 * 2,
        Relation.AMBIENT: 0,
        Relation.OFFSCREEN: 40 * 2 * 2,
        **dict.fromkeys((Relation.NOWHERE, Relation.NOISE, Relation.SILENCE), 40),
    }


def test_partners_ask_the_same_picture_about_the_same_objects() -> None:
    questions = ask(draw_pair_set(), related=same, n_noises=1)
    for number, q in enumerate(questions):
        if q.relation in (Relation.OWN, Relation.OFFSCREEN):
            partner = questions[q.partner]
            assert partner.partner == number
            assert (partner.picture, partner.objects) == (q.picture, q.objects)
            assert {q.relation, partner.relation} == {Relation.OWN, Relation.OFFSCREEN}
        else:
            assert q.partner == NO_PARTNER


def test_kinds_that_are_alike_are_not_off_screen_beside_each_other() -> None:
    def related(a: str | None, b: str | None) -> bool:
        return {a, b} <= {"dog", "wolf"}

    pairs = set_of(dogs_and_cat(), ("dog", ""), ("wolf", ""), ("cat", ""))
    assert not any(
        q.relation is Relation.OFFSCREEN for q in ask(pairs, related=related)
    )
    own = [q for q in ask(pairs, related=related) if q.relation is Relation.OWN]
    assert all(q.partner == NO_PARTNER for q in own)


def test_sounds_of_other_pictures_are_off_screen_where_kinds_are_unknown() -> None:
    pairs = draw_own_sounds()
    questions = ask(pairs, related=same)
    for q in questions:
        if q.relation is Relation.OFFSCREEN:
            assert q.sound != q.picture
    assert sum(q.relation is Relation.OFFSCREEN for q in questions) == 5


def test_what_most_subjects_call_ambient_is_not_to_be_found() -> None:
    questions = ask(draw_own_sounds(), related=same)
    (ambient,) = [q for q in questions if q.relation is Relation.AMBIENT]
    assert (ambient.picture, ambient.sound, ambient.partner) == (5, 5, NO_PARTNER)


def test_a_picture_without_objects_is_asked_with_what_it_does_not_show() -> None:
    empty = PictureEntry("1.jpg", "test", "1", ())
    questions = ask(set_of(empty, ("dog", ""), (None, "")), related=same, n_noises=1)
    assert {q.relation for q in questions} == set(NEGATIVES)


def test_without_noises_or_wind_nobody_asks_with_them() -> None:
    questions = ask(draw_own_sounds(), related=same, n_noises=0)
    kinds = {q.relation for q in questions}
    assert not kinds & {Relation.NOISE, Relation.NOWHERE}


def test_the_truth_of_several_objects_is_where_any_of_them_is() -> None:
    truth = truth_of(dogs_and_cat(), (0, 2))
    assert np.array_equal(truth > 0, box_map([LEFT]) | box_map([RIGHT]))


def test_the_truth_of_several_subjects_is_their_consensus() -> None:
    entry = draw_own_sounds().pictures[0]
    drawn = [[LEFT], [LEFT, RIGHT], [RIGHT]]
    expected = consensus_map(drawn, n_consensus=2)
    assert np.array_equal(truth_of(entry, (0,)), expected)


def test_there_is_no_truth_where_one_of_the_objects_has_no_place() -> None:
    objects = (PlacedObject("dog", (LEFT,)), PlacedObject("dog"))
    entry = PictureEntry("1.jpg", "test", "1", objects)
    assert truth_of(entry, (0, 1)) is None
    assert truth_of(entry, (0,)) is not None
    assert truth_of(entry, ()) is None


def test_a_box_thinner_than_a_pixel_is_no_truth() -> None:
    thin = PlacedObject("dog", ((0.1001, 0.1, 0.1002, 0.9),))
    assert truth_of(PictureEntry("1.jpg", "test", "1", (thin,)), (0,)) is None
