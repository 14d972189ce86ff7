"""The job `adapt` and its command, on drawn squares and networks of random weights."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray
from torch import nn

from pano_jobs.cli import main
from pano_jobs.datasets.sources.unlabelled_sounds import read_sounds
from pano_jobs.training.adapt import AdaptSettings, _unfinished_folder, adapt
from pano_jobs.training.features import load_features
from pano_jobs.training.presets import PRESETS, SoundTrunk
from pano_jobs.training.train import TrainJobSettings, train
from pano_jobs.training.trunks import load_trunks
from soundloc.adaptation.crops import CropSampler, CropSettings
from soundloc.adaptation.distill_logmel import N_PATCHES, DistillationSettings
from soundloc.adaptation.finetune import StateFile
from soundloc.data.pairs import SAMPLE_RATE_HZ, read_pair_set, write_sound
from soundloc.errors import CheckpointError, DatasetError
from soundloc.inference.torch_engine import TorchEngine
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SoundLocalizationNet
from tests.pipelines.humming_squares import draw_humming_squares


@pytest.fixture
def pair_set(tmp_path: Path) -> Path:
    return draw_humming_squares(tmp_path / "pairs")


@pytest.fixture(autouse=True)
def _trunks_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: SoundLocalizationNet, *, soundnet_path: Path | None = None) -> None:
        torch.manual_seed(3)
        for module in self.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d):
                module.reset_parameters()

    def see(self: SoundLocalizationNet) -> None:
        load(self)

    monkeypatch.setattr(SoundLocalizationNet, "load_pretrained_trunks", load)
    monkeypatch.setattr(SoundLocalizationNet, "load_pretrained_visual_trunk", see)
    small = partial(CropSampler, how=CropSettings(size_px=64, n_least=1))
    monkeypatch.setattr("pano_jobs.training.adapt.CropSampler", small)


def stored(weights: torch.Tensor) -> torch.Tensor:
    """Round as a checkpoint of half precision does."""
    return weights.half().float() if weights.ndim > 1 else weights


@pytest.mark.slow
def test_trunks_are_adapted_and_trained_on(pair_set: Path, tmp_path: Path) -> None:
    target = tmp_path / "trunks.safetensors"
    told: list[str] = []
    result = adapt(
        AdaptSettings(pair_set, target, n_sight_steps=20, n_hearing_steps=12),
        on_step=lambda what, done, total: told.append(what),
    )
    assert told == ["adapting hearing"] * 12 + ["adapting seeing"] * 20
    assert f"--trunks {target}" in result.words()
    config = PRESETS["light"].with_sound_trunk(SoundTrunk.SOUNDNET).config
    published, adapted = load_trunks(config, None), load_trunks(config, None, target)
    for name in ("visual.trunk", "sound.trunk"):
        before, after = (
            net.get_submodule(name).state_dict() for net in (published, adapted)
        )
        assert any(not torch.equal(stored(before[k]), after[k]) for k in before), name
    trained = tmp_path / "net.safetensors"
    train(TrainJobSettings(pair_set, trained, n_steps=1, trunks=target))
    kept = load_checkpoint(trained).net.sound.trunk.state_dict()
    expected = adapted.sound.trunk.state_dict()
    assert all(torch.equal(kept[k], expected[k]) for k in kept)


@pytest.mark.slow
@pytest.mark.parametrize("interrupted", ["adapting hearing", "adapting seeing"])
def test_an_interrupted_adaptation_goes_on(
    pair_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: str
) -> None:
    often = partial(StateFile, every=2)
    for stage in ("adapt_soundnet", "adapt_efficientnet"):
        monkeypatch.setattr(f"soundloc.adaptation.{stage}.StateFile", often)
    whole, resumed = tmp_path / "whole.safetensors", tmp_path / "resumed.safetensors"
    settings = AdaptSettings(pair_set, whole, n_sight_steps=4, n_hearing_steps=4)
    torch.manual_seed(5)  # the heads, which are written, too
    adapt(settings)

    def interrupt(what: str, done: int, total: int) -> None:
        if what == interrupted and done == 3:
            raise KeyboardInterrupt

    settings = replace(settings, target=resumed)
    torch.manual_seed(5)
    with pytest.raises(KeyboardInterrupt):
        adapt(settings, on_step=interrupt)
    assert not resumed.exists()
    told: list[tuple[str, int]] = []
    torch.manual_seed(5)
    adapt(settings, on_step=lambda what, done, total: told.append((what, done)))
    assert told[0] == (interrupted, 3)
    ours, theirs = (load_checkpoint(p).net.state_dict() for p in (whole, resumed))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"pairs", whole.name, resumed.name}


def test_adapted_trunks_have_features_of_their_own(
    pair_set: Path, tmp_path: Path
) -> None:
    target = tmp_path / "trunks.safetensors"
    adapt(AdaptSettings(pair_set, target, n_sight_steps=1, n_hearing_steps=0))
    config = PRESETS["light"].with_sound_trunk(SoundTrunk.SOUNDNET).config
    read = read_pair_set(pair_set)
    seen = []
    for trunks in (None, target):
        net = load_trunks(config, None, trunks)
        engine = TorchEngine(net.visual.trunk)
        seen.append(load_features(net, read, "test", clean=True, engine=engine))
    assert not np.array_equal(seen[0].pictures, seen[1].pictures)


def test_trunks_of_another_network_are_refused(tmp_path: Path, pair_set: Path) -> None:
    target = tmp_path / "trunks.safetensors"
    adapt(AdaptSettings(pair_set, target, n_sight_steps=0, n_hearing_steps=1))
    with pytest.raises(CheckpointError, match="other trunks"):
        load_trunks(PRESETS["paper"].config, None, target)


class HummingTeacher:
    """Says how loud each second is, in two ways."""

    def __init__(self, path: Path) -> None:
        assert path.name == "teacher.onnx"

    def teach(
        self, excerpt: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        seconds = np.array_split(excerpt, N_PATCHES)
        loud = np.array([[np.abs(s).mean(), s.max()] for s in seconds], np.float32)
        return np.abs(loud), loud - 0.1


def write_hums(folder: Path) -> None:
    folder.mkdir()
    hum = np.sin(np.arange(30_000) * 0.05).astype(np.float32)
    write_sound(folder / "hum.wav", hum)
    write_sound(folder / "long.wav", np.tile(hum, 20))
    write_sound(folder / "silent.wav", 0.0 * hum)
    (folder / "broken.ogg").write_bytes(b"no sound")
    (folder / "notes.txt").write_text("not a sound either")


def test_further_sounds_are_read_and_the_unusable_left_out(tmp_path: Path) -> None:
    write_hums(tmp_path / "hums")
    sounds = read_sounds(tmp_path / "hums")
    assert sorted(map(len, sounds)) == [30_000, 20 * SAMPLE_RATE_HZ]
    assert all(
        np.abs(sound).max() == pytest.approx(0.7 * 2**15, rel=0.01) for sound in sounds
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no sound"):
        read_sounds(tmp_path / "empty")


@pytest.mark.slow
def test_a_log_mel_trunk_is_taught_and_trained_on(
    pair_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pano_jobs.training.adapt.YamNet", HummingTeacher)
    few = partial(DistillationSettings, n_excerpts=3, n_patches=4)
    monkeypatch.setattr("pano_jobs.training.adapt.DistillationSettings", few)
    write_hums(tmp_path / "hums")
    target = tmp_path / "trunks.safetensors"
    words = ["adapt", str(pair_set), "-o", str(target), "--sound", "log-mel"]
    words += ["--teacher", str(tmp_path / "teacher.onnx")]
    words += ["--more-sounds", str(tmp_path / "hums")]
    words += ["--hearing-steps", "3", "--sight-steps", "1", "--sight-share", "0.5"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert {p.name for p in tmp_path.iterdir()} == {"hums", "pairs", target.name}
    trained = tmp_path / "net.safetensors"
    train(TrainJobSettings(pair_set, trained, n_steps=1, trunks=target))
    kept = load_checkpoint(trained).net.sound.trunk.state_dict()
    taught = load_checkpoint(target).net.sound.trunk.state_dict()
    assert all(torch.equal(kept[k], taught[k]) for k in taught)


def test_what_was_taught_for_another_set_is_not_gone_on_with(tmp_path: Path) -> None:
    target, own = tmp_path / "t.safetensors", tmp_path / "t.unfinished"
    own.mkdir()
    names = {
        _unfinished_folder(
            AdaptSettings(tmp_path / pairs, target, sound, teacher=file, trunks=file)
        )
        for pairs in ("one", "two")
        for sound in SoundTrunk
        for file in (None, tmp_path / "a.onnx")
    }
    assert len(names) == 8
    assert own not in names


def test_a_log_mel_trunk_without_a_teacher_is_wrong_usage(
    pair_set: Path, tmp_path: Path
) -> None:
    command = ["adapt", str(pair_set), "-o", str(tmp_path / "t.safetensors")]
    done = CliRunner().invoke(main, [*command, "--sound", "log-mel"])
    assert done.exit_code == 2
    assert "--teacher" in done.stderr
    idle = ["--sound", "log-mel", "--teacher", "t.onnx", "--soundnet", "sound8.npy"]
    done = CliRunner().invoke(main, [*command, *idle])
    assert done.exit_code == 2
    assert "--soundnet does nothing" in done.stderr
    done = CliRunner().invoke(main, [*command, "--more-sounds", str(tmp_path)])
    assert done.exit_code == 2
    assert "log-mel" in done.stderr


def test_a_target_without_a_folder_is_refused_at_once(pair_set: Path) -> None:
    with pytest.raises(CheckpointError, match="create it first"):
        adapt(AdaptSettings(pair_set, Path("nowhere") / "trunks.safetensors"))


def test_no_steps_at_all_are_wrong_usage(pair_set: Path, tmp_path: Path) -> None:
    command = ["adapt", str(pair_set), "-o", str(tmp_path / "t.safetensors")]
    steps = ["--sight-steps", "0", "--hearing-steps", "0"]
    done = CliRunner().invoke(main, [*command, *steps])
    assert done.exit_code == 2
    assert "nothing to adapt" in done.stderr
