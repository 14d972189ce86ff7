from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pano.sphere import Direction
from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import GatherSettings, Origin
from pano_jobs.datasets.sources.places import box_around
from soundloc.audit.inspection import inspect_pairs
from soundloc.data.pairs import PairSet, read_pair_set, read_sound
from soundloc.errors import DatasetError
from tests.pipelines.datasets.media import field_of, film
from tests.synthetic import SoundTrack, click_at, cut_short, picture_index

FOOTAGE = Path("../shared/data/clips360")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "footage").mkdir()
    return tmp_path / "footage"


def gathered(source: Path, **settings: Any) -> tuple[PairSet, dict[str, tuple]]:
    target = source.parent / "pairs"
    result = gather(Origin.VIDEOS, source, target, GatherSettings(**settings))
    return read_pair_set(target), {left.reason: left.names for left in result.left_out}


def test_every_picture_answers_to_the_sound_around_it(source: Path) -> None:
    film(source / "a.mp4")
    pairs, left_out = gathered(source, every_s=2.0, window_s=2.0)
    assert left_out == {}
    shown = [
        picture_index(np.asarray(cv2.imread(str(pairs.folder / p.picture)), np.uint8))
        for p in pairs.pictures
    ]
    assert shown == [10, 30, 50 % 35]
    instances = [p.objects[0].instance for p in pairs.pictures]
    assert instances == ["a@0.00-2.00", "a@2.00-4.00", "a@4.00-6.00"]
    assert [s.instance for s in pairs.sounds] == instances
    assert {p.objects[0].kind for p in pairs.pictures} == {None}
    assert not any(p.wrap for p in pairs.pictures)


def test_a_window_holds_the_sound_of_its_moment(source: Path) -> None:
    film(source / "a.mkv", sound=SoundTrack(click_at(3.4, 6.0)))
    pairs, left_out = gathered(source, every_s=2.0, window_s=2.0)
    (entry,) = pairs.sounds
    assert entry.instance == "a@2.00-4.00"
    samples = read_sound(pairs.folder / entry.sound)
    assert np.abs(samples).argmax() / 22_050 == pytest.approx(1.4, abs=0.03)
    assert left_out == {"silent": ("a@1.00", "a@5.00")}


def test_pictures_with_the_same_stretch_of_sound_share_it(source: Path) -> None:
    film(source / "a.mp4")
    pairs, _ = gathered(source, every_s=2.0, window_s=20.0)
    assert len(pairs.pictures) == 3
    (sound,) = pairs.sounds
    assert {p.objects[0].instance for p in pairs.pictures} == {sound.instance}


def test_a_sphere_wraps_and_has_the_localizers_size(source: Path) -> None:
    film(source / "sphere.mp4", size=(64, 32))
    film(source / "flat.mp4")
    pairs, _ = gathered(source)
    sizes = {
        p.wrap: cv2.imread(str(pairs.folder / p.picture)).shape[:2]
        for p in pairs.pictures
    }
    assert sizes == {True: (480, 960), False: (64, 96)}


def test_a_clip_stays_in_one_split_and_so_do_clips_of_one_video(source: Path) -> None:
    for number in range(12):
        film(source / f"trip{number}.mp4", duration_s=2)
    for start in (10, 20):
        film(source / f"3qesirWAGt4_{start:06d}.mp4", duration_s=2)
    pairs, _ = gathered(source, every_s=1.0, window_s=1.0)
    assert inspect_pairs(pairs.folder).n_faults == 0
    assert len({p.split for p in pairs.pictures}) > 1
    sources = {p.source for p in pairs.pictures}
    assert len(sources) == 13
    assert "3qesirWAGt4" in sources


def test_a_table_tells_classes_and_splits(source: Path) -> None:
    film(source / "a.mp4")
    film(source / "b.mp4")
    table = source.parent / "labels.csv"
    table.write_text("file,class,split\na.mp4,dog,test\nb.mp4,,val\n")
    pairs, _ = gathered(source, labels=table, every_s=6.0)
    found = {p.source: (p.split, p.objects[0].kind) for p in pairs.pictures}
    assert found == {"a": ("test", "dog"), "b": ("validation", None)}
    assert {s.source: s.kind for s in pairs.sounds} == {"a": "dog", "b": None}


def test_clips_in_subfolders_may_be_called_alike(source: Path) -> None:
    film(source / "day 1" / "a.mp4", duration_s=2)
    film(source / "day 2" / "a.mp4", duration_s=2)
    pairs, _ = gathered(source)
    assert {p.source for p in pairs.pictures} == {"day 1/a", "day 2/a"}
    assert len({p.picture for p in pairs.pictures}) == 2


