"""The whole job on a drawn pair set and a network of random weights."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from pano_jobs.cli import main
from pano_jobs.outputs import check_results
from pano_jobs.retrieval.query import QuerySettings, search
from pano_jobs.retrieval.report import all_tables
from pano_jobs.retrieval.retrieve import RetrievalFiles, RetrieveSettings, retrieve
from soundloc.architecture.config import LocalizerConfig
from soundloc.data.pairs import (
    SAMPLE_RATE_HZ,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)
from soundloc.errors import CheckpointError, DatasetError
from soundloc.inference.torch_engine import TorchEngine
from soundloc.network.checkpoint import save_checkpoint
from soundloc.network.model import SoundLocalizationNet

PITCHES_HZ = {"red": 200.0, "green": 900.0, "blue": 3000.0}
COLORS_BGR = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0)}
N_PICTURES = 6


def hum(pitch_hz: float):
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    return np.float32(0.3 * np.sin(2 * np.pi * pitch_hz * time_s))


def two_squares(left: str, right: str):
    image = np.full((64, 128, 3), 110, np.uint8)
    image[16:48, 16:48] = COLORS_BGR[left]
    image[16:48, 80:112] = COLORS_BGR[right]
    return image


@pytest.fixture
def pair_set(tmp_path: Path) -> Path:
    folder = tmp_path / "pairs"
    folder.mkdir()
    kinds = list(PITCHES_HZ)
    pictures, sounds = [], []
    for number in range(N_PICTURES):
        left, right = kinds[number % 3], kinds[(number + 1 + number // 3) % 3]
        cv2.imwrite(str(folder / f"{number}.png"), two_squares(left, right))
        objects = (PlacedObject(left), PlacedObject(right))
        pictures.append(PictureEntry(f"{number}.png", "test", f"{number}", objects))
    for kind, pitch_hz in PITCHES_HZ.items():
        for number in range(2):
            name = f"{kind}-{number}.wav"
            write_sound(folder / name, hum(pitch_hz + 10.0 * number))
            sounds.append(SoundEntry(name, kind, "test", name))
    write_tables(folder, pictures, sounds)
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="conv5+conv7",
        sound_norm="standardise",
        temperature=0.07,
    )
    path = tmp_path_factory.mktemp("net") / "net.safetensors"
    save_checkpoint(path, SoundLocalizationNet(config), step=0, metrics={})
    return path


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PANO_SOUNDNET", raising=False)
    # Hearing 240 noises and drawing 1,000 samples would take nearly all the time.
    monkeypatch.setattr("soundloc.data.feature_cache.N_NOISES", 2)
    monkeypatch.setattr("soundloc.scoring.intervals._N_BOOTSTRAPS", 50)
    # So would compiling a network for six small pictures.
    monkeypatch.setattr("pano_jobs.training.features.choose_engine", TorchEngine)


def run(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_pair_set_is_measured_and_shown(
    pair_set: Path, checkpoint: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    options = ("--checkpoint", checkpoint, "-o", folder, "--k", "1,3", "--json")
    done = run("retrieve", pair_set, *options)
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    files = RetrievalFiles.of(folder)
    assert json.loads(files.results.read_text()) == printed
    figures = printed["figures"]
    assert figures["n_pairs"] == N_PICTURES
    assert figures["conditional"]["n_pictures"] == N_PICTURES
    assert "kinds" in figures["pseudo_labels"]
    assert {Path(name).name for name in printed["files"]} == {
        path.name for path in folder.iterdir()
    }
    for path in (files.plot, *files.sheets):
        assert cv2.imread(str(path)) is not None


def test_the_tables_say_what_the_figures_say(pair_set: Path, checkpoint: Path) -> None:
    result = retrieve(RetrieveSettings(pair_set, checkpoint=checkpoint, ks=(1, 3)))
    words = result.words()
    assert result.files == ()
    for search_ in result.figures.searches:
        if search_.criterion == "shown":
            mean = 100 * search_.figures.average_precision.mean
            assert f"{mean:.1f} [" in words
    tables = {table.title.split(",")[0]: table for table in all_tables(result.figures)}
    by_kind = tables["Sound → picture by kind"]
    assert {row[0] for row in by_kind.rows} == set(PITCHES_HZ)
    assert sum(int(row[1]) for row in by_kind.rows) == N_PICTURES
    for table in tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert table.markdown().count("\n") == len(table.rows) + 3


def test_videos_without_kinds_are_judged_by_their_own_sound(
    tmp_path: Path, checkpoint: Path
) -> None:
    pictures, sounds = [], []
    for number, color in enumerate(("red", "green", "blue")):
        name = f"clip-{number}"
        cv2.imwrite(str(tmp_path / f"{name}.png"), two_squares(color, color))
        write_sound(tmp_path / f"{name}.wav", hum(300.0 * (number + 1)))
        objects = (PlacedObject(None, instance=name),)
        pictures.append(PictureEntry(f"{name}.png", "test", name, objects))
        sounds.append(SoundEntry(f"{name}.wav", None, "test", name, instance=name))
    write_tables(tmp_path, pictures, sounds)
    settings = RetrieveSettings(
        tmp_path, checkpoint=checkpoint, target=tmp_path / "out", ks=(1, 2)
    )
    check_results(RetrievalFiles.of(tmp_path / "out").all(), overwrite=False)
    result = retrieve(settings)
    assert "of one pair" in result.words()
    assert "NaN" not in (tmp_path / "out" / "results.json").read_text()
    assert result.figures.conditional is None
    assert not (tmp_path / "out" / "conditional-pictures.png").exists()
    figures = result.figures.searches[0].figures
    assert figures.n_queries == 3


def test_what_exists_is_not_overwritten(
    pair_set: Path, checkpoint: Path, tmp_path: Path
) -> None:
    old = tmp_path / "table.md"
    old.write_text("mine")
    options = ("--checkpoint", checkpoint, "-o", tmp_path)
    refused = run("retrieve", pair_set, *options)
    assert refused.exit_code == 1
    assert "table.md exists" in refused.stderr
    assert old.read_text() == "mine"
    assert not (pair_set / "features").exists()  # refused before the work
    assert run("retrieve", pair_set, *options, "--force").exit_code == 0
    assert old.read_text().startswith("# Retrieval")


def test_a_limit_draws_fewer_pictures(pair_set: Path, checkpoint: Path) -> None:
    result = retrieve(RetrieveSettings(pair_set, checkpoint=checkpoint, n_pairs=4))
    assert result.figures.n_pairs == 4
    assert result.n_pictures == N_PICTURES


def test_numbers_of_neighbours_must_be_numbers(pair_set: Path) -> None:
    refused = run("retrieve", pair_set, "--k", "1,many")
    assert refused.exit_code == 2
    assert "1,5,10,20" in refused.stderr


def test_a_soundnet_that_was_named_must_be_one(
    pair_set: Path, checkpoint: Path, tmp_path: Path
) -> None:
    settings = RetrieveSettings(
        pair_set, checkpoint=checkpoint, soundnet=tmp_path / "missing.npy"
    )
    with pytest.raises(CheckpointError):
        retrieve(settings)


def test_a_picture_of_the_set_with_its_sound_finds_itself(
    pair_set: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "found"
    done = run(
        # The packaged checkpoint: random weights hardly tell pictures apart.
        *("retrieve", pair_set, "-o", folder),
        *("--picture", pair_set / "4.png", "--sound", pair_set / "blue-1.wav"),
        *("--k", "3", "--json"),
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["found"]
    assert len(found) == 3
    assert found[0]["file"] == "4.png"
    # The set's features are kept in 16 bits.
    assert found[0]["similarity"] == pytest.approx(1.0, abs=1e-3)
    assert found[0]["similarity"] > found[1]["similarity"] + 1e-3
    assert sorted(path.name for path in folder.iterdir()) == ["found.json", "found.png"]


def test_a_sound_alone_finds_pictures_and_a_picture_sounds(
    pair_set: Path, checkpoint: Path
) -> None:
    by_sound = search(
        QuerySettings(pair_set, sound=pair_set / "red-0.wav", checkpoint=checkpoint)
    )
    assert {found.file for found in by_sound.found} == {
        f"{i}.png" for i in range(N_PICTURES)
    }
    by_picture = search(
        QuerySettings(pair_set, picture=pair_set / "0.png", checkpoint=checkpoint)
    )
    assert {found.shows for found in by_picture.found} == set(PITCHES_HZ)
    for found in (by_sound.found, by_picture.found):
        likeness = [x.similarity for x in found]
        assert likeness == sorted(likeness, reverse=True)
    assert by_sound.words().splitlines()[0].endswith(by_sound.found[0].shows)


def test_a_picture_of_another_size_is_brought_to_the_sets(
    pair_set: Path, checkpoint: Path, tmp_path: Path
) -> None:
    large = cv2.resize(two_squares("green", "blue"), (640, 320))
    cv2.imwrite(str(tmp_path / "large.png"), large)
    found = search(
        QuerySettings(
            pair_set,
            picture=tmp_path / "large.png",
            sound=pair_set / "blue-0.wav",
            checkpoint=checkpoint,
        )
    ).found
    assert len(found) == N_PICTURES


@pytest.mark.parametrize("option", ["--picture", "--sound"])
def test_a_missing_query_is_named(
    pair_set: Path, checkpoint: Path, tmp_path: Path, option: str
) -> None:
    missing = tmp_path / "missing.any"
    refused = run("retrieve", pair_set, "--checkpoint", checkpoint, option, missing)
    assert refused.exit_code == 1
    assert "missing.any: no such file" in refused.stderr
    assert not (pair_set / "features").exists()


def test_silence_finds_nothing(
    pair_set: Path, checkpoint: Path, tmp_path: Path
) -> None:
    silence = tmp_path / "silence.wav"
    write_sound(silence, np.zeros(SAMPLE_RATE_HZ, np.float32))
    with pytest.raises(DatasetError, match="silent"):
        search(QuerySettings(pair_set, sound=silence, checkpoint=checkpoint))


def test_a_search_for_nothing_is_a_mistake(pair_set: Path) -> None:
    with pytest.raises(ValueError, match="a picture, a sound or both"):
        QuerySettings(pair_set)
