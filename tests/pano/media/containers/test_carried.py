"""What a clip says of its recording, and its film says again."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pano.media import MediaWriter, probe
from pano.media.containers.carried import Carried, Chapter, read_carried

TAGS = {
    "title": "Concert in Graz",
    "creation_time": "2021-03-04T05:06:07.000000Z",
    "location": "+47.0707+015.4395/",
}
PART = (Fraction(0), Fraction(1, 5), "Andante"), (Fraction(1, 5), Fraction(2, 5), "Più")
PARTS = [Chapter(*part) for part in PART]
KEEPING = [".mp4", ".m4v", ".mov", ".mkv"]


def clip(
    path: Path,
    *,
    tags: dict[str, str] | None = None,
    timecode: str | None = "10:11:12:13",
    chapters: Sequence[Chapter] = PARTS,
    first_pts: int = 0,
    rate: Fraction = Fraction(30),
) -> Path:
    with av.open(str(path), "w") as container:
        container.metadata.update(TAGS if tags is None else tags)
        video = container.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = 64, 32, "yuv420p"
        if timecode is not None:
            video.metadata["timecode"] = timecode
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": round(chapter.start * 1000),
                    "end": round(chapter.end * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": chapter.title},
                }
                for number, chapter in enumerate(chapters)
            ]
        )
        for pts in range(first_pts, first_pts + 12):
            image = np.zeros((32, 64, 3), np.uint8)
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = pts, 1 / rate
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
    return path


def film(source: Path, target: Path) -> MediaWriter:
    info = probe(source)
    writer = MediaWriter(
        target,
        width_px=64,
        height_px=32,
        frame_rate=info.average_frame_rate,
        time_base=info.time_base,
        said_by=source,
        preset="ultrafast",
    )
    with writer:
        for k in range(12):
            step = round(1 / (info.average_frame_rate * info.time_base))
            writer.write(np.zeros((32, 64, 3), np.uint8), info.start_pts + k * step)
    return writer


def said_in_film(folder: Path, source: Path, suffix: str) -> Carried:
    film(source, folder / f"film{suffix}")
    return read_carried(folder / f"film{suffix}")


@pytest.mark.parametrize("suffix", KEEPING)
@pytest.mark.parametrize("source_suffix", [".mov", ".mkv"])
def test_the_film_says_what_the_clip_said(
    tmp_path: Path, source_suffix: str, suffix: str
) -> None:
    source = clip(tmp_path / f"clip{source_suffix}")
    said = said_in_film(tmp_path, source, suffix)
    assert {name: said.tags[name] for name in TAGS} == TAGS
    assert said.timecode == "10:11:12:13"
    assert list(said.chapters) == PARTS


def test_a_film_that_keeps_all_has_nothing_to_note(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mov")
    assert film(source, tmp_path / "film.mp4").notes == ()


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_the_timecode_is_a_track_of_its_own(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"film{suffix}"
    film(clip(tmp_path / "clip.mov"), target)
    assert b"tmcd" in target.read_bytes()


@pytest.mark.parametrize("suffix", KEEPING)
def test_dropped_frame_numbers_stay_dropped(tmp_path: Path, suffix: str) -> None:
    rate = Fraction(30000, 1001)
    source = clip(tmp_path / "clip.mov", timecode="00:59:59;28", rate=rate)
    assert said_in_film(tmp_path, source, suffix).timecode == "00:59:59;28"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_chapters_move_with_the_first_picture(tmp_path: Path, suffix: str) -> None:
    before = Chapter(Fraction(0), Fraction(3, 10), "before the picture")
    across = Chapter(Fraction(3, 10), Fraction(1, 2), "across its beginning")
    later = Chapter(Fraction(1, 2), Fraction(7, 10), "later")
    # The first picture is at 0.4 s.
    source = clip(tmp_path / "a.mkv", chapters=[before, across, later], first_pts=12)
    said = said_in_film(tmp_path, source, suffix).chapters
    # In MP4 the last one lasts to the end of the film.
    assert [(chapter.start, chapter.title) for chapter in said] == [
        (Fraction(0), "across its beginning"),
        (Fraction(1, 10), "later"),
    ]


def test_a_transport_stream_keeps_none_of_it_and_says_so(tmp_path: Path) -> None:
    writer = film(clip(tmp_path / "clip.mov"), tmp_path / "film.ts")
    assert writer.notes == (
        "the clip's title, creation date, place, timecode and chapters cannot be kept "
        "in .ts; end the film's name in .mp4 to keep them",
    )


@pytest.mark.parametrize("suffix", KEEPING)
def test_a_place_may_be_a_word(tmp_path: Path, suffix: str) -> None:
    source = clip(tmp_path / "clip.mkv", tags={"location": "Graz"})
    assert said_in_film(tmp_path, source, suffix).tags["location"] == "Graz"


@pytest.mark.parametrize("tags", [TAGS, {"location": TAGS["location"]}])
def test_phones_find_the_place(tmp_path: Path, tags: dict[str, str]) -> None:
    film(clip(tmp_path / "clip.mov", tags=tags), tmp_path / "film.mp4")
    place = TAGS["location"].encode()
    head = bytes([0, 8 + 4 + len(place)]) + b"\xa9xyz" + bytes([0, len(place)])
    assert head + b"\x55\xc4" + place in (tmp_path / "film.mp4").read_bytes()


def test_apples_keys_are_said_under_names_that_mp4_has(tmp_path: Path) -> None:
    apple = {
        "com.apple.quicktime.location.ISO6709": "+47.0707+015.4395/",
        "com.apple.quicktime.creationdate": "2021-03-04T06:06:07+0100",
    }
    source = clip(tmp_path / "clip.mkv", tags=apple)
    said = said_in_film(tmp_path, source, ".mp4")
    assert said.tags["location"] == "+47.0707+015.4395/"
    assert said.tags["date"] == "2021-03-04T06:06:07+0100"


def test_what_describes_the_file_is_not_said_again(tmp_path: Path) -> None:
    tags = read_carried(clip(tmp_path / "clip.mp4")).tags
    assert {"major_brand", "compatible_brands", "encoder"}.isdisjoint(tags)


@pytest.mark.parametrize("suffix", [*KEEPING, ".ts"])
def test_nonsense_does_not_stop_a_film(tmp_path: Path, suffix: str) -> None:
    tags = {"creation_time": "yesterday", "location": "+", "title": "x" * 70_000}
    chapters = [
        Chapter(Fraction(0), Fraction(10**6), "the longest"),
        Chapter(Fraction(1, 10), Fraction(1, 5), "inside it"),
        Chapter(Fraction(10**9), Fraction(10**9 + 1), "never"),
    ]
    source = clip(tmp_path / "clip.mkv", tags=tags, timecode="noon", chapters=chapters)
    said = said_in_film(tmp_path, source, suffix)
    assert said.timecode is None
    assert probe(tmp_path / f"film{suffix}").width_px == 64
