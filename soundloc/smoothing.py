"""Smoothing the visual activation over neighbouring cells, on the sphere's grid too.

Every cell is judged by itself, and of thousands some always stand out by chance: the
highest cell of a map is often not the middle of the largest hill. A thing covers
several cells, so what a cell shows may be asked of its neighbours.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from soundloc.trunks.padding import wrap_columns

_REACH = 3  # of the Gaussian, in deviations


def smooth_directions(V: Tensor, deviation: float, *, wrap: bool | Tensor) -> Tensor:
    """Turn every v_i towards its neighbours, leaving its length as it is.

    Parameters
    ----------
    V
        (b, D, h, w).
    deviation
        Of the Gaussian that the directions are averaged with, in cells.
    wrap
        The pictures are periodic in x: all, none, or told one by one, (b,) of bool.
    """
    length: Tensor = V.norm(dim=1, keepdim=True)
    reach = max(1, round(_REACH * deviation))
    at = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (at / deviation) ** 2).tolist()
    mixed = F.normalize(V, dim=1)
    mixed = _sum(F.pad(mixed, (0, 0, reach, reach), mode="replicate"), weights, dim=2)
    mixed = _sum(_beside(mixed, reach, wrap), weights, dim=3)
    return F.normalize(mixed, dim=1) * length


def _beside(x: Tensor, reach: int, wrap: bool | Tensor) -> Tensor:
    """Continue (b, c, h, w) by so many columns on both sides."""
    if isinstance(wrap, bool):
        if wrap:
            return wrap_columns(x, reach, reach)
        return F.pad(x, (reach, reach, 0, 0), mode="replicate")
    periodic = wrap.to(x.device)[:, None, None, None]
    return torch.where(periodic, _beside(x, reach, True), _beside(x, reach, False))


def _sum(padded: Tensor, weights: list[float], *, dim: int) -> Tensor:
    n = padded.shape[dim] - len(weights) + 1
    total: Tensor = weights[0] * padded.narrow(dim, 0, n)
    for offset, weight in enumerate(weights[1:], start=1):
        total = total + weight * padded.narrow(dim, offset, n)
    return total
