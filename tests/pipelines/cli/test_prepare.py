import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pano_jobs.cli import main
from soundloc.data.pairs import read_pair_set
from tests.pipelines.datasets.media import draw_picture, film, write_tone


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["prepare", *map(str, arguments)])


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    film(tmp_path / "footage" / "a.mp4", duration_s=4)
    film(tmp_path / "footage" / "mute.mp4", silent=True)
    return tmp_path / "footage"


def test_footage_becomes_a_set_and_what_is_left_out_is_said(
    footage: Path, tmp_path: Path
) -> None:
    options = ("--from", "videos", "--every", 2, "--window", 1)
    result = run(footage, "-o", tmp_path / "pairs", *options)
    assert result.exit_code == 0, result.output
    assert "2 pictures and 2 sounds" in result.stdout
    assert "left out 1, without sound: mute" in result.stdout


def test_the_result_can_be_read_by_a_program(footage: Path, tmp_path: Path) -> None:
    target = tmp_path / "pairs"
    result = run(footage, "-o", target, "--from", "videos", "--json")
    found = json.loads(result.stdout)
    assert found["n_pictures"] == 1
    assert found["left_out"] == [{"reason": "without sound", "names": ["mute"]}]


def test_a_set_is_replaced_only_by_force(footage: Path, tmp_path: Path) -> None:
    arguments = (footage, "-o", tmp_path / "pairs", "--from", "videos")
    assert run(*arguments).exit_code == 0
    again = run(*arguments)
    assert again.exit_code == 1
    assert "add --force" in again.stderr
    assert run(*arguments, "--force", "--split", "test").exit_code == 0
    assert read_pair_set(tmp_path / "pairs").pictures[0].split == "test"


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_official_list_decides(split: str, footage: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("a.mp4\n")
    options = ("--from", "videos", f"--{split}-list", path)
    assert run(footage, "-o", tmp_path / "pairs", *options).exit_code == 0
    found = read_pair_set(tmp_path / "pairs").pictures[0].split
    assert found in ({"train", "validation"} if split == "train" else {split})


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-o", "pairs", "--from", "youtube"],
        ["-o", "pairs", "--from", "videos", "--window", "0"],
        ["-o", "pairs", "--from", "videos", "--split", "tset"],
        ["-o", "pairs", "--from", "flickr", "--every", "2"],
        ["-o", "pairs", "--from", "videos", "--scenes", "20"],
        ["-o", "pairs", "--from", "starss23", "--layout", "mono"],
        ["-o", "pairs", "--window", "20"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], footage: Path) -> None:
    assert run(footage, *arguments).exit_code == 2


def test_an_option_that_would_do_nothing_is_named(footage: Path) -> None:
    result = run(footage, "-o", "pairs", "--from", "flickr", "--every", 2)
    assert "--every does nothing with --from flickr" in result.stderr


def test_a_sound_set_passes_the_check(footage: Path, tmp_path: Path) -> None:
    run(footage, "-o", tmp_path / "pairs", "--from", "videos")
    result = run("--check", tmp_path / "pairs")
    assert result.exit_code == 0
    assert "no fault" in result.stdout


def test_a_broken_set_fails_the_check(tmp_path: Path) -> None:
    for kind in ("dog", "bell"):
        draw_picture(tmp_path / "material" / "pictures" / kind / "a.jpg")
        write_tone(tmp_path / "material" / "sounds" / kind / "a.wav")
    pairs = tmp_path / "pairs"
    options = ("--from", "folders", "--split", "train")
    run(tmp_path / "material", "-o", pairs, *options)
    (pairs / "pictures" / "dog-a.jpg").unlink()
    result = run("--check", pairs, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["n_faults"] == 1
    assert found["findings"][0]["names"] == ["pictures/dog-a.jpg"]
    assert run("--check", pairs, "--quiet").stdout == ""
    assert run("--check", tmp_path / "nothing").exit_code == 1
