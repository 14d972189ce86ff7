"""How loud the frames of a sound are: the weights they are pooled with.

A weight inside the network, not a level: levels of tracks in dBFS are in
`soundloc.inference.loudness`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.frame_clock import FrameClock

_LONGEST = 22_050  # samples about its centre that tell how loud a frame is: a second
_BLOCK = 256  # samples whose power is summed up
# Of tracks at the reference level: what lies below counts alike.
_FAINTEST = 1e-4


def frame_rms(
    waveform: NDArray[np.float32], clock: FrameClock, n_frames: int
) -> NDArray[np.float32]:
    """Measure the RMS of sounds (b, n) about each of t frames: (b, t), above 0.

    Over what a frame hears, a second at most; of frames that lie beyond an end of the
    sound over what is nearest to them.
    """
    starts = np.arange(0, waveform.shape[1], _BLOCK)
    lengths = np.minimum(waveform.shape[1] - starts, _BLOCK)
    squares = np.square(waveform)
    powers = np.add.reduceat(squares, starts, axis=1) / lengths.astype(np.float32)
    n_blocks = powers.shape[1]
    sums = np.zeros((len(waveform), n_blocks + 1))
    np.cumsum(powers, axis=1, dtype=np.float64, out=sums[:, 1:])
    centers = clock.offset + clock.stride * np.arange(n_frames)
    half = min(clock.receptive_field, _LONGEST) / 2
    begin = np.clip((centers - half) / _BLOCK, 0.0, n_blocks - 1.0)
    end = np.maximum(np.minimum((centers + half) / _BLOCK, n_blocks), begin + 1.0)
    power = (_sum_to(sums, end) - _sum_to(sums, begin)) / (end - begin)
    return np.asarray(np.sqrt(np.maximum(power, 0.0)) + _FAINTEST, np.float32)


def _sum_to(
    sums: NDArray[np.float64], positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read prefix sums (b, n + 1) at positions (t,) between 0 and n: (b, t)."""
    below = np.minimum(positions.astype(np.int64), sums.shape[1] - 2)
    step = sums[:, below + 1] - sums[:, below]
    read: NDArray[np.float64] = sums[:, below] + (positions - below) * step
    return read
