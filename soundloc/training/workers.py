"""Distributed training: several processes, as `torchrun` starts them, share gradients.

The heads are small and their features cached, so that plain averaging of gradients
does what a wrapper around the network would, and stays readable.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn


@dataclass(frozen=True, slots=True)
class Workers:
    """The world size of a training, and this process's rank."""

    rank: int = 0
    n: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.n:
            raise ValueError(f"rank must be in [0, {self.n}), got {self.rank}")

    @classmethod
    def of_torchrun(cls) -> Workers:
        """Join the processes that `torchrun` started; alone without it."""
        n = int(os.environ.get("WORLD_SIZE", "1"))
        if n == 1:
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(dist.get_rank(), n)

    def device(self) -> torch.device:
        """Choose where this process computes: a GPU of its own where there are some."""
        if not torch.cuda.is_available():
            return torch.device("cpu")
        local = int(os.environ.get("LOCAL_RANK", "0"))
        return torch.device("cuda", local % torch.cuda.device_count())

    def share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average the gradients of all processes, in place."""
        if self.n == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)
            parameter.grad /= self.n

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.n > 1:
            dist.barrier()
