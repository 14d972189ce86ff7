import shutil
from pathlib import Path

import imageio_ffmpeg
import pytest

from pano.errors import MediaError
from pano.media import convert, ffmpeg_program, probe
from tests.synthetic import Clip, write_clip


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "ffmpeg"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_named_program_goes_first(
    monkeypatch: pytest.MonkeyPatch, program: Path, tmp_path: Path
) -> None:
    mine = shutil.copy(program, tmp_path / "mine")
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("PANO_FFMPEG", str(mine))
    assert ffmpeg_program() == mine


def test_the_program_on_the_path_goes_second(
    monkeypatch: pytest.MonkeyPatch, program: Path
) -> None:
    monkeypatch.delenv("PANO_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(program.parent))
    assert ffmpeg_program() == program


def test_the_shipped_program_is_the_last_resort(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PANO_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = ffmpeg_program()
    assert "imageio_ffmpeg" in found.parts
    assert found.is_file()


def test_a_wrong_name_is_an_error_not_a_fallback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PANO_FFMPEG", str(tmp_path / "gone"))
    with pytest.raises(MediaError, match=r"\$PANO_FFMPEG is .*gone, which is no prog"):
        ffmpeg_program()


def test_no_program_at_all_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.delenv("PANO_FFMPEG", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(MediaError, match="no ffmpeg program; install one"):
        ffmpeg_program()


def test_convert_runs_the_program(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a: b.mp4", Clip(n_pictures=5))
    convert(source, tmp_path / "out.mkv", output_options={"c:v": "ffv1"})
    assert probe(tmp_path / "out.mkv").codec == "ffv1"


def test_a_failed_conversion_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "notes.mp4"
    source.write_text("no video")
    with pytest.raises(MediaError, match=r"could not convert .*notes\.mp4: .+"):
        convert(source, tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.mp4"]
