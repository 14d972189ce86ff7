import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from soundloc.data.pairs import (
    Opinion,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    read_pair_set,
    read_sound,
    write_sound,
    write_tables,
)
from soundloc.errors import DatasetError

PICTURE = PictureEntry(
    "a.jpg", "train", "a", (PlacedObject("dog", ((0.1, 0.2, 0.3, 0.4),), "rex"),), True
)
SOUND = SoundEntry("a.wav", "dog", "train", "freesound:1", "rex")
WIND = SoundEntry("w.wav", None, "test", "freesound:2")


def test_tables_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_tables(tmp_path, [PICTURE], [SOUND, WIND])
    pairs = read_pair_set(tmp_path)
    assert pairs.pictures == (PICTURE,)
    assert pairs.sounds == (SOUND, WIND)
    assert pairs.kinds() == ("dog",)


def test_opinions_come_back_as_they_were_written(tmp_path: Path) -> None:
    opinions = (Opinion(((0.1, 0.2, 0.3, 0.4),), "object"), Opinion((), "ambient"))
    placed = PlacedObject(None, instance="flickr:7", opinions=opinions)
    picture = PictureEntry("a.jpg", "test", "flickr:7", (placed,))
    write_tables(tmp_path, [picture], [WIND])
    assert read_pair_set(tmp_path).pictures == (picture,)


def test_subjects_without_a_box_have_no_say_on_the_place() -> None:
    box = ((0.1, 0.2, 0.3, 0.4),)
    one = PlacedObject("dog", opinions=(Opinion(box), Opinion(())))
    two = PlacedObject("dog", opinions=(Opinion(box), Opinion(box), Opinion(())))
    assert one.boxes_by_subject() == (box,)
    assert (one.n_consensus, two.n_consensus) == (1, 2)
    assert PlacedObject("dog", box).has_place
    assert not PlacedObject("dog").has_place


def test_the_majority_says_what_is_ambient() -> None:
    said = [Opinion((), tag) for tag in ("ambient", "ambient", "object")]
    assert PlacedObject("dog", opinions=tuple(said)).is_ambient
    assert not PlacedObject("dog", opinions=tuple(said[1:])).is_ambient
    assert not PlacedObject("dog").is_ambient


def test_an_object_that_answers_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a kind or an instance"):
        PlacedObject(None)


def test_only_a_sound_of_no_kind_and_no_instance_is_nowhere() -> None:
    assert WIND.is_unlocalizable
    assert not SOUND.is_unlocalizable
    assert not SoundEntry("a.wav", None, "train", "clip", "clip:3").is_unlocalizable


def test_a_split_keeps_only_its_entries(tmp_path: Path) -> None:
    write_tables(tmp_path, [PICTURE], [SOUND, WIND])
    assert read_pair_set(tmp_path).split("train").sounds == (SOUND,)


def test_a_split_without_pictures_is_refused(tmp_path: Path) -> None:
    write_tables(tmp_path, [PICTURE], [SOUND, WIND])
    with pytest.raises(DatasetError, match="'test'"):
        read_pair_set(tmp_path).split("test")


def test_a_missing_table_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="pano prepare"):
        read_pair_set(tmp_path)


@pytest.mark.parametrize("line", ["{", "[]", '{"split": "train"}', '{"split": "x"}'])
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    write_tables(tmp_path, [PICTURE], [SOUND])
    with (tmp_path / "sounds.jsonl").open("a") as table:
        table.write(line + "\n")
    with pytest.raises(DatasetError, match=r"line 2 of .*sounds\.jsonl"):
        read_pair_set(tmp_path)


def test_a_line_without_its_picture_is_named(tmp_path: Path) -> None:
    write_tables(tmp_path, [PICTURE], [SOUND])
    row = json.dumps({"split": "train", "source": "a", "objects": []})
    (tmp_path / "pictures.jsonl").write_text(row + "\n")
    with pytest.raises(DatasetError, match=r"line 1 of .*pictures\.jsonl"):
        read_pair_set(tmp_path)


def test_a_box_without_area_is_refused() -> None:
    with pytest.raises(ValueError, match="area"):
        PlacedObject("dog", ((0.1, 0.4, 0.3, 0.4),))


def test_a_sound_comes_back_to_16_bits(tmp_path: Path) -> None:
    samples = np.asarray(np.random.default_rng(0).uniform(-1, 1, 500), np.float32)
    write_sound(tmp_path / "a.wav", samples)
    assert np.abs(read_sound(tmp_path / "a.wav") - samples).max() <= 1 / 32_768


def test_a_sound_at_another_rate_is_refused(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 16_000, np.zeros(10, np.int16))
    with pytest.raises(DatasetError, match="22050"):
        read_sound(tmp_path / "a.wav")


@pytest.mark.parametrize("n_bytes", [0, 10, 30, 40])
def test_a_sound_whose_header_is_cut_is_refused(tmp_path: Path, n_bytes: int) -> None:
    write_sound(tmp_path / "a.wav", np.zeros(10, np.float32))
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[:n_bytes])
    with pytest.raises(DatasetError, match="cannot be read"):
        read_sound(tmp_path / "a.wav")
