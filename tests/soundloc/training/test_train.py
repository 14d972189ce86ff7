import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from soundloc.architecture.config import LocalizerConfig
from soundloc.data.feature_cache import FeatureCache
from soundloc.errors import CheckpointError
from soundloc.evaluation.reporting.brief import evaluate
from soundloc.network.model import SoundLocalizationNet
from soundloc.training.batch_sampler import Batch, BatchSampler
from soundloc.training.calibrate_confidence import calibrate_confidence
from soundloc.training.kind_anchors import KindAnchors
from soundloc.training.objective import LossWeights, Objective, StepReport, batch_loss
from soundloc.training.train import Training, TrainSettings, trainable
from tests.soundloc.worlds import draw_world

SETTINGS = TrainSettings(
    n_steps=4, n_pictures=4, n_per_picture=2, n_foreign=4, n_cells=24, warmup_steps=1
)


def related(a: str | None, b: str | None) -> bool:
    return a == b


def fresh_net(*, judges_sound: bool = False) -> SoundLocalizationNet:
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="conv5+conv7",
        temperature=0.07,
        sound_norm="standardise",
        neck_dropout=0.1,
        judges_sound=judges_sound,
    )
    return SoundLocalizationNet(config)


def start(
    settings: TrainSettings = SETTINGS, *, judges_sound: bool = False
) -> Training:
    sampler = BatchSampler(draw_world(), related=related, seed=0)
    return Training(fresh_net(judges_sound=judges_sound), sampler, settings)


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


def test_a_state_with_the_older_tensor_names_resumes(tmp_path: Path) -> None:
    settings = TrainSettings(n_steps=2, n_pictures=4, n_cells=48)
    first = start(settings, judges_sound=True)
    first.run(until=1)
    first.save(tmp_path / "new.safetensors")
    with safe_open(tmp_path / "new.safetensors", framework="pt") as stored:
        older = {
            name.replace(".presence_head.", ".judge."): stored.get_tensor(name)
            for name in stored.keys()  # noqa: SIM118  # no mapping
        }
        save_file(older, tmp_path / "old.safetensors", stored.metadata())
    second = start(settings, judges_sound=True)
    second.resume(tmp_path / "old.safetensors")
    first.run()
    second.run()
    ours, theirs = trainable(first.net), trainable(second.net)
    assert any(".presence_head." in name for name in ours)
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


def test_what_has_no_place_is_told_by_its_sound_alone() -> None:
    settings = TrainSettings(
        n_steps=60, n_pictures=6, n_cells=48, warmup_steps=5, ema_decay=0.9
    )
    training = start(settings, judges_sound=True)
    training.run()
    training.finish()
    head, world = training.net.sound.head, draw_world(seed=5)

    @torch.no_grad()
    def presence(pooled: NDArray[np.floating]) -> Tensor:
        return head.embed(torch.from_numpy(np.float32(pooled))).presence

    placed, noise = presence(world.sounds[:, 0]), presence(world.noises)
    assert placed.min() > noise.max()
    with torch.no_grad():
        head.presence_head.bias.sub_(30.0)  # nothing has a place
    assert presence(world.sounds[:, 0]).max() < 0.01
    calibrate_confidence(training.net, draw_world(seed=4), related=related)
    assert presence(world.sounds[:, 0]).min() > 0.9
    assert presence(world.noises).max() < 0.1


def test_a_dead_sound_branch_is_noticed() -> None:
    report = replace(start_report(), h_cosine=0.995, f_v_cosine=0.5)
    assert report.sound_is_dead
    (words,) = report.warnings()
    assert "standardise" in words
    assert not replace(report, h_cosine=0.5).warnings()


def test_a_collapsed_visual_embedding_is_noticed() -> None:
    report = replace(start_report(), h_cosine=0.5, f_v_cosine=0.9995)
    assert report.has_collapsed
    (words,) = report.warnings()
    assert "every picture" in words


def start_report() -> StepReport:
    reports: list[StepReport] = []
    start().run(until=1, on_step=reports.append)
    return reports[0]


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from tests.soundloc.training.test_train import start
torch.set_num_threads(1)
state, last = Path(sys.argv[1]), int(sys.argv[2])
training = start()
for step in range(last):
    training.run(until=step + 1)
    training.save(state)
