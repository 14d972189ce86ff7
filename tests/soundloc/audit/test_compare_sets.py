import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from soundloc.audit.audited_set import read_audited
from soundloc.audit.compare_sets import (
    CLIPS,
    FILES,
    PICTURES,
    RECORDINGS,
    SOURCES,
    Audit,
    audit,
)
from soundloc.data.pairs import (
    PictureEntry,
    PlacedObject,
    SoundEntry,
    read_sound,
    write_sound,
    write_tables,
)
from soundloc.errors import DatasetError
from tests.soundloc.audit.test_same_picture import landscape, saved
from tests.soundloc.audit.test_same_recording import recording

ANNOTATIONS = Path("../shared/data/annotations")

real = [
    pytest.mark.real,
    pytest.mark.skipif(not ANNOTATIONS.is_dir(), reason=f"{ANNOTATIONS} is not here"),
]


def audited(a: object, b: object, **options: Any) -> Audit:
    return audit(read_audited(str(a)), read_audited(str(b)), **options)


def write_list(path: Path, *names: str) -> Path:
    path.write_text("\n".join(names) + "\n")
    return path


def write_set(folder: Path, clips: list[str], *, seed: int) -> Path:
    """Write a pair for each clip, called `<clip>@0.00-4.00`, the last for testing."""
    folder.mkdir()
    pictures, sounds = [], []
    for number, clip in enumerate(clips):
        split = "test" if number == len(clips) - 1 else "train"
        instance = f"{clip}@0.00-4.00"
        cv2.imwrite(str(folder / f"{number}.jpg"), landscape(seed + number))
        write_sound(folder / f"{number}.wav", recording(seed + number, 4.0))
        objects = (PlacedObject(None, (), instance),)
        source = clip.partition("_")[0]
        pictures.append(PictureEntry(f"{number}.jpg", split, source, objects))
        sounds.append(SoundEntry(f"{number}.wav", None, split, source, instance))
    write_tables(folder, pictures, sounds)
    return folder


def test_lists_share_clips_under_all_their_names(tmp_path: Path) -> None:
    a = write_list(tmp_path / "a.txt", "/hdd/1.mp4", "2.png", "/hdd/1.mp4")
    b = write_list(tmp_path / "b.csv", "2,54", "3,1")
    found = audited(a, b)
    assert found.named(CLIPS) == found.named(SOURCES) == ("2",)
    assert (found.a.n_listed, found.a.n_clips, found.a.repeated) == (3, 2, ("1",))
    assert found.n_shared == 2
    assert "1 more lines repeat some of them" in found.words()
    assert "only names were compared" in found.words()


def test_two_clips_of_one_video_share_their_source_only(tmp_path: Path) -> None:
    a = write_list(tmp_path / "a.txt", "3qesirWAGt4_000020")
    b = write_list(tmp_path / "b.txt", "3qesirWAGt4_90000_100000.mp4")
    found = audited(a, b)
    assert found.named(CLIPS) == ()
    assert found.named(SOURCES) == ("3qesirWAGt4",)


def test_sets_of_different_things_share_nothing(tmp_path: Path) -> None:
    a = write_set(tmp_path / "a", ["u", "v"], seed=0)
    b = write_set(tmp_path / "b", ["x", "y"], seed=10)
    found = audited(a, b)
    assert found.n_shared == 0
    assert [part.what for part in found.shared] == [
        CLIPS,
        SOURCES,
        FILES,
        PICTURES,
        RECORDINGS,
    ]
    assert "no shared clips" in found.words()


def test_a_set_knows_its_clips_by_their_instances(tmp_path: Path) -> None:
    pairs = write_set(tmp_path / "a", ["3qesirWAGt4_000020", "x"], seed=0)
    names = write_list(tmp_path / "b.txt", "3qesirWAGt4_20000_30000")
    found = audited(pairs, names)
    assert found.named(CLIPS) == ("3qesirWAGt4_000020",)
    assert found.named(SOURCES) == ("3qesirWAGt4",)


def test_copies_are_found_under_other_names(tmp_path: Path) -> None:
    a = write_set(tmp_path / "a", ["u", "v"], seed=0)
    b = write_set(tmp_path / "b", ["x", "y"], seed=10)
    shutil.copy(a / "0.jpg", b / "1.jpg")
    shutil.copy(a / "1.wav", b / "0.wav")
    found = audited(a, b)
    assert found.named(FILES) == ("1.jpg", "0.wav")
    assert found.n_shared == 2  # the same file is not a same picture once more
    assert "0.jpg = 1.jpg" in found.words()


