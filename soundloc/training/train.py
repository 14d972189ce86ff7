"""The training loop of the heads: readable, resumable, over cached features.

The trunks stay frozen; the neck of the visual stream, FC9 and FC10 of the sound
stream, f_v's layers and the confidence train. A step is a pure function of the seed,
its number and the state before it, so n steps equal k, a resume, and n - k more, bit
for bit. Several processes (torchrun) average their gradients at every step.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from soundloc.checkpoint_file import present_names
from soundloc.errors import CheckpointError
from soundloc.network.model import SoundLocalizationNet
from soundloc.training.batch_sampler import BatchSampler
from soundloc.training.kind_anchors import KindAnchors
from soundloc.training.objective import Objective, StepReport, batch_loss
from soundloc.training.workers import Workers
from soundloc.whole_file import written_whole

logger = logging.getLogger(__name__)

# Fresh heads answer everything alike; who still does after so many steps is warned of.
_WARN_EVERY = 100
_STATE_FORMAT = "soundloc.training/1"


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """Hyperparameters of one training.

    Parameters
    ----------
    n_steps
        Steps of the whole training.
    n_pictures, n_per_picture, n_foreign
        Pictures of a batch, sounds asked of each, and sounds that belong to none.
    n_cells
        Cells of each picture that a step looks at.
    learning_rate, weight_decay
        Of AdamW, which without decay is the paper's Adam.
    schedule
        `cosine` falls to zero over the training after a warm-up; the paper's rate is
        `constant`.
    ema_decay
        Of the averaged weights, which are the result; 0 keeps the last ones.
    objective
        The losses.
    """

    n_steps: int = 3000
    n_pictures: int = 12
    n_per_picture: int = 3
    n_foreign: int = 12
    n_cells: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_steps: int = 100
    ema_decay: float = 0.998
    objective: Objective = field(default_factory=Objective)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_steps < 1 or self.n_pictures < 2 or self.n_per_picture < 1:
            raise ValueError(f"a training needs steps, pictures and sounds, got {self}")
        if not 0.0 <= self.ema_decay < 1.0:
            raise ValueError(f"ema_decay must be in [0, 1), got {self.ema_decay}")


def trainable(net: SoundLocalizationNet) -> dict[str, nn.Parameter]:
    """Return the parameters that train, by name; the trunks' do not."""
    return {
        name: parameter
        for name, parameter in net.named_parameters()
        if parameter.requires_grad and ".trunk." not in name
    }


class Training:
    """A training in progress, which can be saved and resumed.

    Parameters
    ----------
    net
        Trained in place, on the CPU or a GPU; after `finish` it holds the averaged
        weights.
    workers
        Several processes that each train on batches of their own and share what they
        learn at every step; by default this one alone.
    """

    def __init__(
        self,
        net: SoundLocalizationNet,
        sampler: BatchSampler,
        settings: TrainSettings,
        *,
        workers: Workers | None = None,
    ) -> None:
        self.net, self.sampler, self.settings = net, sampler, settings
        self.workers = workers or Workers()
        self.step = 0
        self._device = next(net.parameters()).device
        self.anchors = KindAnchors(len(sampler.kinds), net.config.joint_dim).to(
            self._device
        )
        self._parameters = trainable(net) | {
            f"anchors.{name}": p for name, p in self.anchors.named_parameters()
        }
        self._averages = {n: p.detach().clone() for n, p in self._parameters.items()}
        self._optimizer = torch.optim.AdamW(
            self._parameters.values(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )

    def run(
        self,
        *,
        until: int | None = None,
        on_step: Callable[[StepReport], None] | None = None,
    ) -> None:
        """Train up to a step, by default the last."""
        stop = self.settings.n_steps if until is None else until
        self.net.train()
        while self.step < stop:
            report = self._train_step()
            if report.step % _WARN_EVERY == _WARN_EVERY - 1:
                for words in report.warnings():
                    logger.warning("step %d: %s", report.step, words)
            if on_step is not None:
                on_step(report)

    def finish(self) -> None:
        """Put the averaged weights into the network."""
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(self._averages[name])
        self.net.eval()

    def _train_step(self) -> StepReport:
        settings = self.settings
        # Every worker sees batches of its own.
        number = self.step * self.workers.n + self.workers.rank
        pictures = self.sampler.draw_pictures(number, settings.n_pictures)
        batch = self.sampler.draw(
            number,
            pictures=pictures,
            n_per_picture=settings.n_per_picture,
            n_foreign=settings.n_foreign,
        ).thinned(settings.n_cells, seed=number)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._rate_share()
        torch.manual_seed(settings.seed * 1_000_003 + number)  # dropout
        # Half precision where the hardware is made for it; the loss is the same.
        mixed = torch.autocast(
            self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"
        )
        with mixed:
            total, report = batch_loss(
                self.net,
                self.anchors,
                batch.to(self._device),
                settings.objective,
                step=self.step,
            )
        self._optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.workers.share_gradients(self._parameters.values())
        nn.utils.clip_grad_norm_(self._parameters.values(), 1.0)
        self._optimizer.step()
        self._average()
        self.step += 1
        return report

    def _rate_share(self) -> float:
        settings = self.settings
        warm = min(1.0, (self.step + 1) / max(1, settings.warmup_steps))
        if settings.schedule == "constant":
            return warm
        return warm * 0.5 * (1.0 + math.cos(math.pi * self.step / settings.n_steps))

    @torch.no_grad()
    def _average(self) -> None:
        # A young average would remember the start; let it forget faster at first.
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        for name, parameter in self._parameters.items():
            self._averages[name].lerp_(parameter, 1.0 - decay)

    def save(self, path: Path) -> None:
        """Write everything a resume needs, beside and then renamed."""
        if self.workers.rank > 0:
            return  # all workers hold the same
        tensors = {f"net.{n}": p.detach() for n, p in self._parameters.items()}
        tensors |= {f"average.{n}": a for n, a in self._averages.items()}
        for name, parameter in self._parameters.items():
            for key, value in self._optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = value
        metadata = {
            "format": _STATE_FORMAT,
            "step": str(self.step),
            "settings": json.dumps(asdict(self.settings)),
        }
        with written_whole(path) as part:
            save_file({n: t.contiguous() for n, t in tensors.items()}, part, metadata)

    def resume(self, path: Path) -> None:
        """Go on where `save` left off.

        Raises
        ------
        CheckpointError
            If the file is damaged or belongs to a training with other settings.
        """
        try:
            with safe_open(path, framework="pt") as stored:
                metadata = stored.metadata() or {}
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # no mapping
        except (OSError, SafetensorError) as error:
            raise CheckpointError(
                f"{path} cannot be resumed from: {error}; delete it to start anew."
            ) from error
        ours = json.dumps(asdict(self.settings))
        if metadata.get("format") != _STATE_FORMAT or metadata["settings"] != ours:
            raise CheckpointError(
                f"{path} belongs to a training with other settings; "
                "delete it to start anew, or train with the same settings."
            )
        self.step, tensors = int(metadata["step"]), present_names(tensors)
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(tensors[f"net.{name}"])
                self._averages[name].copy_(tensors[f"average.{name}"])
                suffix = f".{name}"
                self._optimizer.state[parameter] = {
                    key.removeprefix("adam.").removesuffix(suffix): (
                        value if key.startswith("adam.step.") else value.to(parameter)
                    )
                    for key, value in tensors.items()
                    if key.startswith("adam.") and key.split(".", 2)[2] == name
                }
