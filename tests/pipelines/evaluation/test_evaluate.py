"""The whole job on drawn pair sets and networks of random weights."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from pano_jobs.cli import main
from pano_jobs.evaluation.evaluate import EvaluateSettings, EvaluationFiles, evaluate
from soundloc.architecture.config import LocalizerConfig
from soundloc.data.pairs import (
    SAMPLE_RATE_HZ,
    Opinion,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)
from soundloc.errors import CheckpointError, DatasetError
from soundloc.inference.torch_engine import choose_engine
from soundloc.network.checkpoint import save_checkpoint
from soundloc.network.model import SoundLocalizationNet

PITCHES_HZ = {"red": 200.0, "green": 900.0, "blue": 3000.0}
COLORS_BGR = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0)}
LEFT, RIGHT = (0.125, 0.25, 0.375, 0.75), (0.625, 0.25, 0.875, 0.75)
N_PICTURES = 3
PLOTS = {"success_curves", "sizes", "ambience", "negatives", "reliability"}


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes minutes: resamples, noises, and compiling the trunk."""
    plain = partial(choose_engine, name="torch")
    monkeypatch.setattr("pano_jobs.training.features.choose_engine", plain)
    monkeypatch.setattr("soundloc.data.feature_cache.N_NOISES", 3)
    monkeypatch.setattr("soundloc.scoring.intervals._N_BOOTSTRAPS", 20)
    monkeypatch.setattr("soundloc.evaluation.analyses.shuffle._N_PERMUTATIONS", 99)


def hum(pitch_hz: float):
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    return np.float32(0.3 * np.sin(2 * np.pi * pitch_hz * time_s))


def draw_squares(path: Path, left: str, right: str) -> None:
    image = np.full((64, 128, 3), 110, np.uint8)
    image[16:48, 16:48] = COLORS_BGR[left]
    image[16:48, 80:112] = COLORS_BGR[right]
    cv2.imwrite(str(path), image)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of three kinds in every picture, a sound of each kind, and wind."""
    folder = tmp_path_factory.mktemp("scenes")
    kinds = list(PITCHES_HZ)
    pictures, sounds = [], []
    for number in range(N_PICTURES):
        left, right = kinds[number % 3], kinds[(number + 1) % 3]
        draw_squares(folder / f"{number}.png", left, right)
        objects = (PlacedObject(left, (LEFT,)), PlacedObject(right, (RIGHT,)))
        pictures.append(
            PictureEntry(f"{number}.png", "test", f"{number}", objects, wrap=True)
        )
    for kind, pitch_hz in PITCHES_HZ.items():
        write_sound(folder / f"{kind}.wav", hum(pitch_hz))
        sounds.append(SoundEntry(f"{kind}.wav", kind, "test", kind))
    wind = np.asarray(
        0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ), np.float32
    )
    write_sound(folder / "wind.wav", wind)
    sounds.append(SoundEntry("wind.wav", None, "test", "wind"))
    write_tables(folder, pictures, sounds)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with a sound of their own and three subjects, the last one ambient."""
    folder = tmp_path_factory.mktemp("clips")
    pictures, sounds = [], []
    for number, pitch_hz in enumerate((200.0, 900.0, 3000.0)):
        draw_squares(folder / f"{number}.png", "red", "blue")
        tag = "ambient" if number == 2 else "object"
        opinions = tuple(Opinion((box,), tag) for box in (LEFT, LEFT, RIGHT))
        placed = PlacedObject(None, instance=f"clip {number}", opinions=opinions)
        name = f"clip {number}"
        pictures.append(PictureEntry(f"{number}.png", "test", name, (placed,)))
        write_sound(folder / f"{number}.wav", hum(pitch_hz))
        sounds.append(SoundEntry(f"{number}.wav", None, "test", name, name))
    write_tables(folder, pictures, sounds)
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("nets")
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="conv5+conv7",
        sound_norm="standardise",
        temperature=0.07,
    )
    paths = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        path = folder / f"{seed}.safetensors"
        save_checkpoint(path, SoundLocalizationNet(config), step=0, metrics={})
        paths.append(path)
    return paths


