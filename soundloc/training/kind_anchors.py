"""Learned class anchors shared by both streams during training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_TEMPERATURE = 0.1


class KindAnchors(nn.Module):
    """One learned unit vector of the joint space per class (kind) of the material.

    Few thousand sounds teach FC9 and FC10 slowly through maps alone. Naming the kind
    of h, and of what is seen in the boxes, gives both streams a common frame early.
    The anchors serve the training only and are no part of the result.
    """

    def __init__(self, n_kinds: int, dim: int) -> None:
        super().__init__()
        self.directions = nn.Parameter(
            nn.functional.normalize(torch.randn(n_kinds, dim))
        )

    def forward(self, embeddings: Tensor, kinds: Tensor) -> Tensor:
        """Mean cross-entropy of classifying embeddings (n, D) as kinds (n,)."""
        directions = nn.functional.normalize(self.directions, dim=1)
        unit = nn.functional.normalize(embeddings, dim=1)
        known = kinds >= 0
        if not bool(known.any()):
            return embeddings.sum() * 0.0
        logits = unit[known] @ directions.T / _TEMPERATURE
        loss: Tensor = nn.functional.cross_entropy(logits, kinds[known])
        return loss
