from pathlib import Path
from typing import Any

import cv2
import pytest

from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import GatherSettings, Origin
from soundloc.data.pairs import PairSet, read_pair_set, read_sound
from soundloc.errors import DatasetError
from tests.pipelines.datasets.media import (
    draw_picture,
    film,
    write_silence,
    write_tone,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "material"
    for kind in ("dog", "bell"):
        for number in range(3):
            draw_picture(folder / "pictures" / kind / f"{kind}{number}.jpg")
            write_tone(folder / "sounds" / kind / f"{number}-{kind}.wav")
    return folder


def gathered(source: Path, **settings: Any) -> tuple[PairSet, dict[str, tuple]]:
    target = source.parent / "pairs"
    result = gather(Origin.FOLDERS, source, target, GatherSettings(**settings))
    return read_pair_set(target), {left.reason: left.names for left in result.left_out}


def test_pictures_and_sounds_meet_by_class(source: Path) -> None:
    pairs, left_out = gathered(source)
    assert pairs.kinds() == ("bell", "dog")
    assert (len(pairs.pictures), len(pairs.sounds)) == (6, 6)
    assert {p.objects[0].instance for p in pairs.pictures} == {""}
    assert left_out == {}


def test_pictures_are_taken_over_byte_for_byte(source: Path) -> None:
    pairs, _ = gathered(source)
    (entry,) = [p for p in pairs.pictures if p.source == "dog1"]
    original = source / "pictures" / "dog" / "dog1.jpg"
    assert (pairs.folder / entry.picture).read_bytes() == original.read_bytes()


def test_large_and_odd_pictures_are_brought_into_form(source: Path) -> None:
    draw_picture(source / "pictures" / "dog" / "large.jpg", size=(1280, 800))
    draw_picture(source / "pictures" / "dog" / "odd.bmp")
    pairs, _ = gathered(source)
    shapes = {
        p.source: cv2.imread(str(pairs.folder / p.picture)).shape
        for p in pairs.pictures
    }
    assert shapes["large"] == (400, 640, 3)
    assert shapes["odd"] == (48, 64, 3)
    assert {Path(p.picture).suffix for p in pairs.pictures} == {".jpg"}


def test_sounds_of_any_kind_are_converted_and_long_ones_cut(source: Path) -> None:
    film(source / "sounds" / "dog" / "film.m4a", duration_s=6)
    pairs, _ = gathered(source, window_s=1.5)
    for entry in pairs.sounds:
        assert len(read_sound(pairs.folder / entry.sound)) == round(1.5 * 22_050)


def test_folders_may_lie_apart(source: Path) -> None:
    pairs, _ = gathered(source / "pictures", sounds=source / "sounds")
    assert pairs.kinds() == ("bell", "dog")


def test_classes_that_only_one_side_has_are_named(source: Path) -> None:
    draw_picture(source / "pictures" / "cat" / "a.jpg")
    write_tone(source / "sounds" / "wind" / "a.wav")
    pairs, left_out = gathered(source)
    assert left_out == {
        "classes without sounds": ("cat",),
        "classes without pictures": ("wind",),
    }
    assert {s.kind for s in pairs.sounds} == {"dog", "bell"}


def test_some_sounds_come_from_nowhere(source: Path) -> None:
    write_tone(source / "sounds" / "wind" / "a.wav")
    write_silence(source / "sounds" / "silence" / "b.wav")
    pairs, left_out = gathered(source, nowhere=("wind", "silence"))
    assert {s.source for s in pairs.sounds if s.is_unlocalizable} == {"a", "b"}
    assert left_out == {}


def test_clips_of_one_recording_stay_together(source: Path) -> None:
    for number in range(30):
        write_tone(source / "sounds" / "dog" / f"us8k__{number % 5}-{number}.wav")
    pairs, _ = gathered(source, recording=r"^us8k__(\d+)|^(\d+)-")
    splits: dict[str, set[str]] = {}
    for entry in pairs.sounds:
        splits.setdefault(entry.source, set()).add(entry.split)
    assert set(splits) == {"0", "1", "2", "3", "4"}
    assert {len(found) for found in splits.values()} == {1}


def test_broken_files_are_named(source: Path) -> None:
    (source / "pictures" / "dog" / "bad.jpg").write_text("404")
    (source / "sounds" / "dog" / "bad.wav").write_text("404")
    write_silence(source / "sounds" / "dog" / "mute.wav")
    pairs, left_out = gathered(source)
    assert len(pairs.pictures) == len(pairs.sounds) == 6
    assert left_out["corrupt picture"] == (
        str(source / "pictures" / "dog" / "bad.jpg"),
    )
    assert left_out["silent"] == (str(source / "sounds" / "dog" / "mute.wav"),)
    assert left_out["corrupt sound"][0].startswith(
        str(source / "sounds" / "dog" / "bad.wav")
    )


def test_folders_without_a_common_class_are_refused(source: Path) -> None:
    (source / "sounds").rename(source / "elsewhere")
    write_tone(source / "sounds" / "cat" / "a.wav")
    with pytest.raises(DatasetError, match="no class in common"):
        gathered(source)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="pictures is no folder"):
        gathered(tmp_path)


def test_an_expression_that_is_none_is_refused(source: Path) -> None:
    with pytest.raises(DatasetError, match="no regular expression"):
        gathered(source, recording="(")
