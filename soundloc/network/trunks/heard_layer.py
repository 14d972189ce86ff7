"""The frames of a sound trunk's layer, with their times."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from soundloc.architecture.frame_clock import FrameClock


class HeardLayer(NamedTuple):
    """A layer's frames (b, c, t), when they happen, and how much each counts (b, t)."""

    frames: Tensor
    clock: FrameClock
    weights: Tensor | None = None
