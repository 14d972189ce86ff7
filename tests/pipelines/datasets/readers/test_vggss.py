import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import GatherSettings, Origin
from soundloc.data.pairs import PairSet, read_pair_set
from soundloc.errors import DatasetError
from tests.pipelines.datasets.media import draw_picture, film, write_tone
from tests.synthetic import picture_index

SHARED = Path("../shared/data")
CLIP = "3qesirWAGt4_000020"
BOX = [0.25, 0.0, 0.5, 1.0]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [
        {"file": CLIP, "class": "dog barking", "bbox": [BOX]},
        {"file": "M1P1xla8rg0_000000", "class": "x", "bbox": [[0.1, 0.2, 0.1, 0.3]]},
    ]
    (tmp_path / "vggss.json").write_text(json.dumps(rows))
    (tmp_path / "clips").mkdir()
    return tmp_path / "clips"


def gathered(source: Path, **settings: Any) -> tuple[PairSet, dict[str, tuple]]:
    target = source.parent / "pairs"
    chosen = {"boxes": source.parent / "vggss.json"} | settings
    result = gather(Origin.VGGSS, source, target, GatherSettings(**chosen))
    return read_pair_set(target), {left.reason: left.names for left in result.left_out}


@pytest.mark.parametrize("name", [f"{CLIP}.mp4", "3qesirWAGt4_20000_30000.mp4"])
def test_the_picture_five_seconds_into_a_clip_gets_the_boxes(
    source: Path, name: str
) -> None:
    film(source / "video" / name)
    pairs, left_out = gathered(source, window_s=2.0)
    (entry,) = pairs.pictures
    image = np.asarray(cv2.imread(str(pairs.folder / entry.picture)), np.uint8)
    assert picture_index(image) == 50 % 35
    (placed,) = entry.objects
    assert (placed.kind, placed.boxes) == ("dog barking", (tuple(BOX),))
    assert placed.instance == pairs.sounds[0].instance == f"{CLIP}@4.00-6.00"
    assert (entry.split, entry.source) == ("test", "3qesirWAGt4")
    assert left_out == {"missing": ("M1P1xla8rg0_000000",)}


def test_a_wide_clip_is_no_sphere(source: Path) -> None:
    film(source / f"{CLIP}.mp4", size=(64, 32))
    pairs, _ = gathered(source)
    assert not pairs.pictures[0].wrap
    assert cv2.imread(str(pairs.folder / pairs.pictures[0].picture)).shape[0] == 32


@pytest.mark.parametrize(
    "picture",
    [
        f"frames/{CLIP}.jpg",
        f"total_video_frames/{CLIP}/125.jpg",
        f"total_video_frames/{CLIP}/image_050.jpg",
        f"total_video_frames/{CLIP}/001.jpg",
    ],
)
def test_pictures_and_sounds_may_lie_apart(source: Path, picture: str) -> None:
    draw_picture(source / picture, seed=7)
    if "125" in picture or "050" in picture:
        for number in range(1, 4):
            draw_picture((source / picture).with_name(f"{number:03d}.jpg"), level=99)
    write_tone(source / "audio" / f"{CLIP}.wav", duration_s=10.0)
    pairs, _ = gathered(source)
    (entry,) = pairs.pictures
    found = (pairs.folder / entry.picture).read_bytes()
    assert found == (source / picture).read_bytes()
    assert pairs.sounds[0].instance == f"{CLIP}@0.00-10.00"


def test_a_picture_whose_boxes_are_none_has_no_known_place(source: Path) -> None:
    film(source / "M1P1xla8rg0_000000.mp4")
    pairs, _ = gathered(source)
    assert not pairs.pictures[0].objects[0].has_place


def test_the_rest_of_vggsound_is_trained_on_but_no_tested_video(source: Path) -> None:
    for clip in (CLIP, "AAAAAAAAAAA_000001", "3qesirWAGt4_000050"):
        film(source / f"{clip}.mp4")
    table = source.parent / "vggsound.csv"
    table.write_text(
        "3qesirWAGt4,20,dog barking,test\nAAAAAAAAAAA,1,cat,train\n"
        "BBBBBBBBBBB,1,cat,train\n"
    )
    pairs, left_out = gathered(source, labels=table)
    placed = {p.source: (p.split, p.objects[0].kind) for p in pairs.pictures}
    assert placed["3qesirWAGt4"] == ("test", "dog barking")
    assert placed["AAAAAAAAAAA"][0] in ("train", "validation")
    assert placed["AAAAAAAAAAA"][1] == "cat"
    assert len(pairs.pictures) == 2
    assert left_out == {"missing": ("BBBBBBBBBBB_000001", "M1P1xla8rg0_000000")}


def test_clips_that_cannot_be_used_are_named(source: Path) -> None:
    film(source / "M1P1xla8rg0_000000.mp4")
    for content, reason in (
        ({"duration_s": 3}, "shorter than 5 s"),
        ({"silent": True}, "without sound"),
    ):
        film(source / f"{CLIP}.mp4", **content)
        _, left_out = gathered(source)
        assert left_out == {reason: (CLIP,)}
        for path in (source.parent / "pairs").rglob("*.*"):
            path.unlink()
        for name in ("pictures", "sounds"):
            (source.parent / "pairs" / name).rmdir()


def test_boxes_or_a_table_are_asked_for(source: Path) -> None:
    with pytest.raises(DatasetError, match="--boxes"):
        gathered(source, boxes=None)


@pytest.mark.real
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")
def test_three_genuine_clips_get_the_boxes_of_vggss(tmp_path: Path) -> None:
    boxes = SHARED / "annotations" / "vggss.json"
    source = SHARED / "video"
    gather(Origin.VGGSS, source, tmp_path / "pairs", GatherSettings(boxes=boxes))
    pairs = read_pair_set(tmp_path / "pairs")
    truth = json.loads((source / "boxes.json").read_text())
    found = {p.objects[0].kind: p.objects[0].boxes for p in pairs.pictures}
    assert found == {
        row["class"]: tuple(tuple(box) for box in row["boxes"]) for row in truth
    }
