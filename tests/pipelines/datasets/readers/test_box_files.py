import json
from pathlib import Path
from typing import Any

import pytest

from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import GatherSettings, Origin
from soundloc.audit.inspection import inspect_pairs
from soundloc.data.pairs import PairSet, read_pair_set
from soundloc.errors import DatasetError
from tests.pipelines.datasets.media import draw_picture, write_tone

ANNOTATIONS = Path("../shared/data/annotations")
AUTHORS = "/mnt/lynx2/users/arda/synthetic3241"


def row(picture: str, sound: str, *box: float) -> dict[str, Any]:
    return {
        "image": f"{AUTHORS}/visual_frames/{picture}",
        "audio": f"{AUTHORS}/audio_wav/{sound}",
        "gt_box": list(box),
    }


def gathered(
    source: Path, rows: list[dict[str, Any]], **settings: Any
) -> tuple[PairSet, dict[str, tuple]]:
    (source / "boxes.json").write_text(json.dumps(rows))
    target = source.parent / "pairs"
    chosen = GatherSettings(boxes=source / "boxes.json", **settings)
    result = gather(Origin.BOXES, source, target, chosen)
    return read_pair_set(target), {left.reason: left.names for left in result.left_out}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "is3").mkdir()
    return tmp_path / "is3"


def test_one_picture_of_two_sounds_has_two_objects(source: Path) -> None:
    rows = []
    for kind, box in (("fox", (0, 0, 112, 224)), ("cat", (112, 112, 224, 224))):
        name = f"fox_cat_9754_{kind}"
        draw_picture(source / "visual_frames" / f"{name}.jpg", size=(224, 224))
        write_tone(source / "audio_wav" / f"{name}.wav")
        rows.append(row(f"{name}.jpg", f"{name}.wav", *box))
    pairs, left_out = gathered(source, rows)
    (entry,) = pairs.pictures
    assert left_out == {}
    assert [(o.kind, o.boxes) for o in entry.objects] == [
        ("fox", ((0.0, 0.0, 0.5, 1.0),)),
        ("cat", ((0.5, 0.5, 1.0, 1.0),)),
    ]
    assert {o.instance for o in entry.objects} == {s.instance for s in pairs.sounds}
    assert (entry.split, entry.source) == ("test", "fox_cat_9754")


def test_files_are_found_by_how_their_paths_end(source: Path) -> None:
    for folder, frequency_hz in (("fox", 300.0), ("cat", 500.0)):
        draw_picture(source / "frames" / folder / "1.jpg", seed=int(frequency_hz))
        write_tone(source / "audio" / folder / "1.wav", frequency_hz=frequency_hz)
    rows = [
        row(f"{folder}/1.jpg", f"{folder}/1.wav", 0, 0, 9, 9)
        for folder in ("cat", "fox")
    ]
    pairs, _ = gathered(source, rows)
    for entry, folder in zip(pairs.pictures, ("cat", "fox"), strict=True):
        original = source / "frames" / folder / "1.jpg"
        assert (pairs.folder / entry.picture).read_bytes() == original.read_bytes()


def test_a_box_of_zeros_is_a_picture_of_nothing_that_sounds(source: Path) -> None:
    for number in (1, 2):
        draw_picture(source / f"v_{number}.png", seed=number)
    write_tone(source / "v.wav", duration_s=5.0)
    rows = [row("v_1.png", "v.wav", 0, 0, 0, 0), row("v_2.png", "v.wav", 0, 0, 9, 9)]
    pairs, _ = gathered(source, rows)
    assert [len(p.objects) for p in pairs.pictures] == [0, 1]


def test_avsbench_says_split_and_class_by_its_folders(source: Path) -> None:
    place = "val/helicopter/0d9u2CymIxc"
    draw_picture(source / "visual_frames" / place / "0d9u2CymIxc_3.png")
    write_tone(source / "audio_wav" / f"{place}.wav", duration_s=5.0)
    rows = [row(f"{place}/0d9u2CymIxc_3.png", f"{place}.wav", 0, 0, 9, 9)]
    pairs, _ = gathered(source, rows, window_s=1.0)
    (entry,) = pairs.pictures
    assert entry.split == "validation"
    assert entry.objects[0].kind == "helicopter"
    assert entry.objects[0].instance == "0d9u2CymIxc@2.44-3.44"


def test_objects_of_one_photograph_share_its_source(source: Path) -> None:
    rows = []
    for number, frequency_hz in ((432356, 300.0), (77, 500.0)):
        name = f"000000062491_{number}"
        draw_picture(source / f"{name}.jpg", seed=number)
        write_tone(source / f"{name}.wav", frequency_hz=frequency_hz)
        rows.append(row(f"{name}.jpg", f"{name}.wav", 0, 0, 9, 9))
    pairs, _ = gathered(source, rows)
    assert {p.source for p in pairs.pictures} == {"000000062491"}


def test_what_is_not_there_is_named(source: Path) -> None:
    draw_picture(source / "a.jpg")
    write_tone(source / "a.wav")
    draw_picture(source / "b.jpg", seed=1)
    rows = [row(f"{n}.jpg", f"{n}.wav", 0, 0, 9, 9) for n in ("a", "b", "c")]
    pairs, left_out = gathered(source, rows)
    assert len(pairs.pictures) == 1
    assert left_out == {
        "missing sound": (f"{AUTHORS}/audio_wav/b.wav",),
        "missing picture": (f"{AUTHORS}/visual_frames/c.jpg",),
    }


def test_the_box_file_is_asked_for(source: Path) -> None:
    with pytest.raises(DatasetError, match="--boxes"):
        gather(Origin.BOXES, source, source.parent / "pairs")


@pytest.mark.real
@pytest.mark.skipif(not ANNOTATIONS.is_dir(), reason=f"{ANNOTATIONS} is not here")
@pytest.mark.parametrize("name", ["is3", "vpo_ss", "avsbench_ms3"])
def test_real_box_files_are_matched_to_drawn_media(name: str, source: Path) -> None:
    boxes = ANNOTATIONS / f"{name}_box_sample.json"
    rows = json.loads(boxes.read_text())
    for number, line in enumerate(rows):
        draw_picture(source / "/".join(line["image"].split("/")[-3:]), seed=number)
        write_tone(source / "/".join(line["audio"].split("/")[-3:]), duration_s=0.5)
    settings = GatherSettings(boxes=boxes)
    result = gather(Origin.BOXES, source, source.parent / "pairs", settings)
    pairs = read_pair_set(source.parent / "pairs")
    assert {p.split for p in pairs.pictures} == {"test"}
    assert result.left_out == ()
    boxed = [line for line in rows if any(line["gt_box"])]
    assert len(pairs.sounds) == len({line["audio"] for line in boxed})
    stems = [Path(line["audio"]).stem for line in rows]
    sources = {
        "is3": {stem.rpartition("_")[0] for stem in stems},
        "vpo_ss": {stem.partition("_")[0] for stem in stems},
        "avsbench_ms3": {stem[:11] for stem in stems},
    }
    assert {p.source for p in pairs.pictures} == sources[name]
    assert inspect_pairs(pairs.folder).n_faults == 0
