import json
import logging
from collections import Counter
from pathlib import Path

import pytest

from soundloc.data.annotations import (
    AnnotatedPicture,
    read_box_json,
    read_flickr_json,
    read_flickr_xml,
    read_vggss,
)
from soundloc.data.box_repairs import BoxRepairs
from soundloc.data.pairs import Opinion
from soundloc.errors import DatasetError
from soundloc.scoring import box_map, consensus_map

ANNOTATIONS = Path("../shared/data/annotations")

real = [
    pytest.mark.real,
    pytest.mark.skipif(not ANNOTATIONS.is_dir(), reason=f"{ANNOTATIONS} is not here"),
]


def written(folder: Path, rows: object) -> Path:
    path = folder / "boxes.json"
    path.write_text(json.dumps(rows))
    return path


def vggss_row(*boxes: list[float] | list[object]) -> dict[str, object]:
    return {"file": "zpWuikVorYg_000032", "class": "elk bugling", "bbox": list(boxes)}


def test_vggss_boxes_are_one_opinion_of_fractions(tmp_path: Path) -> None:
    two = vggss_row([0.1, 0.2, 0.3, 0.4], [0.5, 0, 1, 1])
    annotations = read_vggss(written(tmp_path, [two]))
    assert annotations.pictures == (
        AnnotatedPicture(
            "zpWuikVorYg_000032",
            (Opinion(((0.1, 0.2, 0.3, 0.4), (0.5, 0.0, 1.0, 1.0))),),
            kind="elk bugling",
        ),
    )
    assert annotations.n_consensus == 1
    assert annotations.repairs == BoxRepairs(2, 0, 0, 0)


def test_swapped_corners_are_sorted_and_counted(tmp_path: Path) -> None:
    annotations = read_vggss(written(tmp_path, [vggss_row([0.9, 0.2, 0.3, 0.4])]))
    assert annotations.pictures[0].boxes_by_subject() == (((0.3, 0.2, 0.9, 0.4),),)
    assert annotations.repairs == BoxRepairs(1, n_sorted=1, n_clipped=0, n_dropped=0)


def test_corners_outside_of_the_picture_are_clipped_and_counted(tmp_path: Path) -> None:
    annotations = read_vggss(written(tmp_path, [vggss_row([-0.1, 0.5, 0.5, 1.2])]))
    assert annotations.pictures[0].boxes_by_subject() == (((0.0, 0.5, 0.5, 1.0),),)
    assert annotations.repairs == BoxRepairs(1, n_sorted=0, n_clipped=1, n_dropped=0)


@pytest.mark.parametrize(
    "box",
    [
        [0.2, 0.3, 0.2, 0.9],
        [0.2, 0.9, 0.7, 0.9],
        [1.1, 0.2, 1.4, 0.9],
        [0.534375, 0.3375, -2.8823037615171176e16, 0.909375],
        [0.1, float("nan"), 0.5, 0.5],
    ],
)
def test_boxes_that_are_none_are_left_out_counted_and_named(
    box: list[float], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "soundloc.data.annotations"):
        annotations = read_vggss(written(tmp_path, [vggss_row(box)]))
    assert annotations.repairs == BoxRepairs(1, 0, 0, n_dropped=1)
    assert annotations.with_source() == ()
    assert annotations.without_source() == ("zpWuikVorYg_000032",)
    assert "1 left out; 1 of 1 pictures have none" in caplog.text


def test_flickr_boxes_are_an_opinion_each_and_two_must_agree(tmp_path: Path) -> None:
    row = {
        "id": "10006434483",
        "boxes_xyxy_px256": [[64, 0, 256, 128], [0, 0, 128, 256], [9, 9, 9, 20]],
        "in_test_list": True,
    }
    annotations = read_flickr_json(written(tmp_path, [row]))
    (picture,) = annotations.pictures
    assert picture.picture == "10006434483"
    assert picture.split == "test"
    assert picture.boxes_by_subject() == (
        ((0.25, 0.0, 1.0, 0.5),),
        ((0.0, 0.0, 0.5, 1.0),),
        (),
    )
    assert annotations.n_consensus == 2
    g = consensus_map(picture.boxes_by_subject(), n_consensus=2)
    assert g[0, 60] == 1.0
    assert g[0, 0] == g[0, 223] == 0.5
    assert g[223, 223] == 0.0


def test_boxes_of_224_pixels_come_with_their_sound(tmp_path: Path) -> None:
    row = {
        "image": "a/1.jpg",
        "audio": "a/1_dog.wav",
        "gt_box": [56.0, 0.0, 112.0, 224.0],
    }
    annotations = read_box_json(written(tmp_path, [row]))
    (picture,) = annotations.pictures
    assert (picture.picture, picture.sound) == ("a/1.jpg", "a/1_dog.wav")
    assert picture.boxes_by_subject() == (((0.25, 0.0, 0.5, 1.0),),)


def test_a_box_of_zeros_means_that_no_source_is_in_the_picture(tmp_path: Path) -> None:
    row = {"image": "1.png", "audio": "1.wav", "gt_box": [0.0, 0.0, 0.0, 0.0]}
    annotations = read_box_json(written(tmp_path, [row]))
    assert annotations.without_source() == ("1.png",)


