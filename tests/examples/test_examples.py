"""Every example runs, and shows what it says it shows."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from soundloc.checkpoint_file import default_checkpoint_path

FOLDER = Path(__file__).parents[2] / "examples"
# A file, or a folder that `python -m` runs.
EXAMPLES = [
    *FOLDER.glob("*.py"),
    *(main.parent for main in FOLDER.glob("*/__main__.py")),
]
NEEDS_WEIGHTS = {
    "evaluate_a_checkpoint.py",
    "localize_a_picture.py",
    "pigeon_superstition",
    "retrieve.py",
    "train_on_a_folder.py",
}
# An object of the example is 28° wide.
HALF_WIDTH_DEG = 14.0


def output_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    if name in NEEDS_WEIGHTS and not default_checkpoint_path().exists():
        pytest.skip("there is no default checkpoint")
    (script,) = [path for path in EXAMPLES if path.name == name]
    if script.is_dir():
        runpy.run_module(f"examples.{name}", run_name="__main__")
    else:
        runpy.run_path(str(script), run_name="__main__")
    return capsys.readouterr().out


@pytest.mark.slow
def test_each_sound_leads_to_its_own_thing(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output_of("localize_a_picture.py", capsys).splitlines()
    yaws = [
        [float(y) for y in re.findall(r"yaw +([+-] *\d+)°", line)] for line in lines
    ]
    assert len(yaws) == 3
    found = sum(abs(true - found) <= HALF_WIDTH_DEG for true, found in yaws)
    assert found >= 2
    assert len({found for _, found in yaws}) >= 2


@pytest.mark.slow
def test_what_lies_near_a_picture_depends_on_what_is_heard(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = output_of("retrieve.py", capsys).splitlines()
    found = [re.match(r"(\w+) heard: (\w+)", line) for line in lines]
    answers = [match.groups() for match in found if match]
    assert len(answers) == 6
    for kind in ("bell", "fire"):
        shown = [answer for heard, answer in answers if heard == kind]
        assert shown.count(kind) >= 2


@pytest.mark.slow
def test_a_checkpoint_that_listens_beats_its_own_prior(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate_a_checkpoint.py"])
    monkeypatch.setattr(
        "soundloc.data.feature_cache.N_NOISES", 9
    )  # 240 take a while to hear
    printed = output_of("evaluate_a_checkpoint.py", capsys)
    found = {
        name: float(value)
        for name, value in re.findall(r"pointing, ([a-z ]+?) +(\d\.\d+)", printed)
    }
    assert found["oracle"] == 1.0
    assert found["network"] > found["object prior"] + 0.2
    (p_value,) = re.findall(r"worth of listening .* p = (\d\.\d+)", printed)
    assert float(p_value) < 0.05
    assert "no IoU by subject" in printed


@pytest.mark.slow
def test_a_folder_of_pictures_and_sounds_can_be_trained_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Hearing synthetic noise takes longest, and three kinds are foreign enough.
    monkeypatch.setattr("soundloc.data.feature_cache.N_NOISES", 8)
    monkeypatch.setattr("sys.argv", ["train_on_a_folder.py"])
    lines = output_of("train_on_a_folder.py", capsys).splitlines()
    assert any("30 pictures, 30 sounds, no fault" in line for line in lines)
    found = re.match(r"right: (\d+) of (\d+)", lines[-1])
    assert found is not None
    n_right, n_asked = map(int, found.groups())
    assert n_asked == 6
    assert n_right >= 5


@pytest.mark.slow
def test_the_superstition_is_measured_for_every_lesson(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # Too little to learn anything: that the lesson is learnt is tested elsewhere.
    size = ["--seeds", "1", "--steps", "1", "--pictures", "20", "--shown", "1"]
    monkeypatch.setattr(sys, "argv", ["", *size, "-o", str(tmp_path)])
    printed = output_of("pigeon_superstition", capsys)
    rows = re.findall(r"^(T = \S+ .*?\S) {2,}(?:\d+\.\d ± 0\.0 *){8}$", printed, re.M)
    assert len(rows) == 14
    assert len(set(rows)) == 7
    assert printed.count(" less ") == 8
    assert {p.name for p in tmp_path.iterdir()} == {"maps.png", "shares.png"}
