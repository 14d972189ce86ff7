from __future__ import annotations

import os

import pytest

from pano.errors import MediaError
from pano_jobs.batch.clips import find_clips
from tests.pipelines.batch.quick_work import QuickWork, go, statuses, touch


def found(folder, **how):
    return list(find_clips(folder / "in", folder / "out", **how))


def test_the_output_mirrors_the_folders(tmp_path):
    touch(tmp_path / "in/a.mov", tmp_path / "in/day 1/b.MP4")
    go(tmp_path)
    assert (tmp_path / "out/a.mp4").read_text() == "a.mov film"
    assert (tmp_path / "out/day 1/b.mp4").read_text() == "b.MP4 film"


def test_hidden_files_and_other_files_are_left_alone(tmp_path):
    touch(
        tmp_path / "in/._a.mp4",
        tmp_path / "in/.trash/b.mp4",
        tmp_path / "in/notes.txt",
        tmp_path / "in/c.webm",
    )
    assert [clip.source.name for clip in found(tmp_path)] == ["c.webm"]


def test_an_output_folder_inside_the_input_is_not_processed_again(tmp_path):
    touch(tmp_path / "in/a.mp4")
    clips = list(find_clips(tmp_path / "in", tmp_path / "in/out"))
    touch(tmp_path / "in/out/a.mp4")
    assert list(find_clips(tmp_path / "in", tmp_path / "in/out")) == clips


def test_clips_that_differ_only_in_their_ending_get_two_outputs(tmp_path):
    touch(tmp_path / "in/a.mp4", tmp_path / "in/a.mov")
    targets = [clip.target.name for clip in found(tmp_path)]
    assert targets == ["a.mov.mp4", "a.mp4.mp4"]


def test_clips_of_the_longest_names_have_names_that_a_file_can_have(tmp_path):
    long = "ü" * 120
    touch(tmp_path / f"in/{long}a.mp4", tmp_path / f"in/{long}b.mp4")
    names = {clip.name for clip in found(tmp_path)}
    assert len(names) == 2
    assert all(len(os.fsencode(f"{name}.json")) < 255 for name in names)


def test_a_folder_without_video_is_refused(tmp_path):
    with pytest.raises(MediaError, match="is not a folder"):
        go(tmp_path)
    (tmp_path / "in").mkdir()
    with pytest.raises(MediaError, match="holds no video"):
        go(tmp_path, QuickWork())


def test_a_second_lens_belongs_to_the_file_of_the_first(tmp_path):
    names = ("VID_1_00_001.insv", "VID_1_10_001.insv", "VID_2_10_001.insv")
    touch(*(tmp_path / "in" / name for name in names))
    assert [clip.source.name for clip in found(tmp_path)] == [names[0], names[2]]


def test_a_second_lens_that_changes_is_another_clip(tmp_path):
    names = ("VID_1_00_001.insv", "VID_1_10_001.insv")
    touch(*(tmp_path / "in" / name for name in names))
    (clip,) = found(tmp_path)
    before = clip.identity()
    (tmp_path / "in" / names[1]).write_text("longer")
    assert clip.identity() != before


def test_chapters_are_joined_on_wish(tmp_path):
    touch(*(tmp_path / f"in/GS0{k}0007.360" for k in (1, 2)), tmp_path / "in/a.mp4")
    assert [len(clip.chapters) for clip in found(tmp_path)] == [1, 1, 1]
    joined = found(tmp_path, join=True)
    assert [(len(clip.chapters), clip.target.name) for clip in joined] == [
        (2, "GS010007.mp4"),
        (1, "a.mp4"),
    ]


def test_a_clip_that_vanishes_fails_alone(tmp_path, monkeypatch):
    touch(tmp_path / "in/a.mp4", tmp_path / "in/b.mp4")
    find = find_clips

    def find_and_lose(*arguments, **how):
        clips = list(find(*arguments, **how))
        clips[0].source.unlink()
        return clips

    monkeypatch.setattr("pano_jobs.batch.run.find_clips", find_and_lose)
    assert statuses(go(tmp_path)) == ["failed", "done"]
