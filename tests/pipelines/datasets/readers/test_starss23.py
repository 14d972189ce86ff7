from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import GatherSettings, Origin
from pano_jobs.datasets.pair_writer import PrepareResult
from pano_jobs.datasets.sources.places import box_around
from soundloc.audit.inspection import inspect_pairs
from soundloc.data.pairs import PairSet, read_pair_set, read_sound
from soundloc.errors import DatasetError
from tests.pipelines.tiny_starss23 import RADIO, WOMAN, draw_starss23
from tests.synthetic import picture_index

TEST = "fold4_room2_mix001"
MISSING = "fold3_room21_mix001"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return draw_starss23(tmp_path / "STARSS23")


def gathered(source: Path, **settings: Any) -> tuple[PairSet, PrepareResult]:
    target = source.parent / "pairs"
    found = GatherSettings(**{"every_s": 1.0, **settings})
    result = gather(Origin.STARSS23, source, target, found)
    return read_pair_set(target), result


def left_out(result: PrepareResult) -> dict[str, tuple[str, ...]]:
    return {part.reason: part.names for part in result.left_out}


def test_moments_with_one_source_become_pictures_of_it(source: Path) -> None:
    pairs, result = gathered(source)
    assert result.left_out == ()
    assert "in 6 of 9 moments exactly one source sounds" in result.notes
    (first, second) = (p for p in pairs.pictures if TEST in p.picture)
    for picture, at, kind, direction in (
        (first, 5, "female speech", WOMAN),
        (second, 25, "music", RADIO),
    ):
        (placed,) = picture.objects
        assert (picture.wrap, placed.kind) == (True, kind)
        assert placed.boxes == (box_around(direction),)
        image = cv2.imread(str(pairs.folder / picture.picture))
        assert image.shape[:2] == (480, 960)
        assert picture_index(np.asarray(image, np.uint8)) == at
    assert inspect_pairs(pairs.folder).n_faults == 0


def test_azimuth_is_counted_to_the_left(source: Path) -> None:
    pairs, _ = gathered(source)
    x0, y0, x1, y1 = pairs.pictures[0].objects[0].boxes[0]
    assert (x0 + x1) / 2 == pytest.approx(0.5 + WOMAN.yaw_deg / 360)
    assert (y0 + y1) / 2 == pytest.approx(0.5 - WOMAN.pitch_deg / 180)


def test_a_sound_ends_where_another_source_begins(source: Path) -> None:
    pairs, _ = gathered(source)
    sounds = [s for s in pairs.sounds if TEST in s.sound]
    assert [(s.instance, s.kind) for s in sounds] == [
        (f"{TEST}@0.00-1.00", "female speech"),
        (f"{TEST}@2.00-3.00", "music"),
    ]
    assert len(read_sound(pairs.folder / sounds[0].sound)) == 22_050


def test_a_short_window_is_centred(source: Path) -> None:
    pairs, _ = gathered(source, window_s=0.5)
    assert pairs.sounds[0].instance.endswith("@0.25-0.75")


def test_the_sound_is_the_first_channel(source: Path) -> None:
    pairs, _ = gathered(source)
    level = float(np.std(read_sound(pairs.folder / pairs.sounds[0].sound)))
    assert level == pytest.approx(0.05, rel=0.1)


def test_official_parts_and_rooms_decide_the_splits(source: Path) -> None:
    pairs, _ = gathered(source)
    assert {(p.source, p.split) for p in pairs.pictures} == {
        ("STARSS23 room21", "train"),
        ("STARSS23 room22", "validation"),
        ("STARSS23 room2", "test"),
    }


@pytest.mark.parametrize(
    ("room", "suffix", "reason"),
    [("video_dev", "mp4", "missing video"), ("foa_dev", "wav", "missing sound")],
)
def test_what_is_missing_is_named(
    source: Path, room: str, suffix: str, reason: str
) -> None:
    (source / room / "dev-train-sony" / f"{MISSING}.{suffix}").unlink()
    _, result = gathered(source)
    assert left_out(result) == {reason: (MISSING,)}


@pytest.mark.parametrize(
    ("room", "suffix", "reason"),
    [
        ("video_dev", "mp4", "video not readable, or not to the end"),
        ("foa_dev", "wav", "sound not readable"),
        ("metadata_dev", "csv", "annotations not readable"),
    ],
)
def test_what_is_broken_is_named(
    source: Path, room: str, suffix: str, reason: str
) -> None:
    (source / room / "dev-train-sony" / f"{MISSING}.{suffix}").write_text("404\n")
    _, result = gathered(source)
    ((name,),) = left_out(result).values()
    assert tuple(left_out(result)) == (reason,)
    assert name.startswith(f"{MISSING} (")


def test_another_folder_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="lacks metadata_dev and foa_dev; give"):
        gathered(tmp_path)
    for name in ("metadata_dev", "foa_dev"):
        (tmp_path / name).mkdir()
    with pytest.raises(DatasetError, match="no annotations"):
        gathered(tmp_path)
