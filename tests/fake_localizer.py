"""A localizer without weights: whatever is red sounds, as long as there is sound.

It has the streaming doors of the real one, so jobs are tested in milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from soundloc.inference.window_embedding import WindowEmbedding

FloatArray = NDArray[np.float32]
STRIDE_PX = 16
TEMPERATURE = 0.05


@dataclass(frozen=True)
class FakeLocalization:
    attention: FloatArray
    response: FloatArray
    confidence: float


@dataclass
class FakeTrack:
    samples: FloatArray
    sample_rate_hz: int

    def windows(
        self, centers_s: Sequence[float], window_s: float
    ) -> list[WindowEmbedding]:
        return [WindowEmbedding(np.array([1.0, 0.0], np.float32), 1.0)] * len(centers_s)


class RedLocalizer:
    """Finds red; remembers what it was asked."""

    def __init__(self, *, confidence: float = 0.9) -> None:
        self.confidence = confidence
        self.n_looks = 0
        self.shapes: list[tuple[int, int]] = []
        self.track: FakeTrack | None = None

    def see(self, image: NDArray[np.uint8], *, wrap: bool = False) -> FloatArray:
        assert wrap or image.shape[1] < 960, "a 360° picture has no edge"
        self.n_looks += 1
        self.shapes.append((image.shape[0], image.shape[1]))
        height, width = image.shape[0] // STRIDE_PX, image.shape[1] // STRIDE_PX
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        red, green, blue = np.moveaxis(small.astype(np.float32) / 255.0, 2, 0)
        angle = (1.0 - np.clip(red - (green + blue) / 2.0, 0.0, 1.0)) * np.pi / 2.0
        return np.stack([np.cos(angle), np.sin(angle)]).astype(np.float32)

    def hear(self, track: FloatArray, *, sample_rate_hz: int = 22_050) -> FakeTrack:
        self.track = FakeTrack(track, sample_rate_hz)
        return self.track

    def respond(
        self, visual: FloatArray, sounds: Sequence[WindowEmbedding]
    ) -> FloatArray:
        return np.stack([np.tensordot(sound.h, visual, axes=1) for sound in sounds])

    def judge(
        self,
        cosines: FloatArray,
        sound: WindowEmbedding,
        *,
        log_prior: FloatArray | None = None,
    ) -> FakeLocalization:
        logits = cosines / TEMPERATURE + (0.0 if log_prior is None else log_prior)
        weights = np.exp(logits - logits.max())
        attention = (weights / weights.sum()).astype(np.float32)
        return FakeLocalization(attention, cosines, self.confidence)
