"""The times of a sound trunk's frames, from strides and receptive fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


@dataclass(frozen=True, slots=True)
class FrameClock:
    """When the frames of a layer happen, in samples of the waveform.

    Frame k is centred at `offset + stride * k`, where sample i lasts from i to i + 1,
    and sees `receptive_field` samples around its centre.
    """

    stride: int
    offset: float
    receptive_field: int

    def after(self, kernel: int, stride: int, pad: int) -> FrameClock:
        """Return the clock behind a convolution or a pooling."""
        return FrameClock(
            self.stride * stride,
            self.offset + ((kernel - 1) / 2 - pad) * self.stride,
            self.receptive_field + (kernel - 1) * self.stride,
        )


class HeardLayer(NamedTuple):
    """A layer's frames (b, c, t), when they happen, and how much each counts (b, t)."""

    frames: Tensor
    clock: FrameClock
    weights: Tensor | None = None
