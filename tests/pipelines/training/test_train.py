from pathlib import Path

import pytest
import torch

from pano_jobs.training.presets import PRESETS
from pano_jobs.training.train import TrainJobSettings, train
from soundloc.errors import CheckpointError, DatasetError
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

    monkeypatch.setattr(SoundLocalizationNet, "load_pretrained_trunks", load)


@pytest.mark.slow
def test_a_pair_set_becomes_a_checkpoint(pair_set: Path, tmp_path: Path) -> None:
    target = tmp_path / "net.safetensors"
    log = tmp_path / "log.csv"
    result = train(TrainJobSettings(pair_set, target, n_steps=3, log=log))
    checkpoint = load_checkpoint(target)
    assert checkpoint.step == result.n_steps == 3
    assert checkpoint.net.config == PRESETS["light"].config
    assert checkpoint.metrics["pointing"] == pytest.approx(result.test.pointing.mean)
    assert len(log.read_text().splitlines()) == 1 + 3
    assert [p.name for p in tmp_path.glob("*.training.safetensors")] == []


@pytest.mark.slow
@pytest.mark.parametrize("interrupted", ["training", "head 2"])
def test_an_interrupted_training_goes_on(
    pair_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: str
) -> None:
    monkeypatch.setattr("pano_jobs.training.fit.SAVE_EVERY", 2)
    whole, resumed = tmp_path / "whole.safetensors", tmp_path / "resumed.safetensors"
    train(TrainJobSettings(pair_set, whole, n_steps=4))

    def interrupt(what: str, done: int, total: int) -> None:
        if what == interrupted and done == 3:
            raise KeyboardInterrupt

    settings = TrainJobSettings(pair_set, resumed, n_steps=4)
    with pytest.raises(KeyboardInterrupt):
        train(settings, on_step=interrupt)
    assert not resumed.exists()
    seen: list[int] = []
    train(settings, on_step=lambda what, done, _: seen.append(done))
    ours = load_checkpoint(whole).net.state_dict()
    theirs = load_checkpoint(resumed).net.state_dict()
    assert seen[0] == 3
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_folder_that_is_no_pair_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="pano prepare"):
        train(TrainJobSettings(tmp_path, tmp_path / "net.safetensors"))


def test_a_missing_folder_is_refused_before_the_work(pair_set: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        train(
            TrainJobSettings(pair_set, pair_set / "no" / "net.safetensors", n_steps=1)
        )