def test_everything_is_written_and_said(scenes, checkpoints, tmp_path) -> None:
    folder = tmp_path / "out" / "deep"
    first, second = map(str, checkpoints)
    arguments = ["evaluate", str(scenes), "--checkpoint", first, "-o", str(folder)]
    done = CliRunner().invoke(main, [*arguments, "--compare", second])
    assert done.exit_code == 0, done.output
    written = {path.name for path in folder.iterdir()}
    plots = {f"{name}.png" for name in PLOTS | {"comparison"}}
    assert written == plots | {"results.json", "table.md"}
    for name in plots:
        image = cv2.imread(str(folder / name))
        assert image is not None
        assert image.std() > 5.0
    page = (folder / "table.md").read_text(encoding="utf-8")
    assert "| network |" in page
    assert "not clear of zero" in page
    assert "note: one opinion per object" in done.stdout
    assert f"{folder / 'results.json'}" in done.stdout
    stored = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert stored["report"]["n_placed"] == 2 * N_PICTURES
    assert stored["other"] == second
    assert len(stored["comparison"]) > 30


def test_json_is_one_object_with_every_figure(scenes, checkpoints) -> None:
    arguments = ["evaluate", str(scenes), "--checkpoint", str(checkpoints[0]), "--json"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    relations = [row["relation"] for row in found["report"]["negatives"]]
    assert relations == ["off-screen", "nowhere", "noise", "silence"]
    network = [
        row for row in found["report"]["localization"] if row["predictor"] == "network"
    ]
    assert {row["protocol"] for row in network} == {
        "paper", "top50", "adaptive", "fixed", "otsu",
    }  # fmt: skip
    assert all(len(row["curve"]) == 21 for row in network)
    assert found["files"] == []


def test_clips_with_subjects_get_their_table_and_say_what_is_missing(
    clips, checkpoints
) -> None:
    result = evaluate(EvaluateSettings(clips, checkpoints[0]))
    assert [s.number for s in result.report.subjects.subjects] == [1, 2, 3]
    assert result.report.interaction is None
    assert result.report.ambience[0].against == "ambient"
    assert "Table 3" in result.words()
    assert "no interaction" in result.words()
    assert result.comparison == ()


def test_the_same_checkpoint_answers_the_same_twice(scenes, checkpoints) -> None:
    told = set()
    result = evaluate(
        EvaluateSettings(scenes, checkpoints[0], other=checkpoints[0], seed=3),
        on_step=lambda what, done, total: told.add(what),
    )
    assert all(d.difference.mean == 0.0 for d in result.comparison)
    assert "asking" in told


def test_results_are_not_overwritten_unasked(scenes, tmp_path) -> None:
    (tmp_path / "table.md").write_text("mine")
    # Refused before anything is read: the checkpoint does not exist.
    arguments = ["evaluate", str(scenes), "--checkpoint", "no.safetensors"]
    done = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path)])
    assert done.exit_code == 1
    assert "--force" in done.stderr
    forced = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path), "--force"])
    assert "no checkpoint" in forced.stderr
    assert (tmp_path / "table.md").read_text() == "mine"


def test_what_cannot_be_read_is_said_in_one_sentence(
    scenes, checkpoints, tmp_path
) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        evaluate(EvaluateSettings(scenes, tmp_path / "no.safetensors"))
    with pytest.raises(DatasetError, match="pano prepare"):
        evaluate(EvaluateSettings(tmp_path, checkpoints[0]))
    with pytest.raises(DatasetError, match="'train'"):
        evaluate(EvaluateSettings(scenes, checkpoints[0], split="train"))


def test_every_file_has_its_own_name(tmp_path) -> None:
    files = EvaluationFiles.of(tmp_path)
    names = [files.results, files.table, *files.plots.values()]
    assert len(set(names)) == len(names)


def test_help_needs_neither_torch_nor_matplotlib() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pano_jobs.cli import main\n"
        "try: main(['evaluate', '--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
