"""What the jobs need of a localizer, and how they get one.

The jobs speak to an interface, so that they are tested without weights and another
localizer can take the place of the shipped one.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pano_jobs.settings import Compute
from soundloc.inference.window_embedding import WindowEmbedding

FloatArray = NDArray[np.float32]

SOUND_RATE_HZ = 22_050
STRIDE_PX = 16


@runtime_checkable
class Localized(Protocol):
    """What the localizer says of one picture with one sound."""

    @property
    def attention(self) -> FloatArray:
        """The answer after softmax, shape (h, w), sums to 1."""
        ...

    @property
    def response(self) -> FloatArray:
        """The similarity before it, shape (h, w), in [-1, 1]."""
        ...

    @property
    def confidence(self) -> float:
        """Whether the sound's source is in the picture at all, in [0, 1]."""
        ...


@runtime_checkable
class Track(Protocol):
    """A sound track the localizer has listened to."""

    def window(self, center_s: float, window_s: float) -> WindowEmbedding:
        """Embed a window of sound."""
        ...


@runtime_checkable
class Localizer(Protocol):
    """The streaming doors of `soundloc.SoundLocalizer`."""

    def see(self, image: NDArray[np.uint8], *, wrap: bool = False) -> FloatArray:
        """Return visual features of a picture, shape (D, h / stride, w / stride)."""
        ...

    def hear(self, track: FloatArray, *, sample_rate_hz: int = SOUND_RATE_HZ) -> Track:
        """Listen to a whole track, shape (n,)."""
        ...

    def attend(
        self,
        visual: FloatArray,
        sound: WindowEmbedding,
        *,
        log_prior: FloatArray | None = None,
    ) -> Localized:
        """Find a sound among visual features."""
        ...


@functools.lru_cache(maxsize=1)
def load_localizer(checkpoint: Path | None, compute: Compute) -> Localizer:
    """Load a localizer, once for all clips of a batch; takes seconds.

    Raises
    ------
    soundloc.errors.CheckpointError
        If the checkpoint cannot be read.
    """
    from soundloc import SoundLocalizer  # torch is loaded only where it is needed

    return SoundLocalizer.load(checkpoint, engine=compute)