training.run(until=last + 1)
half = state.with_stem(state.stem + ".part")
half.write_bytes(b"half a st")  # killed while saving
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_training_killed_at_a_random_step_ends_with_the_same_weights(
    tmp_path: Path,
) -> None:
    last = random.Random(0).randint(1, SETTINGS.n_steps - 1)
    state = tmp_path / "state.safetensors"
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    child = subprocess.run(
        [sys.executable, "-c", KILLED, state, str(last)],
        env=environment,
        cwd=root,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    whole, resumed = start(), start()
    whole.run()
    resumed.resume(state)
    assert resumed.step == last
    resumed.run()
    torch.set_num_threads(n_threads)
    ours, theirs = trainable(whole.net), trainable(resumed.net)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def seen_twice() -> FeatureCache:
    """Look at the tiny world again, turned by two cells and in other noise."""
    world = draw_world()
    noise = np.random.default_rng(0).normal(0, 0.3, world.pictures.shape)
    turned = np.roll(world.pictures, 2, axis=3) + noise
    cells = np.roll(np.arange(48).reshape(6, 8), 2, axis=1).ravel()
    behind = np.tile(cells, (len(turned), 1))
    return replace(world, views=turned.astype(np.float16), behind=behind)


@pytest.mark.slow
def test_equivariance_brings_two_views_of_a_place_together() -> None:
    told, untold = LossWeights(equivariance=0.1), LossWeights()
    after = []
    for weights in (told, untold):
        settings = replace(SETTINGS, n_steps=40, n_pictures=6, n_cells=48)
        settings = replace(settings, objective=Objective(weights))
        training = training_of(seen_twice(), settings)
        net, batch = training.net.eval(), a_batch(seen_twice())
        _, report = batch_loss(net, training.anchors, batch, Objective(told), step=0)
        after.append(report.equivariance)
    assert after[0] < after[1]


def test_equivariance_needs_a_second_view() -> None:
    settings = replace(SETTINGS, objective=Objective(LossWeights(equivariance=0.1)))
    with pytest.raises(ValueError, match="second view"):
        training_of(draw_world(), settings)


def bells_at_bells(seen: str | None, heard: str | None) -> bool:
    return seen == heard == "bell"


def test_a_sound_learns_not_to_point_even_at_its_own() -> None:
    told, untold = LossWeights(silence=1.0), LossWeights(silence=0.0)
    sampler = BatchSampler(draw_world(), related=related, never=bells_at_bells, seed=0)
    pictures = sampler.draw_pictures(0, 6)
    batch = sampler.draw(0, pictures=pictures, n_per_picture=3, n_foreign=4)
    after = []
    for weights in (told, untold):
        settings = replace(SETTINGS, n_steps=10, n_pictures=6, n_cells=48)
        settings = replace(settings, objective=Objective(weights))
        training = Training(fresh_net(), sampler, settings)
        training.run()
        net = training.net.eval()
        _, report = batch_loss(net, training.anchors, batch, Objective(told), step=0)
        after.append(report.silence)
    assert 0.0 < after[0] < 0.5 * after[1]


def a_batch(cache: FeatureCache) -> Batch:
    sampler = BatchSampler(cache, related=related, seed=9)
    return sampler.draw(0, pictures=np.arange(6), n_per_picture=2, n_foreign=4)


def training_of(cache: FeatureCache, settings: TrainSettings) -> Training:
    training = Training(
        fresh_net(), BatchSampler(cache, related=related, seed=0), settings
    )
    training.run()
    return training


def test_the_papers_truth_is_not_scaled() -> None:
    # Eq. 8 on binary boxes of 4 cells is about four times that of scaled ones.
    batch = a_batch(draw_world())
    net = fresh_net().eval()
    only = LossWeights(0.5, 0.0, 0.0, 0.0, 0.0, 0.0)
    reports = [
        batch_loss(
            net, KindAnchors(3, 512), batch, Objective(only, truth_norm=norm), step=0
        )[1]
        for norm in ("sum", "paper")
    ]
    assert reports[1].supervised == pytest.approx(4 * reports[0].supervised, rel=1e-4)
    assert reports[0].contrast == reports[0].ratio == 0.0
