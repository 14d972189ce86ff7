from pathlib import Path

import cv2
import numpy as np
import pytest

from pano_jobs.retrieval.sheet import (
    TILE_HEIGHT_PX,
    Row,
    Tile,
    picture_tile,
    save_rows,
    sound_tile,
)
from soundloc.data.pairs import SAMPLE_RATE_HZ

GREEN, RED = (40, 160, 60), (200, 60, 50)


def plain(color: int, width_px: int = 120, *, is_right: bool | None = None) -> Tile:
    image = np.full((TILE_HEIGHT_PX, width_px, 3), color, np.uint8)
    return Tile(image, "words", is_right)


def saved(rows, path: Path):
    save_rows(rows, path, legend="legend")
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def test_heat_lies_where_the_attention_is() -> None:
    attention = np.zeros((6, 12), np.float32)
    attention[2, 9] = 1.0
    gray = np.full((240, 480, 3), 100, np.uint8)
    tile = picture_tile(gray, "", attention=attention)
    changed = (tile.image != 100).any(axis=2)
    y, x = (float(places.mean()) for places in np.nonzero(changed))
    height, width = tile.image.shape[:2]
    assert y / height == pytest.approx(2.5 / 6, abs=0.02)
    assert x / width == pytest.approx(9.5 / 12, abs=0.02)


def test_even_attention_leaves_the_picture_as_it_is() -> None:
    gray = np.full((240, 480, 3), 100, np.uint8)
    even = np.full((6, 12), 1 / 72, np.float32)
    assert (picture_tile(gray, "", attention=even).image == 100).all()


def test_a_high_tone_is_drawn_above_a_low_one() -> None:
    time_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ

    def row_of(pitch_hz: float) -> int:
        tile = sound_tile(
            np.asarray(np.sin(2 * np.pi * pitch_hz * time_s), np.float32), ""
        )
        return int(tile.image.sum(axis=(1, 2), dtype=np.int64).argmax())

    assert row_of(8000.0) < row_of(500.0)


@pytest.mark.parametrize("n_samples", [1, 100, 30 * SAMPLE_RATE_HZ])
def test_any_length_of_sound_can_be_drawn(n_samples: int) -> None:
    tile = sound_tile(np.full(n_samples, 0.1, np.float32), "")
    assert tile.image.shape[0] == TILE_HEIGHT_PX


def test_right_and_wrong_neighbours_are_framed(tmp_path: Path) -> None:
    row = Row("", (plain(90),), (plain(90, is_right=True), plain(90, is_right=False)))
    picture = saved([row], tmp_path / "sheet.png")
    green = np.nonzero((picture == GREEN).all(axis=2))[1]
    red = np.nonzero((picture == (200, 60, 48)).all(axis=2))[1]
    assert len(green)
    assert len(red)
    assert green.max() < red.min()


def test_columns_align_whatever_the_shapes(tmp_path: Path) -> None:
    rows = [
        Row("first", (plain(90),), (plain(160),)),
        Row("", (plain(90, 200),), (plain(160, 60),)),
    ]
    picture = saved(rows, tmp_path / "sheet.png")
    starts = {
        int(columns.min())
        for line in picture[:, :, 0]
        if len(columns := np.nonzero(line == 160)[0]) > 50
    }
    assert len(starts) == 1
