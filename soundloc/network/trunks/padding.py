"""Padding for pictures that are periodic in x.

Circular padding is a concatenation of slices rather than `F.pad(mode="circular")`,
because that is what every inference engine can convert.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

# Continues planes (b, c, h, w) by rows and columns before and after.
Pad: TypeAlias = Callable[[Tensor, int, int], Tensor]


def pad_plane(x: Tensor, before: int, after: int, *, wrap: bool) -> Tensor:
    """Pad both axes of (b, c, h, w): zeros, or in x circularly."""
    if before == after == 0:
        return x
    if not wrap:
        return F.pad(x, (before, after, before, after))
    return pad_rows(wrap_columns(x, before, after), before, after)


def pad_rows(x: Tensor, before: int, after: int) -> Tensor:
    """Pad (b, c, h, w) with rows of zeros above and below."""
    return F.pad(x, (0, 0, before, after))


def wrap_columns(x: Tensor, before: int, after: int) -> Tensor:
    """Continue (b, c, h, w) periodically in x, however narrow it is."""
    width = x.shape[-1]
    n_before, n_after = -(-before // width), -(-after // width)
    if n_before > 1 or n_after > 1:
        tiled = torch.cat([x] * (n_before + 1 + n_after), dim=-1)
        start = n_before * width - before
        return tiled[..., start : start + before + width + after]
    return torch.cat([x[..., width - before :], x, x[..., :after]], dim=-1)


def pad_picture(pixels: Tensor, stride_px: int, *, wrap: bool) -> Tensor:
    """Fill (b, c, h, w) up to whole cells by repeating its last row and column.

    Raises
    ------
    ValueError
        If a periodic picture is not a whole number of cells wide: a padded column
        would stand in its seam.
    """
    height, width = pixels.shape[-2:]
    if wrap and width % stride_px:
        raise ValueError(
            f"a picture that wraps must be a multiple of {stride_px} px wide, "
            f"got {width}"
        )
    bottom, right = -height % stride_px, -width % stride_px
    if bottom == right == 0:
        return pixels
    return F.pad(pixels, (0, right, 0, bottom), mode="replicate")
