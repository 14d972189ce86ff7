from __future__ import annotations

from pathlib import Path

import pytest

from pano.errors import MediaError
from pano_jobs.video.batch import batch, mirrored


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def copy_name(source: Path, target: Path) -> tuple[str, ...]:
    target.write_text(source.name)
    return ()


def test_the_output_mirrors_the_folders(tmp_path):
    touch(tmp_path / "in/a.mov", tmp_path / "in/day 1/b.MP4")
    batch(tmp_path / "in", tmp_path / "out", copy_name)
    assert (tmp_path / "out/a.mp4").read_text() == "a.mov"
    assert (tmp_path / "out/day 1/b.mp4").read_text() == "b.MP4"


def test_hidden_files_and_other_files_are_left_alone(tmp_path):
    touch(
        tmp_path / "in/._a.mp4",
        tmp_path / "in/.trash/b.mp4",
        tmp_path / "in/notes.txt",
        tmp_path / "in/c.webm",
    )
    plan = mirrored(tmp_path / "in", tmp_path / "out")
    assert [source.name for (source,), _ in plan] == ["c.webm"]


def test_an_output_folder_inside_the_input_is_not_processed_again(tmp_path):
    touch(tmp_path / "in/a.mp4")
    first = batch(tmp_path / "in", tmp_path / "in/out", copy_name)
    again = batch(tmp_path / "in", tmp_path / "in/out", copy_name)
    assert [clip.status for clip in first.clips] == ["done"]
    assert [clip.status for clip in again.clips] == ["skipped"]


def test_clips_that_differ_only_in_their_ending_get_two_outputs(tmp_path):
    touch(tmp_path / "in/a.mp4", tmp_path / "in/a.mov")
    targets = [target.name for _, target in mirrored(tmp_path / "in", tmp_path / "out")]
    assert targets == ["a.mov.mp4", "a.mp4.mp4"]


def test_a_failure_does_not_stop_the_batch(tmp_path):
    touch(tmp_path / "in/a.mp4", tmp_path / "in/b.mp4")

    def job(source: Path, target: Path) -> tuple[str, ...]:
        if source.name == "a.mp4":
            raise MediaError("a.mp4 is broken")
        return copy_name(source, target)

    result = batch(tmp_path / "in", tmp_path / "out", job)
    assert [(clip.status, clip.reason) for clip in result.clips] == [
        ("failed", "a.mp4 is broken"),
        ("done", ""),
    ]
    assert "1 done, 0 skipped, 1 failed" in result.words()


def test_a_programming_mistake_does_stop_it(tmp_path):
    touch(tmp_path / "in/a.mp4")

    def job(source: Path, target: Path) -> tuple[str, ...]:
        raise TypeError("a bug")

    with pytest.raises(TypeError):
        batch(tmp_path / "in", tmp_path / "out", job)


def test_finished_clips_are_done_again_only_when_forced(tmp_path):
    touch(tmp_path / "in/a.mp4", tmp_path / "out/a.mp4")
    result = batch(tmp_path / "in", tmp_path / "out", copy_name, overwrite=True)
    assert result.count("done") == 1
    assert (tmp_path / "out/a.mp4").read_text() == "a.mp4"


def test_a_clip_is_finished_when_all_its_files_are_there(tmp_path):
    folder, output = tmp_path / "in", tmp_path / "out"
    touch(folder / "a.mp4")

    def makes(target):
        return [target.with_stem(f"{target.stem}-{n}") for n in (1, 2)]

    def job(source, target):
        for made in makes(target):
            made.write_text("video")
        return ()

    def statuses():
        return [clip.status for clip in batch(folder, output, job, makes=makes).clips]

    assert statuses() == ["done"]
    assert statuses() == ["skipped"]
    (output / "a-2.mp4").unlink()
    assert statuses() == ["done"]


def test_a_folder_without_video_is_refused(tmp_path):
    with pytest.raises(MediaError, match="holds no video"):
        batch(tmp_path, tmp_path / "out", copy_name)
    with pytest.raises(MediaError, match="is not a folder"):
        batch(tmp_path / "missing", tmp_path / "out", copy_name)


def test_a_second_lens_belongs_to_the_file_of_the_first(tmp_path):
    names = ("VID_1_00_001.insv", "VID_1_10_001.insv", "VID_2_10_001.insv")
    touch(*(tmp_path / "in" / name for name in names))
    plan = mirrored(tmp_path / "in", tmp_path / "out")
    assert [source.name for (source,), _ in plan] == [names[0], names[2]]


def test_chapters_are_joined_on_wish(tmp_path):
    touch(*(tmp_path / f"in/GS0{k}0007.360" for k in (1, 2)), tmp_path / "in/a.mp4")
    plain = list(mirrored(tmp_path / "in", tmp_path / "out"))
    assert [len(chapters) for chapters, _ in plain] == [1, 1, 1]
    joined = list(mirrored(tmp_path / "in", tmp_path / "out", join=True))
    assert [(len(chapters), target.name) for chapters, target in joined] == [
        (2, "GS010007.mp4"),
        (1, "a.mp4"),
    ]
