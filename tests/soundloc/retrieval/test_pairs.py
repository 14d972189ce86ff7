from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry
from soundloc.errors import DatasetError
from soundloc.retrieval.pairs import answers, draw_database, share_label
from tests.soundloc.worlds import draw_world


def picture(name: str, *objects: PlacedObject, source: str = "") -> PictureEntry:
    return PictureEntry(f"{name}.jpg", "test", source or name, objects)


def sound(
    name: str, kind: str | None, *, source: str = "", instance: str = ""
) -> SoundEntry:
    return SoundEntry(f"{name}.wav", kind, "test", source or name, instance)


def mixed_set() -> PairSet:
    """Two dogs, one with a voice of its own, a video of nameless sound, and wind."""
    return PairSet(
        Path("nowhere"),
        (
            picture("park", PlacedObject("dog"), PlacedObject("bell")),
            picture("home", PlacedObject("dog", instance="rex")),
            picture("video", PlacedObject(None, instance="clip 7")),
            picture("meadow", PlacedObject("elephant")),
        ),
        (
            sound("bark", "dog"),
            sound("rex", "dog", instance="rex"),
            sound("clip", None, instance="clip 7"),
            sound("wind", None),
            sound("ring", "bell"),
        ),
    )


def test_each_picture_gets_a_sound_that_its_object_answers_to() -> None:
    pair_set = mixed_set()
    database = draw_database(pair_set)
    assert [pair.picture for pair in database.pairs] == [0, 1, 2]  # no elephant heard
    for pair in database.pairs:
        placed = pair_set.pictures[pair.picture].objects[pair.placed]
        assert answers(placed, pair_set.sounds[pair.sound])
    assert database.pairs[1].sound == 1  # its own voice, not another dog's
    assert database.pairs[2].sound == 2


def test_a_rival_is_heard_from_something_else_in_the_picture() -> None:
    pair_set = mixed_set()
    for seed in range(5):
        park, home, video = draw_database(pair_set, seed=seed).pairs
        objects = pair_set.pictures[0].objects
        assert park.rival is not None
        assert not answers(objects[park.placed], pair_set.sounds[park.rival])
        assert answers(objects[1 - park.placed], pair_set.sounds[park.rival])
        assert home.rival is None
        assert video.rival is None


def test_another_of_the_same_kind_is_no_rival() -> None:
    dogs = PlacedObject("dog"), PlacedObject("dog", instance="rex")
    pair_set = PairSet(
        Path("nowhere"),
        (picture("yard", *dogs), picture("sofa", PlacedObject("cat"))),
        (
            sound("bark", "dog"),
            sound("rex", "dog", instance="rex"),
            sound("purr", "cat"),
        ),
    )
    for seed in range(5):
        assert all(
            pair.rival is None for pair in draw_database(pair_set, seed=seed).pairs
        )


def test_who_answers_to_whom_is_what_asking_each_object_says() -> None:
    pair_set = draw_world(9, 3).pair_set
    database = draw_database(pair_set, seed=3)
    assert len(database.query_pairs) == 2 * len(database.pairs)
    for i, number in enumerate(database.query_sounds):
        heard = pair_set.sounds[int(number)]
        for j, pair in enumerate(database.pairs):
            objects = pair_set.pictures[pair.picture].objects
            assert database.shows[i, j] == any(answers(o, heard) for o in objects)
            if i < len(database.pairs):
                its_own = answers(objects[pair.placed], heard)
                assert database.sounds[i, j] == its_own


def test_pairs_of_one_picture_source_or_recording_do_not_answer_each_other() -> None:
    dog = PlacedObject("dog")
    pair_set = PairSet(
        Path("nowhere"),
        (
            picture("a", dog, source="film"),
            picture("b", dog, source="film"),
            picture("c", dog),
            picture("d", dog),
        ),
        (sound("x", "dog", source="tape"), sound("y", "dog", source="tape")),
    )
    with pytest.raises(DatasetError, match="one source"):
        draw_database(pair_set)  # one tape
    other = PairSet(
        pair_set.folder,
        pair_set.pictures,
        tuple(sound(name, "dog") for name in "wxyz"),
    )
    same = draw_database(other).same_source
    expected = np.eye(4, dtype=bool)
    expected[0, 1] = expected[1, 0] = True
    assert (same == expected).all()


def test_sounds_repeat_only_when_all_are_used() -> None:
    database = draw_database(draw_world(12, 2).pair_set)
    pair_set = database.pair_set
    uses = Counter(pair.sound for pair in database.pairs)
    for kind in pair_set.kinds():
        counts = [uses[i] for i, s in enumerate(pair_set.sounds) if s.kind == kind]
        assert max(counts) - min(counts) <= 1
    assert database.is_first.sum() == len(uses)


def test_the_draw_depends_on_the_seed_alone() -> None:
    pair_set = draw_world().pair_set
    assert (
        draw_database(pair_set, seed=1).pairs == draw_database(pair_set, seed=1).pairs
    )
    assert (
        draw_database(pair_set, seed=1).pairs != draw_database(pair_set, seed=2).pairs
    )


def test_fewer_pairs_can_be_drawn() -> None:
    database = draw_database(draw_world(12).pair_set, n_pairs=5)
    assert len(database.pairs) == 5
    assert len({pair.picture for pair in database.pairs}) == 5


def test_a_set_without_pairs_is_refused() -> None:
    pair_set = PairSet(
        Path("nowhere"), (picture("a", PlacedObject("dog")),), (sound("x", "cat"),)
    )
    with pytest.raises(DatasetError, match="needs two"):
        draw_database(pair_set)


def test_shared_labels_are_those_of_intersecting_sets() -> None:
    rng = np.random.default_rng(0)
    a, b = (
        [frozenset(rng.integers(0, 12, 3).tolist()) for _ in range(n)] for n in (6, 5)
    )
    expected = [[bool(x & y) for y in b] for x in a]
    assert share_label(a, b).tolist() == expected
    assert share_label([frozenset()], [frozenset()]).tolist() == [[False]]
