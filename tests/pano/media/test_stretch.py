"""A stretch of a file shows the pictures that a pass over the whole file shows."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pano.media import Media, ffmpeg_program, open_media
from pano.media.picture_filter import INTERLACED_NOTE
from pano.media.stretch import Stretch, read_picture_times
from tests.synthetic import Clip, write_clip

N_PICTURES = 150
RATE = Fraction(30)
REORDERED = {"preset": "medium", "g": "25", "bf": "3"}
OPEN = REORDERED | {"x264-params": "open-gop=1"}


def paint(k: int) -> np.ndarray:
    rng = np.random.default_rng(k // 5)
    image = np.asarray(rng.integers(0, 200, (32, 64, 3)), np.uint8)
    image[5:20, k % 50 : k % 50 + 9] = 250
    return image


def clip(**settings) -> Clip:
    return Clip(rate=RATE, n_pictures=N_PICTURES, paint=paint, **settings)


def luma(media: Media, stretch: Stretch | None = None) -> list[tuple[int, bytes]]:
    return [
        (frame.pts, frame.planes.y.tobytes()) for frame in media.planar_frames(stretch)
    ]


def remuxed(
    source: Path, target: Path, *words: str, before: Sequence[str] = ()
) -> Path:
    command = [str(ffmpeg_program()), *before, "-i", str(source), *words, str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return target


def make(folder: Path, kind: str) -> Path:
    """Write a clip of five seconds of one of many kinds."""
    source = folder / "source.mp4"
    if kind == "open groups":
        return write_clip(source, clip(options=OPEN))
    if kind == "hevc":
        options = {"preset": "ultrafast", "x265-params": "keyint=25:log-level=error"}
        return write_clip(source, clip(codec="libx265", options=options))
    if kind == "one keyframe":
        return write_clip(source, clip(options=REORDERED | {"g": "1000"}))
    if kind == "intra refresh":
        options = REORDERED | {"x264-params": "intra-refresh=1:bframes=0"}
        return write_clip(source, clip(options=options))
    if kind == "interlaced":
        options = REORDERED | {"x264-params": "tff=1"}
        return write_clip(source, clip(options=options))
    write_clip(source, clip(options=REORDERED))
    if kind == "edit list":
        cut = ("-c", "copy")
        return remuxed(source, folder / "cut.mp4", *cut, before=("-ss", "1.3"))
    if kind == "late start":
        late = ("-c", "copy", "-output_ts_offset", "7.5")
        return remuxed(source, folder / "late.mp4", *late)
    if kind == "variable rate":
        pts = [100 + k * 33 + k % 7 * 3 for k in range(N_PICTURES)]
        base = Fraction(1, 1000)
        wild = clip(options=REORDERED, pts=pts, time_base=base)
        return write_clip(source, wild)
    return remuxed(source, folder / f"clip.{kind}", "-c", "copy")


KINDS = [
    *("mp4", "mkv", "mov", "ts", "avi", "open groups", "hevc", "one keyframe"),
    *("intra refresh", "interlaced", "edit list", "late start", "variable rate"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stretch_shows_what_the_whole_shows(tmp_path: Path, kind: str) -> None:
    with open_media(make(tmp_path, kind)) as media:
        whole = luma(media)
        times = [pts for pts, _ in whole]
        told = read_picture_times(media.info)
        # AVI knows when a packet is decoded, and not when it is shown.
        assert (told == times) == (kind != "avi")
        assert (INTERLACED_NOTE in media.notes) == (kind == "interlaced")
        for begin, end in [(0, 40), (40, 101), (101, len(times))]:
            end_pts = times[end] if end < len(times) else None
            stretch = Stretch(times[begin], end_pts)
            assert luma(media, stretch) == whole[begin:end], (kind, begin)
            plain = dataclasses.replace(stretch, is_entered=False)
            assert luma(media, plain) == whole[begin:end]


def test_what_lies_before_a_stretch_is_not_decoded(tmp_path: Path, monkeypatch) -> None:
    n_decoded = [0]
    with open_media(make(tmp_path, "mp4")) as media:
        times = read_picture_times(media.info)
        assert times is not None
        pts = media._filter.passing

        def count(pictures):
            for one in pts(pictures):
                n_decoded[0] += 1
                yield one

        monkeypatch.setattr(media._filter, "passing", count)
        assert len(luma(media, Stretch(times[-10]))) == 10
    assert n_decoded[0] <= 10 + 30 + 25  # a second, and to the keyframe before


def test_times_that_packets_do_not_tell_are_not_guessed(tmp_path: Path) -> None:
    raw = tmp_path / "raw.h264"
    remuxed(make(tmp_path, "mp4"), raw, "-c", "copy")
    with open_media(raw) as media:
        assert read_picture_times(media.info) is None
