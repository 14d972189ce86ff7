from dataclasses import replace
from pathlib import Path

import pytest
import torch

from soundloc.batches import BatchDrawer
from soundloc.calibrate import calibrate_confidence
from soundloc.errors import CheckpointError
from soundloc.evaluate import evaluate
from soundloc.model import LocalizerConfig, SoundLocalizationNet
from soundloc.objective import StepReport
from soundloc.train import Training, TrainSettings, trainable
from tests.soundloc.worlds import draw_world

SETTINGS = TrainSettings(
    n_steps=4, n_pictures=4, n_per_picture=2, n_foreign=4, n_cells=24, warmup_steps=1
)


def related(a: str | None, b: str | None) -> bool:
    return a == b


def fresh_net() -> SoundLocalizationNet:
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="conv5+conv7",
        temperature=0.07,
        sound_norm="standardise",
        neck_dropout=0.1,
    )
    return SoundLocalizationNet(config)


def start(settings: TrainSettings = SETTINGS) -> Training:
    drawer = BatchDrawer(draw_world(), related=related, seed=0)
    return Training(fresh_net(), drawer, settings)


def test_two_steps_a_resume_and_two_more_are_four_steps(tmp_path: Path) -> None:
    whole = start()
    whole.run()
    first = start()
    first.run(until=2)
    first.save(tmp_path / "state.safetensors")
    second = start()
    second.resume(tmp_path / "state.safetensors")
    second.run()
    whole.finish()
    second.finish()
    ours, theirs = trainable(whole.net), trainable(second.net)
    assert second.step == 4
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_other_settings_cannot_resume(tmp_path: Path) -> None:
    training = start()
    training.run(until=1)
    training.save(tmp_path / "state.safetensors")
    other = start(TrainSettings(n_steps=5))
    with pytest.raises(CheckpointError, match="other settings"):
        other.resume(tmp_path / "state.safetensors")


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"no state")
    with pytest.raises(CheckpointError, match="delete it"):
        start().resume(tmp_path / "state.safetensors")


def test_the_trunks_do_not_train() -> None:
    training = start()
    before = {
        name: p.clone()
        for name, p in training.net.named_parameters()
        if ".trunk." in name
    }
    training.run(until=2)
    after = dict(training.net.named_parameters())
    assert before
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_small_world_is_learned_and_pointed_at() -> None:
    settings = TrainSettings(
        n_steps=60, n_pictures=6, n_cells=48, warmup_steps=5, ema_decay=0.9
    )
    training = start(settings)
    reports: list[StepReport] = []
    untrained = evaluate(training.net, draw_world(seed=5), related=related)
    training.run(on_step=reports.append)
    training.finish()
    calibrate_confidence(training.net, draw_world(seed=4), related=related)
    trained = evaluate(training.net, draw_world(seed=5), related=related)
    assert reports[-1].supervised < 0.5 * reports[0].supervised
    assert untrained.pointing.mean < 0.5
    assert trained.pointing.mean > 0.9
    assert trained.pointing_prior.mean < 0.6
    assert trained.nowhere_auroc > 0.9


def test_a_dead_sound_branch_is_noticed() -> None:
    report = replace(start_report(), h_cosine=0.995, f_v_cosine=0.5)
    assert report.sound_is_dead
    (words,) = report.warnings()
    assert "standardise" in words
    assert not replace(report, h_cosine=0.5).warnings()


def test_a_collapsed_visual_embedding_is_noticed() -> None:
    report = replace(start_report(), h_cosine=0.5, f_v_cosine=0.995)
    assert report.has_collapsed
    (words,) = report.warnings()
    assert "every picture" in words


def start_report() -> StepReport:
    reports: list[StepReport] = []
    start().run(until=1, on_step=reports.append)
    return reports[0]