def test_the_same_picture_and_recording_are_found_in_other_files(
    tmp_path: Path,
) -> None:
    a = write_set(tmp_path / "a", ["u", "v"], seed=0)
    b = write_set(tmp_path / "b", ["x", "y"], seed=10)
    picture = cv2.imread(str(a / "0.jpg"))
    cv2.imwrite(str(b / "1.jpg"), saved(cv2.resize(picture, (160, 120)), 40))
    write_sound(b / "0.wav", np.float32(0.3) * read_sound(a / "1.wav")[9_999:])
    found = audited(a, b)
    assert found.named(FILES) == ()
    assert found.named(PICTURES) == ("1.jpg",)
    assert found.named(RECORDINGS) == ("0.wav",)
    (part,) = [part for part in found.shared if part.what == RECORDINGS]
    assert part.alike == (("1.wav", "0.wav"),)
    assert audited(a, b, with_media=False).n_shared == 0


def test_two_splits_of_one_set_are_compared(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "a", ["u", "v", "w"], seed=0)
    shutil.copy(folder / "0.jpg", folder / "2.jpg")
    found = audited(f"{folder}:train", f"{folder}:test")
    assert (found.a.n_pictures, found.b.n_pictures) == (2, 1)
    assert found.named(FILES) == ("2.jpg",)


def test_files_that_cannot_be_compared_are_named(tmp_path: Path) -> None:
    a = write_set(tmp_path / "a", ["u", "v"], seed=0)
    b = write_set(tmp_path / "b", ["x", "y"], seed=10)
    (a / "0.jpg").write_text("404")
    (b / "1.wav").write_text("500")
    found = audited(a, b)
    assert found.n_shared == 0
    assert found.notes == (f"2 files could not be read: {a}/0.jpg, {b}/1.wav",)


def test_a_folder_may_be_called_like_a_split(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "a:test", ["u", "v"], seed=0)
    assert read_audited(str(folder)).clips == ("u", "v")


@pytest.mark.parametrize("place", ["nothing.txt", "nothing:test", "nothing"])
def test_what_is_not_there_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        read_audited(str(tmp_path / place))


def test_names_agree_with_a_plain_comparison(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    videos = [f"{n:011d}" for n in range(30)]
    lists = [
        [f"x{videos[rng.integers(30)][1:]}_{rng.integers(20):06d}" for _ in range(80)]
        for _ in range(2)
    ]
    paths = [write_list(tmp_path / f"{n}.txt", *names) for n, names in enumerate(lists)]
    found = audited(*paths)
    assert set(found.named(CLIPS)) == set(lists[0]) & set(lists[1])
    sources = [{name[:11] for name in names} for names in lists]
    assert set(found.named(SOURCES)) == sources[0] & sources[1]
    assert found.a.n_sources == len(sources[0])


class TestPublishedLists:
    pytestmark = real

    def test_the_supervised_list_is_the_test_list_but_for_one_clip(self) -> None:
        found = audited(
            ANNOTATIONS / "flickr_supervised_list.txt",
            ANNOTATIONS / "flickr_test_list.txt",
        )
        assert (found.a.n_listed, found.a.n_clips) == (280, 250)
        assert found.b.n_clips == 250
        assert len(found.named(CLIPS)) == 249

    def test_the_training_list_holds_annotated_clips_but_none_for_testing(self) -> None:
        training = ANNOTATIONS / "flickr_train_144k_first1000.txt"
        tested = audited(training, ANNOTATIONS / "flickr_test_list.txt")
        assert tested.n_shared == 0
        labelled = audited(training, ANNOTATIONS / "flickr_soundnet_boxes.json")
        rows = json.loads((ANNOTATIONS / "flickr_soundnet_boxes.json").read_text())
        listed = training.read_text().replace(".wav", "").split()
        expected = {row["id"] for row in rows} & set(listed)
        assert set(labelled.named(CLIPS)) == expected

    def test_vggss_repeats_videos_but_no_clip(self) -> None:
        size = audited(ANNOTATIONS / "vggss.json", ANNOTATIONS / "yt360_train.txt").a
        assert (size.n_clips, size.n_sources, size.repeated) == (5154, 5013, ())

    def test_avsbench_and_vggss_share_videos(self) -> None:
        found = audited(
            ANNOTATIONS / "vggss.json", ANNOTATIONS / "avsbench_s4_box_sample.json"
        )
        assert found.named(CLIPS) == ()
        assert found.named(SOURCES) == ("-ocADGlyaHc", "KC-wRA_SwK0", "STdAr1JNXIU")
