from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pano.media import open_media, probe
from pano.media.picture_filter import INTERLACED_NOTE, PictureFilter
from tests.synthetic import Clip, picture_index, write_clip

X264 = {"qp": "1", "preset": "ultrafast"}
INTERLACED = X264 | {"x264-params": "tff=1"}
# Rows of a picture with a comb differ from their neighbours by most of 200 levels.
MAX_COMB = 40.0


def woven(k: int) -> np.ndarray:
    """Draw a bar that moves, its odd rows half a picture later, shape (32, 64, 3)."""
    image = np.full((32, 64, 3), 30, np.uint8)
    image[0::2, 8 * k : 8 * k + 8] = 230
    image[1::2, 8 * k + 4 : 8 * k + 12] = 230
    return image


def comb(image: np.ndarray) -> float:
    """Measure how rows differ from the mean of those above and below."""
    rows = image[..., 1].astype(float)
    return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2.0)[2:-2].max())


@pytest.fixture
def interlaced(tmp_path: Path) -> Path:
    clip = Clip(n_pictures=6, rate=Fraction(25), options=INTERLACED, paint=woven)
    return write_clip(tmp_path / "woven.mp4", clip)


def test_the_comb_of_interlaced_pictures_is_gone(interlaced: Path) -> None:
    with open_media(interlaced) as media:
        images = [frame.image for frame in media.frames()]
    assert comb(woven(2)) > 150.0
    assert max(map(comb, images[1:-1])) < MAX_COMB


def test_interlaced_pictures_keep_their_number_and_times(interlaced: Path) -> None:
    with open_media(interlaced) as media:
        times = [frame.time for frame in media.frames()]
    assert times == [Fraction(k, 25) for k in range(6)]


def test_the_user_is_told_that_pictures_were_deinterlaced(interlaced: Path) -> None:
    assert probe(interlaced).notes == (INTERLACED_NOTE,)
    with open_media(interlaced) as media:
        assert media.notes == (INTERLACED_NOTE,)


def test_a_clip_that_is_found_to_be_interlaced_half_way_is_noted(
    interlaced: Path,
) -> None:
    with open_media(interlaced) as media:
        media.info = replace(media.info, is_interlaced=False, notes=())
        assert not media.notes
        assert len(list(media.frames())) == 6
        assert media.notes == (INTERLACED_NOTE,)


def sizes(pictures: list[av.VideoFrame], black_rows_px: int) -> list[tuple[int, int]]:
    """Return the sizes of pictures behind the filter, of spheres 32 px high."""
    passing = PictureFilter(Fraction(1, 30), black_rows_px, 32)
    made = list(passing.passing(enumerate(pictures)))
    assert [pts for pts, _ in made] == list(range(len(pictures)))
    return [(picture.width, picture.height) for _, picture in made]


def test_a_picture_of_another_size_half_way_stays_whole() -> None:
    names = [(64, 40), (64, 40), (32, 8), (64, 40)]
    pictures = [av.VideoFrame(*size, "yuv420p") for size in names]
    assert sizes(pictures, 4) == [(64, 32), (64, 32), (32, 8), (64, 32)]


def test_a_format_that_changes_half_way_is_no_obstacle() -> None:
    names = ["yuv420p", "yuv422p10le", "rgb24"]
    pictures = [av.VideoFrame(64, 40, name) for name in names]
    assert sizes(pictures, 4) == [(64, 32)] * 3


def test_colours_are_read_as_before(tmp_path: Path) -> None:
    tagged = "tff=1:colormatrix=bt709:fullrange=on"
    clip = Clip(n_pictures=3, options=X264 | {"x264-params": tagged}, paint=woven)
    with open_media(write_clip(tmp_path / "woven.mp4", clip)) as media:
        planes = next(media.planar_frames()).planes
    assert media.notes == (INTERLACED_NOTE,)
    assert (planes.matrix, planes.is_full_range) == (1, True)


def test_progressive_pictures_pass_as_they_are(tmp_path: Path) -> None:
    clip = Clip(n_pictures=5, options=X264)
    with open_media(write_clip(tmp_path / "plain.mp4", clip)) as media:
        shown = [picture_index(frame.image) for frame in media.frames()]
        assert media.notes == ()
    assert shown == list(range(5))
