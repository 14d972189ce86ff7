"""Chapters of one recording, read as one."""

from pathlib import Path

import pytest

from pano.errors import MediaError
from pano.media.cameras.chapters import chapters_of, group_chapters, joined_chapters
from tests.synthetic import Clip, SoundTrack, sine, write_clip


def chapters(folder, lengths=(10, 6)):
    clips = []
    for number, n_pictures in enumerate(lengths, start=1):
        sound = SoundTrack(sine(n_pictures / 30), codec="pcm_s16le")
        clip = Clip(n_pictures=n_pictures, sound=sound)
        clips.append(write_clip(folder / f"GS{number:02d}0007.mov", clip))
    return clips


def test_a_list_names_its_chapters_whatever_is_in_their_names(tmp_path):
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    clips = chapters(folder)
    with joined_chapters(clips) as listed:
        assert listed.name == "GS010007.ffconcat"
        assert chapters_of(listed) == tuple(clip.resolve() for clip in clips)
    assert not listed.exists()
    with joined_chapters(clips[:1]) as single:
        assert single == clips[0]


def test_a_film_that_is_no_chapter_is_refused(tmp_path):
    clips = chapters(tmp_path)
    other = write_clip(tmp_path / "other.mov", Clip(width_px=128, height_px=64))
    with (
        pytest.raises(MediaError, match=r"other\.mov is not a chapter of"),
        joined_chapters([clips[0], other]),
    ):
        pass
    with (
        pytest.raises(MediaError, match="no such file"),
        joined_chapters([clips[0], tmp_path / "missing.mov"]),
    ):
        pass


def test_names_of_cameras_tell_chapters():
    names = [
        *("GS010007.360", "GS020007.360", "GS010008.360", "GS030009.360"),
        *("VID_20240101_101010_00_001.insv", "VID_20240101_101010_00_002.insv"),
        "holiday.mp4",
    ]
    groups = group_chapters([Path("a") / name for name in reversed(names)])
    assert [[path.name for path in group] for group in groups] == [
        ["GS010007.360", "GS020007.360"],
        ["GS010008.360"],
        ["GS030009.360"],  # begins in the middle
        ["VID_20240101_101010_00_001.insv", "VID_20240101_101010_00_002.insv"],
        ["holiday.mp4"],
    ]
