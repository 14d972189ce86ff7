from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import GatherSettings, MaskBoxes, Origin
from pano_jobs.datasets.readers.avsbench import mask_boxes
from soundloc.data.pairs import PairSet, read_pair_set
from soundloc.errors import DatasetError
from tests.pipelines.datasets.media import draw_picture, write_tone

TWO = np.zeros((100, 200), np.uint8)
TWO[10:30, 20:60] = 255
TWO[50:100, 150:200] = 255
TWO[0, 199] = 255  # a crumb


def write_mask(path: Path, mask: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), mask)


@pytest.fixture
def s4(tmp_path: Path) -> Path:
    """Single source: one mask in training, five in testing."""
    folder = tmp_path / "s4_data"
    for split, clip, n_masks in (
        ("train", "AAAAAAAAAAA", 1),
        ("val", "BBBBBBBBBBB", 5),
    ):
        place = Path(split) / "helicopter" / clip
        for number in range(1, 6):
            name = f"{clip}_{number}.png"
            draw_picture(folder / "visual_frames" / place / name, seed=number)
            if number <= n_masks:
                write_mask(folder / "gt_masks" / place / name, TWO)
        sound = folder / "audio_wav" / place.with_name(f"{clip}.wav")
        write_tone(sound, duration_s=5.0)
    return folder


@pytest.fixture
def ms3(tmp_path: Path) -> Path:
    """Several sources: pictures without folders for splits, masks with."""
    folder = tmp_path / "ms3_data"
    clip = "rq5RDUm2Hnk_1"
    for number in range(1, 6):
        frame = folder / "visual_frames" / clip / f"{clip}.mp4_{number}.png"
        draw_picture(frame, seed=number)
        mask = TWO if number > 2 else np.zeros_like(TWO)
        write_mask(folder / "gt_masks" / "test" / clip / f"{clip}_{number}.png", mask)
    write_tone(folder / "audio_wav" / "test" / f"{clip}.wav", duration_s=5.0)
    return folder


def gathered(source: Path, **settings: Any) -> tuple[PairSet, dict[str, tuple]]:
    target = source.parent / "pairs"
    result = gather(Origin.AVSBENCH, source, target, GatherSettings(**settings))
    return read_pair_set(target), {left.reason: left.names for left in result.left_out}


def test_every_region_of_a_mask_is_a_box_but_for_crumbs() -> None:
    assert set(mask_boxes(TWO, MaskBoxes.REGIONS)) == {
        (0.1, 0.1, 0.3, 0.3),
        (0.75, 0.5, 1.0, 1.0),
    }


def test_or_one_box_goes_around_the_whole_mask() -> None:
    assert mask_boxes(TWO, MaskBoxes.WHOLE) == ((0.1, 0.0, 1.0, 1.0),)


@pytest.mark.parametrize("how", list(MaskBoxes))
def test_an_empty_mask_has_no_box(how: MaskBoxes) -> None:
    assert mask_boxes(np.zeros_like(TWO), how) == ()


@pytest.mark.parametrize("how", list(MaskBoxes))
def test_boxes_cover_a_random_mask_exactly(how: MaskBoxes) -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        mask = np.zeros((60, 80), np.uint8)
        y, x = rng.integers(0, 40, 2)
        height, width = rng.integers(5, 20, 2)
        mask[y : y + height, x : x + width] = 1
        ((x0, y0, x1, y1),) = mask_boxes(mask, how)
        found = np.zeros_like(mask)
        found[round(60 * y0) : round(60 * y1), round(80 * x0) : round(80 * x1)] = 1
        assert (found == mask).all()


def test_the_single_source_part_is_read_with_its_splits_and_classes(s4: Path) -> None:
    pairs, left_out = gathered(s4)
    assert left_out == {}
    assert len(pairs.pictures) == 10
    splits = {p.source: p.split for p in pairs.pictures}
    assert splits == {"AAAAAAAAAAA": "train", "BBBBBBBBBBB": "validation"}
    assert {p.objects[0].kind for p in pairs.pictures} == {"helicopter"}
    placed = [p.picture for p in pairs.pictures if p.objects[0].has_place]
    assert placed == [
        "pictures/AAAAAAAAAAA_1.png",
        *(f"pictures/BBBBBBBBBBB_{number}.png" for number in range(1, 6)),
    ]
    assert len(pairs.pictures[0].objects[0].boxes) == 2


def test_the_pictures_of_a_clip_share_its_sound(s4: Path) -> None:
    pairs, _ = gathered(s4)
    assert [s.instance for s in pairs.sounds] == [
        "AAAAAAAAAAA@0.00-5.00",
        "BBBBBBBBBBB@0.00-5.00",
    ]


def test_short_windows_are_centred_on_the_end_of_each_second(s4: Path) -> None:
    pairs, _ = gathered(s4, window_s=1.0)
    found = [s.instance for s in pairs.sounds][:5]
    assert found[0] == "AAAAAAAAAAA@0.44-1.44"
    assert found[4] == "AAAAAAAAAAA@4.44-5.00"


def test_in_the_multi_source_part_a_mask_may_be_empty(ms3: Path) -> None:
    target = ms3.parent / "pairs"
    result = gather(Origin.AVSBENCH, ms3, target)
    pairs = read_pair_set(target)
    assert {p.split for p in pairs.pictures} == {"test"}
    assert [len(p.objects) for p in pairs.pictures] == [0, 0, 1, 1, 1]
    assert pairs.pictures[4].objects[0].kind is None
    assert pairs.pictures[4].source == "rq5RDUm2Hnk"
    assert "nothing sounds in 2 pictures" in result.words()
    assert "regions of the masks" in result.words()


def test_boxes_may_go_around_whole_masks(ms3: Path) -> None:
    pairs, _ = gathered(ms3, mask_boxes=MaskBoxes.WHOLE)
    assert pairs.pictures[4].objects[0].boxes == ((0.1, 0.0, 1.0, 1.0),)


def test_clips_that_cannot_be_used_are_named(s4: Path) -> None:
    (s4 / "audio_wav" / "train" / "helicopter" / "AAAAAAAAAAA.wav").unlink()
    mask = s4 / "gt_masks" / "val" / "helicopter" / "BBBBBBBBBBB" / "BBBBBBBBBBB_2.png"
    mask.write_text("404")
    pairs, left_out = gathered(s4)
    assert len(pairs.pictures) == 4
    assert left_out == {
        "missing sound": ("AAAAAAAAAAA",),
        "corrupt mask": (str(mask),),
    }


def test_both_parts_at_once_are_refused(s4: Path, ms3: Path) -> None:
    with pytest.raises(DatasetError, match="2 folders 'visual_frames'"):
        gathered(s4.parent)