def test_what_cannot_be_used_is_named(source: Path) -> None:
    film(source / "good.mp4")
    film(source / "mute.mp4", silent=True)
    (source / "text.mp4").write_text("404")
    cut_short(source / "good.mp4", source / "half.mp4")
    _, left_out = gathered(source)
    assert left_out["without sound"] == ("mute",)
    names = left_out["not readable, or not to the end"]
    assert [name.split(" (")[0] for name in names] == ["half", "text"]


def test_a_picture_behind_the_end_of_the_sound_is_left_out(source: Path) -> None:
    film(source / "a.mkv", sound=SoundTrack(click_at(1.0, 2.0)))
    pairs, left_out = gathered(source, every_s=2.0, window_s=2.0)
    assert len(pairs.pictures) == 1
    assert left_out == {"no sound around the picture": ("a@3.00", "a@5.00")}


def test_a_folder_without_video_is_refused(source: Path) -> None:
    with pytest.raises(DatasetError, match="no video"):
        gathered(source)
    with pytest.raises(DatasetError, match="no folder"):
        gathered(source / "missing")


PLACES = (Direction(90.0, 0.0), Direction(180.0, 20.0), Direction(-60.0, -40.0), None)
# As near as a field of first order tells directions, in fractions of the picture.
BOX_TOLERANCE = 0.012


def film_field(
    path: Path, *, is_planar: bool = False, size: tuple[int, int] = (64, 32)
) -> Path:
    samples = field_of(*PLACES)
    if is_planar:
        samples[2] = 0.0
    track = SoundTrack(samples, 24_000, "pcm_s16le", layout="4.0")
    return film(path, size=size, duration_s=8, sound=track)


def note_of(source: Path, **settings: Any) -> str:
    found = GatherSettings(every_s=2.0, window_s=2.0, **settings)
    result = gather(Origin.VIDEOS, source, source.parent / "pairs", found)
    return " ".join(result.notes)


def test_a_sound_field_labels_the_pictures_in_which_it_is_sure(source: Path) -> None:
    film_field(source / "a.mkv")
    note = note_of(source)
    pairs = read_pair_set(source.parent / "pairs")
    assert "1 videos have a sound field; it labelled 3 of their 4 pictures" in note
    for picture, place in zip(pairs.pictures, PLACES, strict=True):
        (placed,) = picture.objects
        assert placed.instance in {sound.instance for sound in pairs.sounds}
        if place is None:
            assert placed.boxes == ()
            continue
        (box,) = placed.boxes
        assert box == pytest.approx(box_around(place), abs=BOX_TOLERANCE)
    assert pairs.pictures[1].objects[0].boxes[0][0] > 0.9  # across the seam
    assert inspect_pairs(pairs.folder).n_faults == 0


def test_two_sources_at_once_are_no_label(source: Path) -> None:
    left, right = (field_of(Direction(y, 30.0)) for y in (-110.0, 70.0))
    # One after the other in turns of a quarter of a second: both within any second.
    turns = np.arange(left.shape[1]) // 6_000 % 2
    samples = np.where(turns, left, right).astype(np.float32)
    track = SoundTrack(samples, 24_000, "pcm_s16le", layout="4.0")
    film(source / "a.mkv", size=(64, 32), duration_s=2, sound=track)
    assert "it labelled 0 of their 1 pictures" in note_of(source)


@pytest.mark.parametrize(
    ("is_planar", "size"), [(True, (64, 32)), (False, (96, 64))], ids=["planar", "flat"]
)
def test_neither_a_planar_field_nor_ordinary_video_is_labelled(
    source: Path, is_planar: bool, size: tuple[int, int]
) -> None:
    film_field(source / "a.mkv", is_planar=is_planar, size=size)
    assert "field" not in note_of(source)
    pairs = read_pair_set(source.parent / "pairs")
    assert {p.objects[0].boxes for p in pairs.pictures} == {()}


@pytest.mark.real
@pytest.mark.skipif(not FOOTAGE.is_dir(), reason=f"{FOOTAGE} is not here")
def test_real_360_clips_become_spheres(tmp_path: Path) -> None:
    source = tmp_path / "footage"
    source.mkdir()
    for name in ("gvr_sphericalv2.mp4", "kexhest_equirectangular-md.mp4"):
        (source / name).symlink_to((FOOTAGE / name).resolve())
    pairs, left_out = gathered(source, every_s=3.0)
    assert left_out == {"without sound": ("kexhest_equirectangular-md",)}
    assert all(p.wrap for p in pairs.pictures)
    assert inspect_pairs(pairs.folder).n_faults == 0
