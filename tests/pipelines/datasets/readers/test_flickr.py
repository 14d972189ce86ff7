import json
from pathlib import Path
from typing import Any

import pytest

from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import GatherSettings, Origin
from soundloc.data.pairs import Opinion, PairSet, read_pair_set
from tests.pipelines.datasets.media import draw_picture, write_silence, write_tone

SHARED = Path("../shared/data")
XML = """<annotations><subject><bbox><tag>{tag}</tag><xmin>64</xmin><ymin>0</ymin>
<xmax>128</xmax><ymax>256</ymax></bbox></subject><subject><bbox><tag>ambient</tag>
<xmin>0</xmin><ymin>128</ymin><xmax>256</xmax><ymax>256</ymax></bbox></subject>
</annotations>"""
IDS = ("10006434483", "10602295346", "2432219254")


def write_pair(folder: Path, clip: str, layout: str) -> None:
    if layout == "Data":
        picture = sound = folder / "Data" / clip[-1] / clip
    else:
        picture, sound = folder / "frames" / clip, folder / "audio" / clip
    draw_picture(picture.with_name(f"{clip}.jpg"), size=(256, 256))
    write_tone(sound.with_name(f"{clip}.wav"))


def gathered(source: Path, **settings: Any) -> tuple[PairSet, dict[str, tuple]]:
    target = source.parent / "pairs"
    result = gather(Origin.FLICKR, source, target, GatherSettings(**settings))
    return read_pair_set(target), {left.reason: left.names for left in result.left_out}


@pytest.fixture(params=["Data", "frames"])
def source(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "flickr"
    (folder / "Annotations").mkdir(parents=True)
    for clip in IDS:
        write_pair(folder, clip, request.param)
    for clip in IDS[:2]:
        (folder / "Annotations" / f"{clip}.xml").write_text(XML.format(tag="object"))
    return folder


def test_both_layouts_are_read_with_the_boxes_of_all_subjects(source: Path) -> None:
    pairs, left_out = gathered(source)
    assert left_out == {}
    found = {p.source: p.objects[0] for p in pairs.pictures}
    assert set(found) == set(IDS)
    assert found[IDS[0]].opinions == (
        Opinion(((0.25, 0.0, 0.5, 1.0),), "object"),
        Opinion(((0.0, 0.5, 1.0, 1.0),), "ambient"),
    )
    assert found[IDS[2]].opinions == ()
    assert {s.instance for s in pairs.sounds} == {o.instance for o in found.values()}


def test_the_official_list_is_the_test_split(source: Path) -> None:
    path = source.parent / "test_list.txt"
    path.write_text("/hdd/Annotations/dataset/2432219254.mp4\n77.mp4\n")
    pairs, left_out = gathered(source, lists={"test": path})
    assert [p.source for p in pairs.pictures if p.split == "test"] == ["2432219254"]
    assert left_out == {"missing picture": ("77",)}


def test_the_json_of_boxes_says_what_is_tested_on(source: Path) -> None:
    rows = [
        {
            "id": clip,
            "boxes_xyxy_px256": [[0, 0, 128, 256], [0, 0, 64, 256], [9, 9, 9, 9]],
            "in_test_list": clip == IDS[1],
        }
        for clip in (*IDS[:2], "404")
    ]
    path = source.parent / "boxes.json"
    path.write_text(json.dumps(rows))
    target = source.parent / "pairs"
    result = gather(Origin.FLICKR, source, target, GatherSettings(boxes=path))
    pairs = read_pair_set(target)
    assert [p.source for p in pairs.pictures if p.split == "test"] == [IDS[1]]
    (found,) = [p.objects[0] for p in pairs.pictures if p.source == IDS[1]]
    assert found.opinions[0] == Opinion(((0.0, 0.0, 0.5, 1.0),))
    assert found.opinions[2] == Opinion(())
    assert result.repairs is not None
    assert (result.repairs.n_boxes, result.repairs.n_dropped) == (9, 3)
    assert result.left_out[0].names == ("404",)


def test_broken_pairs_are_named(source: Path) -> None:
    (sound,) = source.rglob(f"{IDS[0]}.wav")
    write_silence(sound)
    (sound,) = source.rglob(f"{IDS[1]}.wav")
    sound.unlink()
    pairs, left_out = gathered(source)
    assert [p.source for p in pairs.pictures] == [IDS[2]]
    assert left_out == {"silent": (IDS[0],), "missing sound": (IDS[1],)}


@pytest.mark.real
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} is not here")
def test_two_genuine_pairs_get_their_boxes(tmp_path: Path) -> None:
    boxes = SHARED / "annotations" / "flickr_soundnet_boxes.json"
    source = SHARED / "flickr_pairs"
    result = gather(
        Origin.FLICKR, source, tmp_path / "pairs", GatherSettings(boxes=boxes)
    )
    pairs = read_pair_set(tmp_path / "pairs")
    assert len(result.left_out[0].names) == 2784
    truth = json.loads((source / "boxes.json").read_text())
    for row, entry in zip(truth, pairs.pictures, strict=True):
        found = [list(o.boxes[0]) for o in entry.objects[0].opinions]
        assert found == row["boxes"]
