"""What hears a track: the interface of the sound trunk to inference."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.frame_clock import FrameClock


class HeardFrames(NamedTuple):
    """A layer's frames (t, c), when they happen, and how much each counts (t,)."""

    frames: NDArray[np.float32]
    clock: FrameClock
    weights: NDArray[np.float32] | None = None


@runtime_checkable
class Ear(Protocol):
    """Computes what a sound trunk hears in a track."""

    def hear(self, track: NDArray[np.float32]) -> tuple[HeardFrames, ...]:
        """Run the trunk over a track (n,) at 22,050 Hz, in constant memory."""
        ...
