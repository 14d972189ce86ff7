import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from soundloc.training.workers import Workers

TOGETHER = """
import sys
import torch, torch.distributed as dist
from soundloc.training.batch_sampler import BatchSampler
from soundloc.training.train import Training, TrainSettings, trainable
from soundloc.training.workers import Workers
from tests.soundloc.training.test_train import fresh_net, related
from tests.soundloc.worlds import draw_world

store, rank, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
workers = Workers.of_torchrun()
settings = TrainSettings(n_steps=3, n_pictures=3, n_per_picture=1, n_foreign=4,
                         n_cells=24, warmup_steps=1)
sampler = BatchSampler(draw_world(), related=related, seed=0)
training = Training(fresh_net(), sampler, settings, workers=workers)
losses = []
training.run(on_step=lambda report: losses.append(report.total))
workers.wait()
weights = [p.detach() for p in trainable(training.net).values()]
torch.save({"weights": weights, "losses": losses}, target)
"""


def test_alone_there_is_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert Workers.of_torchrun() == Workers(0, 1)
    parameter = nn.Parameter(torch.ones(2))
    parameter.grad = torch.full((2,), 3.0)
    Workers().share_gradients([parameter])
    assert parameter.grad.tolist() == [3.0, 3.0]


def test_a_rank_beyond_the_workers_is_refused() -> None:
    with pytest.raises(ValueError, match="rank"):
        Workers(2, 2)


@pytest.mark.slow
def test_two_workers_see_different_batches_and_learn_the_same(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "WORLD_SIZE": "2", "PYTHONPATH": str(root)}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER, tmp_path / "store", str(rank), target],
            env=environment,
            cwd=root,
        )
        for rank, target in enumerate((tmp_path / "0.pt", tmp_path / "1.pt"))
    ]
    assert [child.wait(timeout=300) for child in children] == [0, 0]
    first, second = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)
    )
    assert first["losses"] != second["losses"]
    pairs = zip(first["weights"], second["weights"], strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
