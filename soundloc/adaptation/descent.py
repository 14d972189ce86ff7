"""The loop that adapts a trunk: a fast head, thrown away later, on slow layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

OnStep = Callable[[int, float], None]


@dataclass(frozen=True, slots=True)
class Descent:
    """How the layers of a trunk are tuned, and the head above them trained.

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
    ) -> None:
        """Minimise the loss of each step, then freeze the tuned layers again."""
        for parameter in tuned:
            parameter.requires_grad_(True)
        slow = torch.optim.AdamW(
            tuned, lr=self.learning_rate, weight_decay=self.weight_decay
        )
        fast = torch.optim.AdamW(
            head.parameters(), lr=self.head_rate, weight_decay=self.head_decay
        )
        for step in range(self.n_steps):
            share = self._rate_share(step)
            slow.param_groups[0]["lr"] = share * self.learning_rate
            fast.param_groups[0]["lr"] = share * self.head_rate
            loss = loss_at(step)
            slow.zero_grad()
            fast.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            slow.step()
            fast.step()
            on_step(step, float(loss.detach()))
        for parameter in tuned:
            parameter.requires_grad_(False)
            parameter.grad = None

    def _rate_share(self, step: int) -> float:
        """Return the share of the learning rates: a warm-up, then half a cosine."""
        warm = min(1.0, (step + 1) / self.warmup_steps)
        return warm * 0.5 * (1.0 + math.cos(math.pi * step / self.n_steps))
