import json
from pathlib import Path

import pytest

from soundloc.data.clip_names import ListedClip, clip_name, read_clip_list, source_name
from soundloc.errors import DatasetError

ANNOTATIONS = Path("../shared/data/annotations")

real = [
    pytest.mark.real,
    pytest.mark.skipif(not ANNOTATIONS.is_dir(), reason=f"{ANNOTATIONS} is not here"),
]


@pytest.mark.parametrize(
    "text",
    [
        "3qesirWAGt4_000020",
        "3qesirWAGt4_000020.mp4",
        "3qesirWAGt4_20000_30000.mp4",
        "3qesirWAGt4_20.mp4",
        "/data/vggsound/video/3qesirWAGt4_000020.wav",
        "C:\\data\\3qesirWAGt4_000020.jpg",
        "sparsesync_3qesirWAGt4_20000_30000.mp4",
    ],
)
def test_a_clip_of_youtube_has_one_name_whoever_wrote_it(text: str) -> None:
    assert clip_name(text) == "3qesirWAGt4_000020"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("UqtPREndv_0_000000.wav", "UqtPREndv_0_000000"),
        ("x_UqtPREndv_0_000000.wav", "UqtPREndv_0_000000"),
        ("abcdefgh_12_30000_40000", "abcdefgh_12_000030"),
    ],
)
def test_an_id_may_hold_underscores_and_numbers(text: str, name: str) -> None:
    assert clip_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/hdd/Annotations/dataset/2432219254.mp4", "2432219254"),
        ("2432219254.png", "2432219254"),
        ("rq5RDUm2Hnk_1.mp4_3.png", "rq5RDUm2Hnk_1"),
        ("000000062491_432356.jpg", "000000062491_432356"),
        ("a dog. And a cat.wav", "a dog. And a cat"),
        ("holiday.2019.final", "holiday.2019.final"),
    ],
)
def test_other_names_lose_only_folder_and_suffix(text: str, name: str) -> None:
    assert clip_name(text) == name


@pytest.mark.parametrize(
    ("clip", "source"),
    [
        ("3qesirWAGt4_000020", "3qesirWAGt4"),
        ("rq5RDUm2Hnk_1", "rq5RDUm2Hnk"),
        ("000000062491_432356", "000000062491"),
        ("2432219254", "2432219254"),
        ("my_dog_12", "my_dog_12"),
    ],
)
def test_clips_of_one_video_or_photograph_share_a_source(
    clip: str, source: str
) -> None:
    assert source_name(clip) == source


def test_lines_are_read_in_order_with_repetitions(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("/a/1.mp4\n\n2.png\n/a/1.mp4\nyJtIK922yxg 54,68\n")
    names = [clip.name for clip in read_clip_list(path)]
    assert names == ["1", "2", "1", "yJtIK922yxg"]


def test_vggsounds_table_tells_class_and_split(tmp_path: Path) -> None:
    path = tmp_path / "vggsound.csv"
    path.write_text('---g-f_I2yQ,1,"people, marching",test\n--0PQM4-hqg,30,x,train\n')
    assert read_clip_list(path) == (
        ListedClip("---g-f_I2yQ_000001", "people, marching", "test"),
        ListedClip("--0PQM4-hqg_000030", "x", "train"),
    )


def test_a_list_of_flickr_ids_with_frames_is_not_one_of_youtube(tmp_path: Path) -> None:
    path = tmp_path / "flickr_test.csv"
    path.write_text("10006434483,54\n2432219254,3\n")
    names = [clip.name for clip in read_clip_list(path)]
    assert names == ["10006434483", "2432219254"]


def test_avsbenchs_table_has_a_header(tmp_path: Path) -> None:
    path = tmp_path / "s4_meta_data.csv"
    path.write_text("name,start,category,split\n0d9u2CymIxc,3,helicopter,val\n")
    assert read_clip_list(path) == (ListedClip("0d9u2CymIxc", "helicopter", "val"),)


def test_a_header_is_known_by_its_split_too(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("vid,split\nabc,train\n")
    assert read_clip_list(path) == (ListedClip("abc", "", "train"),)


def test_a_list_of_foreign_sounds_names_both_clips(tmp_path: Path) -> None:
    path = tmp_path / "silent.csv"
    path.write_text("video,audio,label\n1,2,non-sounding\n")
    assert [clip.name for clip in read_clip_list(path)] == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (["a.wav", "b.wav"], ["a", "b"]),
        ([{"file": "3qesirWAGt4_000020", "class": "dog"}], ["3qesirWAGt4_000020"]),
        ([{"id": "77", "boxes": []}], ["77"]),
        ([{"image": "x/v_1.png", "audio": "x/v.wav"}], ["v"]),
        ({"8LYWfpPUokc/3": {}}, ["8LYWfpPUokc"]),
    ],
)
def test_json_of_every_kind_is_read(
    content: object, names: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps(content))
    assert [clip.name for clip in read_clip_list(path)] == names


def test_a_folder_names_the_clips_of_its_files(tmp_path: Path) -> None:
    for name in ("12.xml", "7.xml"):
        (tmp_path / name).touch()
    assert [clip.name for clip in read_clip_list(tmp_path)] == ["12", "7"]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.json", "{", "no list"),
        ("a.json", '[{"x": 1}]', "none of file"),
        ("a.json", "3", "no list"),
        ("a.txt", "\n", "names no clip"),
        ("a.csv", "", "names no clip"),
    ],
)
def test_what_is_no_list_is_refused(
    name: str, content: str, match: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DatasetError, match=match):
        read_clip_list(tmp_path / name)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_clip_list(tmp_path / "list.txt")


class TestPublishedLists:
    pytestmark = real

    def test_the_supervised_list_repeats_thirty_clips(self) -> None:
        names = [
            clip.name
            for clip in read_clip_list(ANNOTATIONS / "flickr_supervised_list.txt")
        ]
        assert (len(names), len(set(names))) == (280, 250)

    def test_every_clip_of_vggss_is_found_under_all_names(self) -> None:
        for clip in read_clip_list(ANNOTATIONS / "vggss.json"):
            video, start_s = clip.name[:11], int(clip.name[12:])
            for text in (
                f"{video}_{1000 * start_s}_{1000 * start_s + 10_000}.mp4",
                f"specvqgan_vggsound_{clip.name}.mp4",
                f"{video}_{start_s:02d}.mp4",
            ):
                assert clip_name(text) == clip.name
            assert source_name(clip.name) == video
