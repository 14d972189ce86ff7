import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.io import wavfile

from soundloc.audit.inspection import (
    inspect_pairs,
    is_silent,
    picture_fault,
    sound_fault,
)
from soundloc.data.pairs import (
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)
from soundloc.errors import DatasetError

BOX = (0.1, 0.2, 0.3, 0.4)
HUM = np.asarray(0.3 * np.sin(np.arange(4000) * 0.1), np.float32)


def picture_at(path: Path) -> Path:
    rng = np.random.default_rng(0)
    cv2.imwrite(str(path), rng.integers(0, 255, (48, 64, 3), np.uint8))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a set without a fault: a dog and a bird with a sound each, and wind."""
    for name in ("dog.jpg", "bird.png"):
        picture_at(tmp_path / name)
    for name in ("bark.wav", "own.wav", "wind.wav"):
        write_sound(tmp_path / name, HUM)
    pictures = [
        PictureEntry("dog.jpg", "train", "p1", (PlacedObject("dog", (BOX,)),)),
        PictureEntry("bird.png", "test", "p2", (PlacedObject(None, (), "bird@1"),)),
    ]
    sounds = [
        SoundEntry("bark.wav", "dog", "train", "s1"),
        SoundEntry("own.wav", None, "test", "s2", "bird@1"),
        SoundEntry("wind.wav", None, "train", "s3"),
    ]
    write_tables(tmp_path, pictures, sounds)
    return tmp_path


def rewrite(folder: Path, table: str, number: int, **changes: Any) -> None:
    path = folder / table
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[number] |= changes
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_sound_set_has_no_fault_and_nothing_odd(folder: Path) -> None:
    inspection = inspect_pairs(folder)
    assert inspection.n_faults == 0
    assert [f.what for f in inspection.findings] == [
        "split without pictures or without sounds"  # there is no validation split
    ]
    assert "no fault" in inspection.words()


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "dog.jpg").unlink()
    (folder / "own.wav").unlink()
    inspection = inspect_pairs(folder)
    assert inspection.named("missing picture") == ("dog.jpg",)
    assert inspection.named("missing sound") == ("own.wav",)
    assert inspection.n_faults == 2


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_picture_that_was_cut_short_is_corrupt(
    tmp_path: Path, suffix: str, share: float
) -> None:
    path = picture_at(tmp_path / f"a{suffix}")
    assert picture_fault(path) == ""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert picture_fault(path) == "corrupt picture"


def test_a_thumbnail_in_a_photograph_does_not_hide_that_it_is_cut(
    tmp_path: Path,
) -> None:
    path = picture_at(tmp_path / "a.jpg")
    whole = path.read_bytes()
    thumbnail = b"\xff\xe1" + (len(whole) + 2).to_bytes(2, "big") + whole
    photograph = whole[:2] + thumbnail + whole[2:]
    path.write_bytes(photograph)
    assert picture_fault(path) == ""
    path.write_bytes(photograph[: len(photograph) - len(whole) // 3])
    assert picture_fault(path) == "corrupt picture"


def test_what_follows_the_end_of_a_jpeg_is_no_damage(tmp_path: Path) -> None:
    path = picture_at(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes() + b"appended by a phone")
    assert picture_fault(path) == ""


def test_a_text_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("404 not found")
    assert picture_fault(tmp_path / "a.jpg") == "corrupt picture"


@pytest.mark.parametrize("n_bytes", [0, 10, 30, 44, 100, 8000])
def test_a_sound_that_was_cut_short_is_corrupt(tmp_path: Path, n_bytes: int) -> None:
    path = tmp_path / "a.wav"
    write_sound(path, HUM)
    assert sound_fault(path) == ""
    path.write_bytes(path.read_bytes()[:n_bytes])
    assert sound_fault(path) == "corrupt sound"


@pytest.mark.parametrize(
    ("rate_hz", "samples"),
    [(16_000, HUM), (22_050, np.stack([HUM, HUM], axis=1))],
)
def test_a_sound_of_another_form_is_named(tmp_path: Path, rate_hz, samples) -> None:
    wavfile.write(tmp_path / "a.wav", rate_hz, samples)
    assert sound_fault(tmp_path / "a.wav") == "sound that is not mono at 22,050 Hz"


def test_a_sound_that_is_not_a_number_is_corrupt(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 22_050, np.full(100, np.nan, np.float32))
    assert sound_fault(tmp_path / "a.wav") == "corrupt sound"


def test_silence_is_a_fault_unless_it_says_that_it_comes_from_nowhere(
    folder: Path,
) -> None:
    for name in ("bark.wav", "wind.wav"):
        write_sound(folder / name, np.zeros(4000, np.float32))
    assert inspect_pairs(folder).named("silent sound") == ("bark.wav",)


def test_soft_is_not_silent() -> None:
    assert is_silent(np.full(10, 1 / 32_768, np.float32))
    assert is_silent(np.zeros(0, np.float32))
    assert not is_silent(np.float32(0.01) * HUM)


@pytest.mark.parametrize(
    "box",
    [
        [0.1, 0.4, 0.3, 0.4],
        [0.3, 0.2, 0.1, 0.4],
        [0.1, 0.2, 1.1, 0.4],
        [-0.1, 0.2, 0.3, 0.4],
        [0.1, 0.2, 0.3],
        [0.1, 0.2, "0.3", 0.4],
        [0.1, float("nan"), 0.3, 0.4],
    ],
)
def test_boxes_that_are_none_are_counted_where_the_reader_would_stop(
    folder: Path, box: list[object]
) -> None:
    objects = [{"kind": "dog", "boxes": [list(BOX), box, box]}]
    rewrite(folder, "pictures.jsonl", 0, objects=objects)
    inspection = inspect_pairs(folder)
    assert len(inspection.named("degenerate box")) == inspection.n_faults == 2
    assert inspection.named("degenerate box")[0].startswith("dog.jpg [")


def test_a_box_over_the_seam_needs_a_picture_that_wraps(folder: Path) -> None:
    objects = [{"kind": "dog", "boxes": [[0.9, 0.2, 0.1, 0.4]]}]
    rewrite(folder, "pictures.jsonl", 0, objects=objects)
    assert inspect_pairs(folder).named("degenerate box")
    rewrite(folder, "pictures.jsonl", 0, wrap=True)
    assert not inspect_pairs(folder).named("degenerate box")


def test_the_boxes_of_subjects_are_looked_at_too(folder: Path) -> None:
    opinions = [{"boxes": [list(BOX)]}, {"boxes": [[0.5, 0.5, 0.5, 0.6]]}]
    objects = [{"kind": "dog", "boxes": [], "opinions": opinions}]
    rewrite(folder, "pictures.jsonl", 0, objects=objects)
    assert len(inspect_pairs(folder).named("degenerate box")) == 1


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("pictures.jsonl", {"objects": [{"kind": None, "boxes": []}]}),
        ("pictures.jsonl", {"objects": 3}),
        ("sounds.jsonl", {"split": "tset"}),
    ],
)
def test_a_malformed_line_is_named_and_the_others_are_read(
    folder: Path, table: str, changes: dict[str, Any]
) -> None:
    rewrite(folder, table, 0, **changes)
    (folder / "dog.jpg").unlink()
    (folder / "own.wav").unlink()
    inspection = inspect_pairs(folder)
    assert len(inspection.named("malformed line")) == 1
    assert inspection.named("malformed line")[0].startswith(f"{table}:1 (")
    assert inspection.named("missing sound") == ("own.wav",)


def test_a_line_that_is_no_json_is_named(folder: Path) -> None:
    with (folder / "sounds.jsonl").open("a") as lines:
        lines.write("{\n")
    (name,) = inspect_pairs(folder).named("malformed line")
    assert name.startswith("sounds.jsonl:4")


def test_a_source_in_two_splits_leaks(folder: Path) -> None:
    rewrite(folder, "sounds.jsonl", 1, source="p1")
    inspection = inspect_pairs(folder)
    assert inspection.named("source in several splits") == ("p1 (train, test)",)
    assert inspection.n_faults == 1


def test_an_instance_in_two_splits_leaks(folder: Path) -> None:
    rewrite(folder, "sounds.jsonl", 0, instance="bird@1")
    (name,) = inspect_pairs(folder).named("instance in several splits")
    assert name == "bird@1 (train, test)"


def test_objects_and_sounds_without_answer_are_odd_but_no_fault(folder: Path) -> None:
    rewrite(folder, "sounds.jsonl", 0, kind="cat")
    rewrite(folder, "sounds.jsonl", 1, instance="bird@2")
    inspection = inspect_pairs(folder)
    assert inspection.n_faults == 0
    assert inspection.named("object no sound answers to") == (
        "dog.jpg dog",
        "bird.png bird@1",
    )
    assert inspection.named("sound nothing answers to") == ("bark.wav", "own.wav")


def test_a_sound_of_another_split_is_no_answer(folder: Path) -> None:
    rewrite(folder, "sounds.jsonl", 0, split="validation")
    names = inspect_pairs(folder).named("object no sound answers to")
    assert names == ("dog.jpg dog",)


def test_what_is_listed_twice_is_odd(folder: Path) -> None:
    rewrite(folder, "sounds.jsonl", 2, sound="bark.wav")
    assert inspect_pairs(folder).named("listed twice") == ("bark.wav",)


def test_many_names_are_counted_and_the_first_are_said(folder: Path) -> None:
    row = (folder / "pictures.jsonl").read_text().splitlines()[0]
    rows = [row.replace("dog.jpg", f"dog{i}.jpg") for i in range(8)]
    (folder / "pictures.jsonl").write_text("\n".join(rows) + "\n")
    words = inspect_pairs(folder).words()
    assert "missing picture, 8: dog0.jpg" in words
    assert "and 3 more" in words


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="pano prepare"):
        inspect_pairs(tmp_path)
