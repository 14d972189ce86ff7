"""Encode a synthesized sound as AAC, so that a video can carry it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from numpy.typing import NDArray

from pano.ambisonics.formats import AMBIX
from pano.errors import MediaError
from pano.media.metadata.spatial_audio import MP4_SUFFIXES, write_spatial_audio
from pano.media.reading import ffmpeg_url
from pano.whole_file import why_unwritten

_BIT_RATE = 160_000
_BLOCK = 1024  # what AAC codes at a time


def write_sound(
    target: Path, samples: NDArray[np.float32], *, sample_rate_hz: int
) -> None:
    """Write a sound as AAC; the suffix chooses the container.

    Parameters
    ----------
    samples
        In [-1, 1]: mono, shape (n,), or a first-order ambiX field, shape (4, n), which
        MP4 and MOV (and so .m4a) are told.

    Raises
    ------
    MediaError
        If the file cannot be written.
    """
    try:
        with av.open(ffmpeg_url(target), "w") as container:
            stream = container.add_stream("aac", rate=sample_rate_hz)
            layout = "4.0" if samples.ndim == 2 else "mono"
            channels = np.atleast_2d(samples)
            stream.bit_rate = _BIT_RATE * len(channels)
            stream.layout = layout
            for first in range(0, channels.shape[1], _BLOCK):
                block = np.ascontiguousarray(channels[:, first : first + _BLOCK])
                frame = AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                frame.sample_rate = sample_rate_hz
                frame.pts, frame.time_base = first, Fraction(1, sample_rate_hz)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        if samples.ndim == 2 and target.suffix.lower() in MP4_SUFFIXES:
            write_spatial_audio(target, AMBIX)
    except (FFmpegError, OSError) as error:
        target.unlink(missing_ok=True)
        raise MediaError(
            why_unwritten(target, error.errno, error.strerror or error)
        ) from error
