from pathlib import Path

from soundloc.data.matching import Matching
from soundloc.data.pairs import PairSet, PlacedObject, SoundEntry


def matching(*sounds: SoundEntry) -> Matching:
    pair_set = PairSet(Path("nowhere"), (), sounds)
    return Matching(pair_set, related=lambda a, b: {a, b} == {"bird", "frog"})


BARK = SoundEntry("a.wav", "dog", "train", "a", "rex")
WIND = SoundEntry("w.wav", None, "train", "w")
MOMENT = SoundEntry("m.wav", None, "train", "clip", "clip@3.0-5.0")


def test_an_object_answers_to_its_kind_and_to_its_own_sound() -> None:
    known = matching(BARK, WIND, MOMENT)
    assert known.own(PlacedObject("dog", (), "rex")) == [0]
    assert known.kin("dog") == [0]
    assert known.kinds == ("dog",)
    assert known.unlocalizable == [1]
    assert not known.any(PlacedObject("cat"))
    assert known.any(PlacedObject(None, (), "clip@3.0-5.0"))


def test_a_sound_of_another_kind_is_foreign_and_of_a_related_kind_doubtful() -> None:
    known = matching()
    bird = (PlacedObject("bird"),)
    assert known.belongs(bird, SoundEntry("f.wav", "frog", "train", "f")) == 0
    assert known.belongs(bird, SoundEntry("b.wav", "bird", "train", "b")) == 1
    assert known.belongs(bird, BARK) == -1
    assert known.belongs(bird, WIND) == -1


def test_another_moment_of_the_same_clip_is_doubtful() -> None:
    known = matching(MOMENT)
    same = (PlacedObject(None, (), "clip@3.0-5.0"),)
    later = (PlacedObject(None, (), "clip@8.0-10.0"),)
    other = (PlacedObject(None, (), "clap@3.0-5.0"),)
    assert known.belongs(same, MOMENT) == 1
    assert known.belongs(later, MOMENT) == 0
    assert known.belongs(other, MOMENT) == -1
