"""The localizer interface that the jobs use, and how they load one.

The jobs speak to an interface, so that they are tested without weights and another
localizer can take the place of the shipped one.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
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
    """The localizer's output for one picture with one sound."""

    @property
    def attention(self) -> FloatArray:
        """The attention after softmax, shape (h, w), sums to 1."""
        ...

    @property
    def response(self) -> FloatArray:
        """The similarity before it, shape (h, w), in [-1, 1]."""
        ...

    @property
    def confidence(self) -> float:
        """The probability that the sound's source is in the picture, in [0, 1]."""
        ...


@runtime_checkable
class Track(Protocol):
    """The localizer's features of an audio track."""

    def windows(
        self, centers_s: Sequence[float], window_s: float
    ) -> list[WindowEmbedding]:
        """Embed windows of sound about several times."""
        ...


@runtime_checkable
class Localizer(Protocol):
    """The streaming methods of `soundloc.SoundLocalizer`."""

    def see(self, image: NDArray[np.uint8], *, wrap: bool = False) -> FloatArray:
        """Return visual features of a picture, shape (D, h / stride, w / stride)."""
        ...

    def hear(self, track: FloatArray, *, sample_rate_hz: int = SOUND_RATE_HZ) -> Track:
        """Compute the features of a whole audio track, shape (n,)."""
        ...

    def respond(
        self, visual: FloatArray, sounds: Sequence[WindowEmbedding]
    ) -> FloatArray:
        """Return the cosines of visual features and k sounds, shape (k, h, w)."""
        ...

    def judge(
        self,
        cosines: FloatArray,
        sound: WindowEmbedding,
        *,
        log_prior: FloatArray | None = None,
    ) -> Localized:
        """Localize a sound by its cosines, shape (h, w)."""
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
