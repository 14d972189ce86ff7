"""Planes from files and into files, whatever way the file stores its colours."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pano.media import (
    MediaWriter,
    StereoLayout,
    open_media,
    planes_to_rgb,
    rgb_to_planes,
)
from tests.synthetic import Clip, write_clip

# 8 bits, 4:2:0 and another 8 bits: smooth colours come back to about a level.
TOLERANCE = 2.5


def colours(k: int = 0, *, width: int = 64, height: int = 32) -> np.ndarray:
    """Draw strong colours that 4:2:0 can carry."""
    x, y = np.arange(width) / width, np.arange(height)[:, None] / height
    red = 128 + 90 * np.sin(2 * np.pi * x + k) + 0 * y
    green = 128 + 90 * np.cos(np.pi * y) + 0 * x
    blue = 128 + 90 * np.cos(2 * np.pi * x) * np.sin(np.pi * y)
    return np.stack([red, green, blue], axis=-1).round().astype(np.uint8)


def lossless(path, pixel_format: str, **changes):
    clip = Clip(
        pixel_format=pixel_format,
        options={"qp": "0", "preset": "ultrafast"},
        n_pictures=2,
        paint=colours,
    )
    return write_clip(path, dataclasses.replace(clip, **changes))


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuvj420p", "yuv420p10le", "yuv444p", "yuv422p"]
)
def test_planes_are_the_picture_in_other_words(tmp_path, pixel_format):
    clip = lossless(tmp_path / "clip.mkv", pixel_format)
    with open_media(clip) as media:
        pairs = list(zip(media.planar_frames(), media.frames(), strict=True))
    assert len(pairs) == 2
    for planar, frame in pairs:
        assert planar.time_s == frame.time_s
        off = planes_to_rgb(planar.planes).astype(float) - frame.image
        assert np.abs(off).mean() < TOLERANCE
        assert planar.planes.is_full_range == (pixel_format == "yuvj420p")


def test_stored_planes_are_not_copied_and_stay_after_the_next(tmp_path):
    clip = lossless(tmp_path / "clip.mkv", "yuv420p")
    with open_media(clip) as media:
        first, second = (frame.planes for frame in media.planar_frames())
    assert not first.y.flags.owndata
    assert np.abs(first.v.astype(int) - second.v).mean() > 5.0


@pytest.mark.parametrize("layout", [StereoLayout.TOP_BOTTOM, StereoLayout.SIDE_BY_SIDE])
def test_planes_hold_the_left_eye(tmp_path, layout):
    axis = 0 if layout is StereoLayout.TOP_BOTTOM else 1
    pair = np.concatenate([colours(), np.zeros_like(colours())], axis=axis)
    clip = lossless(
        tmp_path / "clip.mkv",
        "yuv420p",
        width_px=pair.shape[1],
        height_px=pair.shape[0],
        paint=lambda _: pair,
    )
    with open_media(clip, layout=layout) as media:
        planes = next(iter(media.planar_frames())).planes
    rgb = planes_to_rgb(planes)
    assert rgb.shape == (32, 64, 3)
    assert np.abs(rgb.astype(float) - colours()).mean() < 2 * TOLERANCE


@pytest.mark.parametrize("rotation_deg", [90, 180])
def test_planes_stand_upright(tmp_path, rotation_deg):
    turned = np.rot90(colours(), -rotation_deg // 90)
    clip = lossless(
        tmp_path / "clip.mp4",
        "yuv420p",
        width_px=turned.shape[1],
        height_px=turned.shape[0],
        rotation_deg=rotation_deg,
        paint=lambda _: turned,
    )
    with open_media(clip, layout=StereoLayout.MONO) as media:
        planar, frame = next(zip(media.planar_frames(), media.frames(), strict=True))
    off = planes_to_rgb(planar.planes).astype(float) - frame.image
    assert np.abs(off).mean() < TOLERANCE


@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("is_full_range", [False, True])
def test_planes_of_any_colours_are_written_as_bt_709(tmp_path, matrix, is_full_range):
    planes = dataclasses.replace(
        rgb_to_planes(colours()), matrix=matrix, is_full_range=is_full_range
    )
    meant = planes_to_rgb(planes).astype(float)
    with open_media(lossless(tmp_path / "clock.mkv", "yuv420p")) as media:
        clock = media.info
    target = tmp_path / "out.mp4"
    with MediaWriter(
        target,
        width_px=64,
        height_px=32,
        frame_rate=clock.average_frame_rate,
        time_base=clock.time_base,
        quality=0,
    ) as writer:
        writer.write_planes(planes, 0)
    with open_media(target) as media:
        (frame,) = media.frames()
        (planar,) = media.planar_frames()
    assert (planar.planes.matrix, planar.planes.is_full_range) == (1, False)
    assert np.abs(frame.image - meant).mean() < TOLERANCE


def test_planes_of_another_size_are_refused(tmp_path):
    with open_media(lossless(tmp_path / "clock.mkv", "yuv420p")) as media:
        clock = media.info
    out = MediaWriter(
        tmp_path / "out.mp4",
        width_px=32,
        height_px=32,
        frame_rate=clock.average_frame_rate,
        time_base=clock.time_base,
    )
    with pytest.raises(ValueError, match="expected pictures"), out as writer:
        writer.write_planes(rgb_to_planes(colours()), 0)
