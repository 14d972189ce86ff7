from pathlib import Path

import pytest

from pano_jobs.datasets.material import split_of
from pano_jobs.datasets.splits import NOT_LISTED, OF_A_LISTED_SOURCE, Placement, Splits


def name_that_falls_to(split: str) -> str:
    return next(str(n) for n in range(1000) if split_of(str(n)) == split)


def test_without_lists_the_source_decides() -> None:
    for n in range(20):
        assert Splits().place("any clip", str(n)) == Placement(split_of(str(n)))


def test_exactly_the_listed_clips_are_tested_on() -> None:
    splits = Splits({"test": ["a.wav", "/x/b.png"]})
    assert splits.place("a", "a") == splits.place("b", "b") == Placement("test")
    would_test = name_that_falls_to("test")
    assert splits.place(would_test, would_test) == Placement("train")
    would_validate = name_that_falls_to("validation")
    assert splits.place(would_validate, would_validate) == Placement("validation")


def test_what_is_on_no_list_takes_no_part_where_training_has_one() -> None:
    splits = Splits({"train": ["a"], "test": ["b"]})
    assert splits.place("c", "c") == Placement(reason=NOT_LISTED)


def test_part_of_a_training_list_validates_where_nothing_else_does() -> None:
    names = {s: name_that_falls_to(s) for s in ("train", "validation", "test")}
    splits = Splits({"train": names.values()})
    placed = {s: splits.place(name, name).split for s, name in names.items()}
    assert placed == {"train": "train", "validation": "validation", "test": "train"}
    splits = Splits({"train": names.values(), "validation": ["v"]})
    assert {splits.place(name, name).split for name in names.values()} == {"train"}


def test_a_clip_on_both_lists_is_tested_on() -> None:
    assert Splits({"train": ["a"], "test": ["a"]}).place("a", "a").split == "test"


def test_another_clip_of_a_tested_video_is_left_out() -> None:
    splits = Splits({"test": ["3qesirWAGt4_000020"]})
    other = splits.place("3qesirWAGt4_50000_60000.mp4", "3qesirWAGt4")
    assert other == Placement(reason=OF_A_LISTED_SOURCE)


def test_everything_can_be_put_into_one_split() -> None:
    splits = Splits({"train": ["a"]}, everything="validation")
    assert splits.place("z", "z") == Placement("validation")


def test_a_list_of_the_users_knows_better_than_the_data_set() -> None:
    splits = Splits({"test": ["a"]}).completed({"test": ["b"], "validation": ["c"]})
    assert splits.place("a", "a").split == "test"
    assert splits.place("b", "b").split != "test"
    assert splits.place("c", "c").split == "validation"


def test_listed_clips_that_are_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("b.wav\na.wav\nc.wav\n")
    splits = Splits.read({"test": tmp_path / "test.txt"})
    assert splits.missing(["b"]) == ("a", "c")


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_empty_word_of_the_data_set_is_no_list(split: str) -> None:
    name = name_that_falls_to(split)
    splits = Splits().completed({"test": [], "train": frozenset()})
    assert splits.place(name, name) == Placement(split)
