"""A film of parts: its packets are theirs, its times and sound those of one piece."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pano.errors import MediaError
from pano.media import MediaWriter, probe
from tests.pano.media.writing.test_encode import sound_packets
from tests.synthetic import Clip, SoundTrack, sine, write_clip, write_sound_only

N_PICTURES = 75
CUTS = (0, 20, 47, 48, 75)
MILLISECOND = Fraction(1, 1000)


def picture(k: int) -> np.ndarray:
    image = np.full((64, 128, 3), 40, np.uint8)
    image[10 + k % 30 : 30 + k % 30, k : k + 40] = (200, 60 + k, 90)
    return image


def writer(target: Path, **settings) -> MediaWriter:
    defaults = {
        "width_px": 128,
        "height_px": 64,
        "frame_rate": Fraction(30),
        "time_base": Fraction(1, 30),
    }
    return MediaWriter(target, **{**defaults, **settings})


def in_one_piece(target: Path, pts: Sequence[int], **settings) -> Path:
    with writer(target, **settings) as out:
        for k, at in enumerate(pts):
            out.write(picture(k), at)
    return target


def in_parts(
    target: Path, pts: Sequence[int], sound: Path | None = None, **settings
) -> list[Path]:
    """Write a film in parts; return the parts."""
    parts = []
    for number, (begin, end) in enumerate(pairwise(CUTS)):
        part = target.with_name(f"{number}-{target.name}")
        with writer(part, **settings) as out:
            for k in range(begin, end):
                out.write(picture(k), pts[k])
        parts.append(part)
    writer(target, sound_from=sound, **settings).join(parts, pts)
    return parts


def times(path: Path) -> tuple[list[Fraction], list[Fraction]]:
    """Return when pictures are shown, and when packets are decoded, in their order."""
    with av.open(str(path)) as container:
        packets = [one for one in container.demux(video=0) if one.size]
    decoded = [one.dts * one.time_base for one in packets]
    assert all(one.dts <= one.pts for one in packets)
    return sorted(one.pts * one.time_base for one in packets), decoded


def pictures(path: Path) -> list[tuple[Fraction, bool, np.ndarray]]:
    with av.open(str(path)) as container:
        return [
            (one.pts * one.time_base, one.key_frame, one.to_ndarray(format="rgb24"))
            for one in container.decode(video=0)
        ]


def stream_tags(path: Path) -> list[tuple[str, Fraction]]:
    with av.open(str(path)) as container:
        return [
            (stream.codec_context.codec_tag, stream.time_base)
            for stream in container.streams
        ]


def likeness_db(path: Path) -> float:
    errors = [
        np.mean((image.astype(float) - picture(k)) ** 2)
        for k, (_, _, image) in enumerate(pictures(path))
    ]
    return float(10 * np.log10(255**2 / np.mean(errors)))


@pytest.mark.parametrize(
    ("name", "encoder", "preset"),
    [
        ("film.mp4", "libx264", "medium"),  # reorders pictures
        ("film.mp4", "libx264", "ultrafast"),  # does not
        ("film.mov", "libx264", "veryfast"),
        ("film.mp4", "libx265", "ultrafast"),  # opens its groups of pictures
        ("film.mov", "prores_ks", None),
    ],
)
def test_a_film_in_parts_is_that_of_one_piece(
    tmp_path: Path, name: str, encoder: str, preset: str | None
) -> None:
    sound = write_sound_only(tmp_path / "sound.m4a", SoundTrack(sine(2.5)))
    settings = {"encoder": encoder, "preset": preset}
    pts = range(7, 7 + N_PICTURES)
    whole = in_one_piece(tmp_path / f"whole-{name}", pts, sound_from=sound, **settings)
    parts = in_parts(tmp_path / name, pts, sound, **settings)
    film = tmp_path / name
    assert [time for time, _, _ in pictures(film)] == [
        time for time, _, _ in pictures(whole)
    ]
    assert times(film) == times(whole)
    assert sound_packets(film) == sound_packets(whole)
    assert likeness_db(film) > likeness_db(whole) - 0.2
    found = pictures(film)
    assert all(found[at][1] for at in CUTS[:-1])
    shown = [image for part in parts for _, _, image in pictures(part)]
    assert all(
        np.array_equal(image, one)
        for (_, _, image), one in zip(found, shown, strict=True)
    )
    one, other = probe(film), probe(whole)
    assert one.duration_from_header_s == other.duration_from_header_s
    assert one.average_frame_rate == other.average_frame_rate
    assert one.signal == other.signal
    assert stream_tags(film) == stream_tags(whole)


@pytest.mark.parametrize("rate", [Fraction(30), None])
def test_rounded_and_variable_times_become_those_of_one_piece(
    tmp_path: Path, rate: Fraction | None
) -> None:
    pts = [100 + round(k * 1000 / 30) for k in range(N_PICTURES)]
    if rate is None:
        pts = [at + k % 7 * 3 for k, at in enumerate(pts)]
    settings: dict[str, Any] = {
        "frame_rate": rate,
        "time_base": MILLISECOND,
        "preset": "medium",
    }
    whole = in_one_piece(tmp_path / "whole.mp4", pts, **settings)
    film = tmp_path / "film.mp4"
    in_parts(film, pts, **settings)
    assert times(film) == times(whole)
    assert probe(film).duration_from_header_s == probe(whole).duration_from_header_s


def test_a_picture_too_few_is_refused(tmp_path: Path) -> None:
    pts = range(N_PICTURES)
    parts = in_parts(tmp_path / "film.mp4", pts, preset="ultrafast")
    (tmp_path / "film.mp4").unlink()
    with pytest.raises(MediaError, match=r"hold 48 pictures in the place of 75"):
        writer(tmp_path / "film.mp4", preset="ultrafast").join(parts[:3], pts)
    assert sorted(tmp_path.iterdir()) == parts


def test_parts_of_different_encoders_are_refused(tmp_path: Path) -> None:
    pts = range(N_PICTURES)
    parts = in_parts(tmp_path / "film.mp4", pts, preset="ultrafast")
    in_one_piece(parts[1], range(27), preset="medium", overwrite=True)
    with pytest.raises(MediaError, match=r"encoded otherwise than 0-film\.mp4"):
        writer(tmp_path / "film.mp4", overwrite=True).join(parts, pts)


def test_sound_that_begins_long_before_the_picture_leaves_it_late(
    tmp_path: Path,
) -> None:
    sound = write_sound_only(tmp_path / "sound.m4a", SoundTrack(sine(3.5)))
    pts = range(30, 30 + N_PICTURES)
    whole = tmp_path / "whole.mp4"
    in_one_piece(whole, pts, preset="ultrafast", sound_from=sound)
    in_parts(tmp_path / "film.mp4", pts, sound, preset="ultrafast")
    assert times(tmp_path / "film.mp4") == times(whole)
    assert times(whole)[0][0] == 1


def header(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return bytes(container.streams.video[0].codec_context.extradata)


@pytest.mark.parametrize("other", ["frame-threads=2", "no-sao=1"])
def test_what_x265_notes_of_its_threads_keeps_no_parts_apart(
    tmp_path: Path, other: str
) -> None:
    parts = []
    for words in ("frame-threads=1", other):
        options = {"preset": "medium", "x265-params": f"log-level=error:{words}"}
        clip = Clip(codec="libx265", options=options)
        parts.append(write_clip(tmp_path / f"{words}.mp4", clip))
    assert header(parts[0]) != header(parts[1])
    film = writer(tmp_path / "film.mp4", encoder="libx265")
    if other == "no-sao=1":
        with pytest.raises(MediaError, match="encoded otherwise"):
            film.join(parts, range(60))
        return
    film.join(parts, range(60))
    assert len(pictures(tmp_path / "film.mp4")) == 60
