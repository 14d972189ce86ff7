from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pano.errors import MediaError
from pano_jobs.outputs import check_output, written_whole


def test_an_existing_output_is_refused_unless_forced(tmp_path):
    target = tmp_path / "out.mp4"
    target.touch()
    with pytest.raises(MediaError, match="--force"):
        check_output(target, source=None, overwrite=False)
    check_output(target, source=None, overwrite=True)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MediaError, match="nowhere does not exist"):
        check_output(tmp_path / "nowhere" / "out.mp4", source=None, overwrite=True)


def test_a_folder_is_no_output(tmp_path):
    with pytest.raises(MediaError, match="is a folder"):
        check_output(tmp_path, source=None, overwrite=True)


def test_the_source_is_never_overwritten_even_by_another_name(tmp_path):
    source = tmp_path / "clip.mp4"
    source.touch()
    link = tmp_path / "link.mp4"
    link.symlink_to(source)
    with pytest.raises(MediaError, match="is the source itself"):
        check_output(link, source=source, overwrite=True)


def write_half(target: Path) -> None:
    with written_whole(target) as part:
        part.write_text("half")
        raise ZeroDivisionError


def test_a_missing_source_is_no_matter_of_the_output(tmp_path):
    target = tmp_path / "out.mp4"
    target.touch()
    check_output(target, source=tmp_path / "missing.mp4", overwrite=True)


def test_a_failed_writer_leaves_the_old_file_and_no_part(tmp_path):
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half(target)
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    assert target.read_text() == "old"


def test_a_full_disk_is_a_sentence_that_names_the_file(tmp_path):
    with (
        pytest.raises(MediaError, match=r"the disk is full: .*out.txt was not written"),
        written_whole(tmp_path / "out.txt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
