"""The fine-tuning loop of a trunk: slow rates for its layers, fast for a new head."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from soundloc.errors import CheckpointError
from soundloc.whole_file import written_whole

OnStep = Callable[[int, float], None]

_FORMAT = "soundloc.descent/2"


@dataclass(frozen=True, slots=True)
class StateFile:
    """Where an interrupted finetuning is kept, and whose tensors belong to it.

    Parameters
    ----------
    net
        All that changes beside the head, running statistics included.
    every
        Steps between two times it is written.
    """

    path: Path
    net: nn.Module
    every: int = 200


@dataclass(frozen=True, slots=True)
class Finetuning:
    """Hyperparameters and loop of fine-tuning a trunk under a new head.

    Parameters
    ----------
    learning_rate, weight_decay
        Of the tuned layers.
    head_rate, head_decay
        Of the head, which starts from nothing.
    """

    n_steps: int
    learning_rate: float = 3e-4
    weight_decay: float = 0.02
    head_rate: float = 3e-3
    head_decay: float = 0.01
    warmup_steps: int = 100

    def __post_init__(self) -> None:
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be at least 1, got {self.n_steps}")

    def run(
        self,
        tuned: Sequence[nn.Parameter],
        head: nn.Module,
        loss_at: Callable[[int], Tensor],
        *,
        on_step: OnStep,
        state: StateFile | None = None,
    ) -> None:
        """Minimise the loss of each step, then freeze the tuned layers again.

        With a state file it goes on where it was interrupted, and removes the file in
        the end.

        Raises
        ------
        CheckpointError
            If the state file is damaged or of another finetuning.
        """
        for parameter in tuned:
            parameter.requires_grad_(True)
        slow = torch.optim.AdamW(
            tuned, lr=self.learning_rate, weight_decay=self.weight_decay
        )
        fast = torch.optim.AdamW(
            head.parameters(), lr=self.head_rate, weight_decay=self.head_decay
        )
        for step in range(self._resume(state, head, (slow, fast)), self.n_steps):
            share = self._rate_share(step)
            slow.param_groups[0]["lr"] = share * self.learning_rate
            fast.param_groups[0]["lr"] = share * self.head_rate
            loss = loss_at(step)
            slow.zero_grad()
            fast.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            slow.step()
            fast.step()
            if state is not None and (step + 1) % state.every == 0:
                self._save(state, head, (slow, fast), step + 1)
            on_step(step, float(loss.detach()))
        if state is not None:
            state.path.unlink(missing_ok=True)
        for parameter in tuned:
            parameter.requires_grad_(False)
            parameter.grad = None

    def _rate_share(self, step: int) -> float:
        """Return the share of the learning rates: a warm-up, then half a cosine."""
        warm = min(1.0, (step + 1) / self.warmup_steps)
        return warm * 0.5 * (1.0 + math.cos(math.pi * step / self.n_steps))

    def _save(
        self,
        state: StateFile,
        head: nn.Module,
        optimizers: Sequence[torch.optim.Optimizer],
        step: int,
    ) -> None:
        """Write everything a resume needs, beside and then renamed."""
        tensors = {f"net.{n}": t for n, t in state.net.state_dict().items()}
        tensors |= {f"head.{n}": t for n, t in head.state_dict().items()}
        for number, optimizer in enumerate(optimizers):
            for index, values in optimizer.state_dict()["state"].items():
                for key, value in values.items():
                    tensors[f"adam.{number}.{index}.{key}"] = value
        metadata = {"format": _FORMAT, "step": str(step), "descent": self._words()}
        tensors["rng"] = torch.get_rng_state()  # dropout's
        state.path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(state.path) as part:
            save_file({n: t.contiguous() for n, t in tensors.items()}, part, metadata)

    def _resume(
        self,
        state: StateFile | None,
        head: nn.Module,
        optimizers: Sequence[torch.optim.Optimizer],
    ) -> int:
        """Return the first step that is still to do."""
        if state is None or not state.path.exists():
            return 0
        try:
            with safe_open(state.path, framework="pt") as stored:
                metadata = stored.metadata() or {}
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # no mapping
        except (OSError, SafetensorError) as error:
            raise CheckpointError(
                f"{state.path} cannot be resumed from: {error}; delete it to start "
                "anew."
            ) from error
        if (metadata.get("format"), metadata.get("descent")) != (
            _FORMAT,
            self._words(),
        ):
            raise CheckpointError(
                f"{state.path} belongs to an adaptation with other settings; delete it "
                "to start anew, or adapt with the same settings."
            )
        state.net.load_state_dict(_under("net.", tensors))
        head.load_state_dict(_under("head.", tensors))
        for number, optimizer in enumerate(optimizers):
            stored_state: dict[int, dict[str, Tensor]] = {}
            for name, value in _under(f"adam.{number}.", tensors).items():
                index, key = name.split(".")
                stored_state.setdefault(int(index), {})[key] = value
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": stored_state, "param_groups": groups})
        torch.set_rng_state(tensors["rng"])
        return int(metadata["step"])

    def _words(self) -> str:
        return json.dumps(asdict(self))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
