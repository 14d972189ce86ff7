"""Encode a synthesized sound as AAC, so that a video can carry it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from numpy.typing import NDArray

from pano.errors import MediaError
from pano.media.reading import ffmpeg_url

_BIT_RATE = 160_000
_BLOCK = 1024  # what AAC codes at a time


def write_sound(
    target: Path, samples: NDArray[np.float32], *, sample_rate_hz: int
) -> None:
    """Write a mono sound as AAC; the suffix chooses the container.

    Parameters
    ----------
    samples
        In [-1, 1], shape (n,).

    Raises
    ------
    MediaError
        If the file cannot be written.
    """
    try:
        with av.open(ffmpeg_url(target), "w") as container:
            stream = container.add_stream("aac", rate=sample_rate_hz)
            stream.bit_rate = _BIT_RATE
            stream.layout = "mono"
            for first in range(0, len(samples), _BLOCK):
                block = np.ascontiguousarray(samples[None, first : first + _BLOCK])
                frame = AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                frame.sample_rate = sample_rate_hz
                frame.pts, frame.time_base = first, Fraction(1, sample_rate_hz)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (FFmpegError, OSError) as error:
        target.unlink(missing_ok=True)
        raise MediaError(
            f"{target} cannot be written ({error.strerror or error})"
        ) from error
