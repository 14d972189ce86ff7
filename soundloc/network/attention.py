"""The localization module's equations (Senocak et al., section 3.3), without weights.

All work on the last two axes, so that one map or all pairs of b pictures and n sounds
go through the same lines.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from soundloc.architecture.config import PEAK_SHARE, Mechanism


def respond(V: Tensor, h: Tensor, *, mechanism: Mechanism) -> Tensor:
    """Compare every v_i of V (b, D, h, w) with every h (n, D): a, shape (b, n, h, w).

    The response lies in [-1, 1], as h has length 1; a sound without direction, h = 0,
    gives 0.
    """
    a = torch.einsum("bdij,nd->bnij", F.normalize(V, dim=1), h)
    return F.relu(a) if mechanism == "relu_cosine" else a  # Eq. 3, Eq. 2


def respond_pairwise(V: Tensor, h: Tensor, *, mechanism: Mechanism) -> Tensor:
    """Compare picture k of V (b, D, h, w) with sound k of h (b, D): a, (b, h, w).

    As in `respond`, h has length 1.
    """
    a = torch.einsum("bdij,bd->bij", F.normalize(V, dim=1), h)
    return F.relu(a) if mechanism == "relu_cosine" else a  # Eq. 3, Eq. 2


def attend(a: Tensor, *, temperature: float, log_prior: Tensor | None = None) -> Tensor:
    """Turn responses (..., h, w) into attention that sums to 1 over h, w (Eq. 1).

    Parameters
    ----------
    log_prior
        Added before the softmax, broadcast to (h, w): with the logarithm of the cells'
        solid angles the poles of a sphere are not counted too often.
    """
    logits = a / temperature
    if log_prior is not None:
        logits = logits + log_prior
    return F.softmax(logits.flatten(-2), dim=-1).view_as(a)  # Eq. 1


def locate(V: Tensor, alpha: Tensor) -> Tensor:
    """Average V (b, D, h, w) under the attention (b, h, w): z, shape (b, D)."""
    return torch.einsum("bij,bdij->bd", alpha, V)  # Eq. 4


def peak(a: Tensor) -> Tensor:
    """Average the strongest cells of (..., h, w), at least one: shape (...)."""
    cells = a.flatten(-2)
    n_strongest = max(1, int(cells.shape[-1] * PEAK_SHARE))
    return cells.topk(n_strongest, dim=-1).values.mean(-1)
