import json
from pathlib import Path

from click.testing import CliRunner, Result

from pano_jobs.cli import main
from tests.pipelines.datasets.media import draw_picture, write_tone


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_shared_clips_are_told_and_fail_the_audit(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1.wav\n2.wav\n")
    (tmp_path / "b.txt").write_text("2.png\n3.png\n")
    result = run("audit", tmp_path / "a.txt", tmp_path / "b.txt")
    assert result.exit_code == 1
    assert "1 shared clips: 2" in result.stdout
    found = json.loads(
        run("audit", tmp_path / "a.txt", tmp_path / "b.txt", "--json").stdout
    )
    assert found["shared"][0]["names"] == ["2"]
    assert found["n_shared"] == 2


def test_splits_of_a_prepared_set_pass(tmp_path: Path) -> None:
    for kind in ("dog", "bell"):
        for number in range(12):
            folder = tmp_path / "material"
            name = f"{kind}{number}"
            draw_picture(folder / "pictures" / kind / f"{name}.jpg", seed=number)
            write_tone(folder / "sounds" / kind / f"{name}.wav")
    pairs = tmp_path / "pairs"
    run("prepare", tmp_path / "material", "-o", pairs, "--from", "folders")
    result = run("audit", f"{pairs}:train", f"{pairs}:test", "--no-media")
    assert result.exit_code == 0
    assert "no shared sources" in result.stdout


def test_a_missing_set_is_one_sentence(tmp_path: Path) -> None:
    result = run("audit", tmp_path / "a", tmp_path / "b")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
