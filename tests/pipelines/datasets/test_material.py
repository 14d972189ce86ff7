import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import wavfile

from pano_jobs.datasets.material import read_material, split_of
from soundloc.errors import DatasetError

COLUMNS = [
    *("class", "sound_folders", "image_folders", "tiny_folders"),
    *("more_cutouts", "coco_classes", "imagenet_samples"),
]
CLASSES = ("dog", "siren", "speech", "wind", "ape")


def write_material(folder: Path) -> Path:
    """Make a folder of material: two pictures and two sounds of every class."""
    picture = np.full((40, 60, 3), 120, np.uint8)
    rows = []
    for name in CLASSES:
        for part in ("images", "sounds"):
            (folder / part / name).mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(str(folder / "images" / name / f"{name}_{number}.jpg"), picture)
            stem = f"esc50__1-{number}{len(name)}-A"
            hum = np.int16(9000 * np.sin(np.arange(11_025) * 0.1 * (number + 1)))
            # FFmpeg looks into a file, not at its name.
            wavfile.write(folder / "sounds" / name / f"{stem}.ogg", 22_050, hum)
        folders = {"sound_folders": f"sounds/{name}", "image_folders": f"images/{name}"}
        rows.append({"class": name} | folders)
    with (folder / "classes.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_a_source_stays_in_its_split() -> None:
    names = [f"freesound:{i}" for i in range(2000)]
    first = [split_of(name) for name in names]
    assert first == [split_of(name) for name in names]
    assert first.count("train") / 2000 == pytest.approx(0.70, abs=0.04)
    assert first.count("test") / 2000 == pytest.approx(0.18, abs=0.04)


def test_apes_are_seen_and_not_heard(tmp_path: Path) -> None:
    material = read_material(write_material(tmp_path))
    kinds = {"ape", "dog", "siren", "person", "wind"}
    assert {p.kind for p in material.pieces} == kinds
    assert "ape" not in {s.path.parent.name for s in material.sounds}


def test_wind_comes_from_nowhere(tmp_path: Path) -> None:
    material = read_material(write_material(tmp_path))
    kinds = {s.path.parent.name: s.kind for s in material.sounds}
    assert kinds == {"dog": "dog", "siren": "siren", "speech": "person", "wind": None}


def test_clips_of_one_recording_share_their_split(tmp_path: Path) -> None:
    folder = write_material(tmp_path)
    for take in "ABCD":
        (folder / "sounds" / "dog" / f"esc50__3-777-{take}.ogg").touch()
    sounds = read_material(folder).sounds
    ours = {(s.source, s.split) for s in sounds if "-777-" in s.path.name}
    assert ours == {("freesound:777", split_of("freesound:777"))}


def test_a_recording_uploaded_twice_is_one(tmp_path: Path) -> None:
    folder = write_material(tmp_path)
    for number in (177082, 177083, 177084):
        (folder / "sounds" / "dog" / f"esc50__1-{number}-A.ogg").touch()
    sources = {s.path.stem: s.source for s in read_material(folder).sounds}
    first, second = sources["esc50__1-177082-A"], sources["esc50__1-177083-A"]
    assert first == second
    assert first != sources["esc50__1-177084-A"]


def test_neighbouring_faces_are_one_person(tmp_path: Path) -> None:
    folder = write_material(tmp_path)
    for number in (1, 2, 22, 23):
        name = f"caltech101__Faces_image_{number:04d}.jpg"
        (folder / "images" / "speech" / name).touch()
    sources = {
        p.path.stem[-4:]: p.source
        for p in read_material(folder).pieces
        if "Faces" in p.path.name
    }
    assert sources["0001"] == sources["0002"] == sources["0022"] != sources["0023"]


def test_a_folder_without_a_class_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"classes\.csv"):
        read_material(tmp_path)


@pytest.mark.real
def test_no_source_of_the_real_material_crosses_splits() -> None:
    folder = Path("../shared/data")
    if not folder.is_dir():
        pytest.skip("the real material is not here")
    material = read_material(folder)
    for entries in (material.pieces, material.sounds):
        splits: dict[str, set[str]] = {}
        for entry in entries:
            splits.setdefault(entry.source, set()).add(entry.split)
        assert splits
        assert all(len(found) == 1 for found in splits.values())


def test_further_panoramas_lie_behind_training_scenes_alone(tmp_path: Path) -> None:
    material = write_material(tmp_path)
    stills = tmp_path / "stills"
    stills.mkdir()
    with pytest.raises(DatasetError, match="holds no"):
        read_material(material, stills)
    (stills / "hall.png").touch()
    (stills / "notes.txt").touch()
    before = read_material(material).panoramas
    after = read_material(material, stills).panoramas
    assert set(after) - set(before) == {(stills / "hall.png", "train")}
