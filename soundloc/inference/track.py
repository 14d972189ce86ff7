"""Sound embeddings of any window of a track, whose trunk runs once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.frame_clock import FrameClock, frame_span
from soundloc.architecture.log_mel import SAMPLE_RATE_HZ
from soundloc.inference.ear import Ear
from soundloc.inference.loudness import (
    FLOOR_DBFS,
    at_reference_level,
    block_powers,
)
from soundloc.inference.prefix_sums import PrefixSums
from soundloc.inference.sound_head import SoundHead
from soundloc.inference.window_embedding import WindowEmbedding

# Digital silence, dither included: 16-bit noise lies near -96 dBFS, rooms above -60.
SILENCE_DBFS = -70.0
_LEVEL_BLOCK = 256  # samples whose power is averaged; 12 ms, far below any window


class SoundTrack:
    """Embeds any window of a track, pooled from prefix sums of its trunk features.

    Parameters
    ----------
    track
        (n,) in [-1, 1] at 22,050 Hz, n > 0.
    """

    def __init__(self, ear: Ear, head: SoundHead, track: NDArray[np.float32]) -> None:
        self._head = head
        self.n_samples = len(track)
        self._layers: list[tuple[PrefixSums, FrameClock]] = [
            (PrefixSums(layer.frames, layer.weights), layer.clock)
            for layer in ear.hear(at_reference_level(track))
        ]
        powers = block_powers(track, _LEVEL_BLOCK)
        self._power = PrefixSums(powers[:, None].astype(np.float32))

    @property
    def duration_s(self) -> float:
        """Length of the track."""
        return self.n_samples / SAMPLE_RATE_HZ

    def window(self, center_s: float, window_s: float) -> WindowEmbedding:
        """Embed a window of sound.

        Where it reaches over an end of the track, what there is of the sound counts.
        """
        return self.windows([center_s], window_s)[0]

    def windows(
        self, centers_s: Sequence[float], window_s: float
    ) -> list[WindowEmbedding]:
        """Embed windows of sound, several at hardly the cost of one."""
        pooled = np.stack([self.pooled(center_s, window_s) for center_s in centers_s])
        embeddings = []
        for center_s, h, presence in zip(
            centers_s, *self._head.embed(pooled), strict=True
        ):
            if self.level_dbfs(center_s, window_s) < SILENCE_DBFS:
                embeddings.append(WindowEmbedding(np.zeros_like(h), 0.0))
            else:
                embeddings.append(WindowEmbedding(h, float(presence)))
        return embeddings

    def pooled(self, center_s: float, window_s: float) -> NDArray[np.float32]:
        """Average the trunk's frames over a window: (c,), the input of the head."""
        start, stop = self._samples(center_s, window_s)
        means = [
            sums.mean(frame_span(clock, start, stop)) for sums, clock in self._layers
        ]
        return np.concatenate(means).astype(np.float32)

    def level_dbfs(self, center_s: float, window_s: float) -> float:
        """Measure the RMS of what a window holds of the track, -120 at least."""
        start, stop = self._samples(center_s, window_s)
        power = self._power.mean((start / _LEVEL_BLOCK, stop / _LEVEL_BLOCK))[0]
        return max(FLOOR_DBFS, 10.0 * math.log10(max(float(power), 1e-30)))

    def _samples(self, center_s: float, window_s: float) -> tuple[float, float]:
        """Cut the window to the track; a window beside it becomes its nearest end."""
        if not window_s > 0.0 or not math.isfinite(center_s):
            raise ValueError(
                f"a window needs a centre and a length, got {center_s}, {window_s}"
            )
        center, half = center_s * SAMPLE_RATE_HZ, window_s * SAMPLE_RATE_HZ / 2
        shortest = min(1.0, float(self.n_samples))
        start = min(max(center - half, 0.0), self.n_samples - shortest)
        return start, max(min(center + half, float(self.n_samples)), start + shortest)


def at_network_rate(
    waveform: NDArray[np.float32], *, sample_rate_hz: int
) -> NDArray[np.float32]:
    """Check a mono waveform and bring it to 22,050 Hz.

    Raises
    ------
    ValueError
        If it is empty, has more than one axis or is not finite.
    """
    if waveform.ndim != 1 or waveform.size == 0:
        raise ValueError(
            f"a waveform is (n,) samples with n > 0, got the shape {waveform.shape}"
        )
    if not np.isfinite(waveform).all():
        raise ValueError("the waveform holds samples that are not finite")
    if sample_rate_hz < 1:
        raise ValueError(f"sample_rate_hz must be positive, got {sample_rate_hz}")
    if sample_rate_hz == SAMPLE_RATE_HZ:
        return np.ascontiguousarray(waveform, dtype=np.float32)
    from scipy.signal import resample_poly

    common = math.gcd(sample_rate_hz, SAMPLE_RATE_HZ)
    resampled = resample_poly(
        waveform, SAMPLE_RATE_HZ // common, sample_rate_hz // common
    )
    return np.ascontiguousarray(resampled, dtype=np.float32)
