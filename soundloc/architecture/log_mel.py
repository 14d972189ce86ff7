"""The log-mel sound trunk in numbers: its spectrogram, its patches and its blocks.

A depthwise CNN on patches of a second, as the networks trained on AudioSet use them
(Hershey et al. 2017), with the separable convolutions of MobileNet (Howard et al.
2017).
"""

from __future__ import annotations

import functools
import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.frame_clock import FrameClock

SAMPLE_RATE_HZ = 22_050
N_BANDS = 64
N_WINDOWS = 96  # of a patch: 0.98 s
CHANNELS = 1024

WINDOW, FFT = 551, 1024  # 25 ms
_HOP = 220.5  # 10 ms, rounded window by window
_LOW_HZ, _HIGH_HZ = 125.0, 7500.0
LOG_OFFSET = 1e-3
# A window of 400 samples at 16 kHz and 512 lines, which the teacher hears, gives
# magnitudes lower by this.
_GAIN = (400 / WINDOW) * (512 / FFT)
# Of the logarithm, over sounds of usual level.
MEAN = DEVIATION = 2.5

STEM_CHANNELS = 32
# (channels, stride) of the blocks behind the stem.
_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)),
    *((512, 2), (512, 1), (512, 1), (512, 1), (CHANNELS, 2), (CHANNELS, 1)),
)
_WIDTHS = (STEM_CHANNELS, *(channels for channels, _ in _BLOCKS))
# (channels before, channels after, stride) of each block.
BLOCKS = tuple(
    (before, after, stride)
    for (before, after), (_, stride) in zip(pairwise(_WIDTHS), _BLOCKS, strict=True)
)
BATCH_NORM_EPS = 1e-5

WINDOW_STARTS = np.round(np.arange(N_WINDOWS) * _HOP).astype(np.int64)
PATCH_SAMPLES = int(WINDOW_STARTS[-1]) + WINDOW
PATCH_STRIDE = int(_HOP * N_WINDOWS / 2)  # half a patch, a whole number of samples
PATCH_CLOCK = FrameClock(PATCH_STRIDE, PATCH_SAMPLES / 2, PATCH_SAMPLES)


@functools.cache
def mel_bank() -> NDArray[np.float32]:
    """Return the triangles of the mel bands over the spectrum, (513, 64)."""
    edges = np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), N_BANDS + 2)
    lines_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, FFT // 2 + 1)
    lines = np.array([_mel(line) for line in lines_hz])[:, None]
    rising = (lines - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - lines) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * _GAIN, np.float32)


def _mel(frequency_hz: float) -> float:
    """Return the mel of the HTK scale."""
    return 2595.0 * math.log10(1.0 + frequency_hz / 700.0)
