from pathlib import Path

import cv2
import numpy as np
import pytest

from pano_jobs.datasets.pair_writer import PairWriter, writing_pairs
from soundloc.data.pairs import PlacedObject, read_pair_set, read_sound
from soundloc.errors import DatasetError

PICTURE = np.full((20, 30, 3), (200, 30, 10), np.uint8)
HUM = np.asarray(0.3 * np.sin(np.arange(4000) * 0.1), np.float32)


# Two that differ only behind what a file name can hold.
LONG = ("x" * 300 + "1", "x" * 300 + "2")


def add_pair(writer: PairWriter, name: str = "a", split: str = "train") -> None:
    objects = (PlacedObject("dog"),)
    writer.add_picture(PICTURE, name=name, split=split, source=name, objects=objects)
    writer.add_sound(HUM, name=name, kind="dog", split=split, source=name)


def test_a_set_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "pairs"
    with writing_pairs(target) as writer:
        add_pair(writer)
        assert not target.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["pairs"]
    pairs = read_pair_set(target)
    image = cv2.imread(str(target / pairs.pictures[0].picture))
    assert np.abs(image.mean((0, 1)) - (10, 30, 200)).max() < 4
    assert np.abs(read_sound(target / pairs.sounds[0].sound) - HUM).max() < 1e-4


@pytest.mark.parametrize("failure", [DatasetError("x"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_set_that_failed(
    failure: BaseException, tmp_path: Path
) -> None:
    def fail() -> None:
        with writing_pairs(tmp_path / "pairs") as writer:
            add_pair(writer)
            raise failure

    with pytest.raises(type(failure)):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_behind_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "pairs.part" / "pictures").mkdir(parents=True)
    (tmp_path / "pairs.part" / "pictures" / "old.jpg").touch()
    with writing_pairs(tmp_path / "pairs") as writer:
        add_pair(writer)
    assert [p.name for p in (tmp_path / "pairs" / "pictures").iterdir()] == ["a.jpg"]


def test_a_set_is_written_over_only_on_demand(tmp_path: Path) -> None:
    target = tmp_path / "pairs"
    for name in ("old", "new"):
        with writing_pairs(target, overwrite=name == "new") as writer:
            add_pair(writer, name)
    assert [p.source for p in read_pair_set(target).pictures] == ["new"]
    with pytest.raises(DatasetError, match="already holds"), writing_pairs(target):
        pass


def test_a_folder_of_something_else_is_never_written_over(tmp_path: Path) -> None:
    target = tmp_path / "holiday"
    target.mkdir()
    (target / "beach.jpg").touch()
    with (
        pytest.raises(DatasetError, match="not empty"),
        writing_pairs(target, overwrite=True),
    ):
        pass
    assert (target / "beach.jpg").exists()


def test_an_empty_folder_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    with writing_pairs(tmp_path / "pairs") as writer:
        add_pair(writer)
    assert read_pair_set(tmp_path / "pairs").pictures


def test_a_missing_parent_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(DatasetError, match="create it"),
        writing_pairs(tmp_path / "a" / "b"),
    ):
        pass


def test_a_set_of_nothing_is_refused_with_the_reasons(tmp_path: Path) -> None:
    with (
        pytest.raises(DatasetError, match=r"left out 1, silent: a\.wav"),
        writing_pairs(tmp_path / "pairs") as writer,
    ):
        writer.leave_out("silent", "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_names_of_all_kinds_become_file_names_of_their_own(tmp_path: Path) -> None:
    names = ("a/b c", "a_b_c", "A_B_C", "../x", ".hidden", "-id", "日本", *LONG)
    with writing_pairs(tmp_path / "pairs") as writer:
        for name in names:
            add_pair(writer, name)
    pairs = read_pair_set(tmp_path / "pairs")
    files = [p.picture for p in pairs.pictures]
    assert len({name.lower() for name in files}) == len(names)
    for name in files:
        inside = (tmp_path / "pairs" / name).resolve()
        assert inside.parent == (tmp_path / "pairs" / "pictures").resolve()
        assert inside.is_file()
        assert not inside.name.startswith(".")


def test_the_result_counts_by_split_and_names_what_is_left_out(tmp_path: Path) -> None:
    with writing_pairs(tmp_path / "pairs") as writer:
        for split in ("train", "train", "test"):
            add_pair(writer, split=split)
        for number in range(7):
            writer.leave_out("silent", f"{number}.wav")
    result = writer.result(tmp_path / "pairs")
    assert result.pictures_by_split == {"train": 2, "validation": 0, "test": 1}
    assert (result.n_pictures, result.n_sounds, result.n_kinds) == (3, 3, 1)
    assert result.left_out[0].names == tuple(f"{n}.wav" for n in range(7))
    assert "left out 7, silent: 0.wav, 1.wav, 2.wav, 3.wav, 4.wav and 2 more" in (
        result.words()
    )
    assert "without pictures or without sounds: validation" in result.words()