NAMED = """<annotations><subject><bbox><tag>Object</tag>
<ymin>0</ymin><xmin>64</xmin><ymax>128</ymax><xmax>256</xmax></bbox></subject>
<subject><bbox><tag>ambient</tag>
<xmin>0</xmin><ymin>0</ymin><xmax>128</xmax><ymax>256</ymax></bbox></subject>
</annotations>"""
PLACED = """<a><b><bbox><what>object</what><p>64</p><p>0</p><p>256</p><p>128</p></bbox>
<bbox><what/><p>0</p><p>0</p><p>128</p><p>256</p></bbox></b></a>"""


@pytest.mark.parametrize(
    ("xml", "tags"), [(NAMED, ("object", "ambient")), (PLACED, ("object", ""))]
)
def test_the_official_xml_is_read_by_name_or_else_by_place(
    xml: str, tags: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "123.xml").write_text(xml)
    annotations = read_flickr_xml(tmp_path)
    (picture,) = annotations.pictures
    assert picture.picture == "123"
    assert picture.opinions == (
        Opinion(((0.25, 0.0, 1.0, 0.5),), tags[0]),
        Opinion(((0.0, 0.0, 0.5, 1.0),), tags[1]),
    )
    assert annotations.n_consensus == 2


@pytest.mark.parametrize(
    ("words", "tag"), [(" Ambient ", "ambient"), ("subject 3", ""), ("", "")]
)
def test_only_what_is_a_tag_is_read_as_one(
    words: str, tag: str, tmp_path: Path
) -> None:
    (tmp_path / "123.xml").write_text(PLACED.replace("object", words))
    (picture,) = read_flickr_xml(tmp_path).pictures
    assert picture.opinions[0].tag == tag


@pytest.mark.parametrize(
    "xml",
    ["<a><b>", "<a><b><bbox><x/><p>1</p></bbox></b></a>", PLACED.replace("64", "x")],
)
def test_xml_that_is_malformed_is_named(xml: str, tmp_path: Path) -> None:
    (tmp_path / "123.xml").write_text(xml)
    with pytest.raises(DatasetError, match=r"123\.xml is malformed"):
        read_flickr_xml(tmp_path)


def test_a_folder_without_xml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Annotations"):
        read_flickr_xml(tmp_path)


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ({}, "no list"),
        ([vggss_row([0.1, 0.2, 0.3])], "entry 1 of"),
        ([vggss_row(), {"file": "x"}], "entry 2 of"),
        ([vggss_row([0.1, 0.2, 0.3, "a"])], "entry 1 of"),
        ([{"file": 3, "class": "x", "bbox": []}], "expected text"),
    ],
)
def test_a_malformed_entry_is_named(rows, match: str, tmp_path: Path) -> None:
    path = written(tmp_path, rows)
    with pytest.raises(DatasetError, match=match) as error:
        read_vggss(path)
    assert str(path) in str(error.value)


def test_a_missing_file_and_one_that_is_no_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_vggss(tmp_path / "vggss.json")
    path = tmp_path / "boxes.json"
    path.write_text("not JSON")
    with pytest.raises(DatasetError, match="not JSON"):
        read_box_json(path)


class TestPublishedFiles:
    pytestmark = real

    def test_vggss_has_eighteen_boxes_that_are_none(self) -> None:
        annotations = read_vggss(ANNOTATIONS / "vggss.json")
        assert len(annotations.pictures) == 5154
        assert annotations.repairs == BoxRepairs(5937, 0, 0, n_dropped=18)
        assert annotations.without_source() == (
            "M1P1xla8rg0_000000",
            "MKC9LvRivTM_000030",
        )
        assert len({p.kind for p in annotations.pictures}) == 221

    def test_vggss_boxes_fall_on_the_pixels_that_released_evaluations_take(
        self,
    ) -> None:
        for picture in read_vggss(ANNOTATIONS / "vggss.json").with_source():
            for x0, y0, x1, y1 in picture.opinions[0].boxes:
                rows, columns = box_map([(x0, y0, x1, y1)]).nonzero()
                if rows.size:
                    found = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
                    assert found == tuple(int(224 * e) for e in (x0, y0, x1, y1))

    def test_flickr_has_two_to_ten_opinions_and_one_box_that_is_none(self) -> None:
        annotations = read_flickr_json(ANNOTATIONS / "flickr_soundnet_boxes.json")
        n_opinions = Counter(len(p.opinions) for p in annotations.pictures)
        assert sum(n_opinions.values()) == 2786
        assert (min(n_opinions), n_opinions[3], max(n_opinions)) == (2, 2169, 10)
        assert annotations.repairs == BoxRepairs(8822, 0, 0, n_dropped=1)
        assert sum(p.split == "test" for p in annotations.pictures) == 249

    @pytest.mark.parametrize(
        ("name", "n_without"),
        [
            ("avsbench_s4", 0),
            ("avsbench_ms3", 22),
            ("is3", 0),
            ("vpo_ss", 0),
            ("vpo_ms", 0),
        ],
    )
    def test_boxes_of_224_pixels_survive_the_way_through_fractions(
        self, name: str, n_without: int
    ) -> None:
        path = ANNOTATIONS / f"{name}_box_sample.json"
        annotations = read_box_json(path)
        assert len(annotations.without_source()) == n_without
        for row, picture in zip(
            json.loads(path.read_text()), annotations.pictures, strict=True
        ):
            x0, y0, x1, y1 = (int(edge) for edge in row["gt_box"])
            assert box_map(picture.opinions[0].boxes).sum() == (x1 - x0) * (y1 - y0)
