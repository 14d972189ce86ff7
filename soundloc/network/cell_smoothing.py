"""Gaussian smoothing of the visual activation over cells, on the sphere's grid too.

Every cell is judged by itself, and of thousands some always stand out by chance: the
highest cell of a map is often not the middle of the largest hill. A thing covers
several cells, so what a cell shows may be asked of its neighbours.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from soundloc.architecture.smoothing import gaussian
from soundloc.network.trunks.padding import wrap_columns


def smooth_directions(V: Tensor, deviation: float, *, wrap: bool | Tensor) -> Tensor:
    """Average the direction of every v_i with its neighbours' under a Gaussian.

    Its length stays but for what its neighbours disagree about.

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
    weights = torch.from_numpy(gaussian(deviation))
    reach = len(weights) // 2
    mixed = V / length.clamp(min=1e-12)
    mixed = _mean(F.pad(mixed, (0, 0, reach, reach), mode="replicate"), weights, dim=2)
    mixed = _mean(_beside(mixed, reach, wrap), weights, dim=3)
    return mixed * length


def _beside(x: Tensor, reach: int, wrap: bool | Tensor) -> Tensor:
    """Continue (b, c, h, w) by so many columns on both sides."""
    if isinstance(wrap, bool):
        if wrap:
            return wrap_columns(x, reach, reach)
        return F.pad(x, (reach, reach, 0, 0), mode="replicate")
    periodic = wrap.to(x.device)[:, None, None, None]
    return torch.where(periodic, _beside(x, reach, True), _beside(x, reach, False))


def _mean(padded: Tensor, weights: Tensor, *, dim: int) -> Tensor:
    """Average windows of (b, c, h, w) along an axis, channel by channel."""
    shape = (-1, 1) if dim == 2 else (1, -1)
    channels = padded.shape[1]
    kernels = weights.to(padded).reshape(1, 1, *shape).repeat(channels, 1, 1, 1)
    return F.conv2d(padded, kernels, groups=channels)
