"""The sound track as the localizer hears it: mono, on the picture's clock.

A track may start before or after the picture, stop early or have holes; all of
that is settled here, once, so that sample n is always n / rate after the picture
begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError
from numpy.typing import NDArray

from pano.errors import NoAudioError
from pano.media.reading import open_input

# A hole in the track is one that a listener could notice; below, it is the
# rounding of times in the container.
_MIN_GAP_S = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A mono sound track on the picture's clock.

    Parameters
    ----------
    samples
        float32 in [-1, 1], shape (n,).
    start_s
        Presentation time of sample 0, which is that of the first picture.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int
    start_s: float

    @property
    def duration_s(self) -> float:
        """Return the length in seconds."""
        return len(self.samples) / self.sample_rate_hz

    def fitted(self, duration_s: float) -> Sound:
        """Cut the sound, or lengthen it with silence, to a duration."""
        n_samples = round(duration_s * self.sample_rate_hz)
        samples = self.samples[:n_samples]
        if len(samples) < n_samples:
            samples = np.pad(samples, (0, n_samples - len(samples)))
        return Sound(samples, self.sample_rate_hz, self.start_s)


def decode_sound(path: Path, *, start: Fraction, sample_rate_hz: int) -> Sound:
    """Decode a file's sound to mono; sample 0 is at `start` seconds.

    Holes become silence; packets that cannot be decoded are holes.

    Raises
    ------
    NoAudioError
        If there is no sound track, or nothing in it can be decoded.
    """
    blocks: list[tuple[int, NDArray[np.float32]]] = []
    with open_input(path) as container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise NoAudioError(f"{path} has no sound track; give a video with sound")
        pieces = _decode_blocks(_decoded_frames(stream), sample_rate_hz)
        for time_s, samples in pieces:
            first = round((time_s - float(start)) * sample_rate_hz)
            blocks.append((first, samples))
    if not blocks:
        raise NoAudioError(
            f"{path} has a sound track, but nothing in it can be decoded; "
            "convert its sound first"
        )
    track = np.zeros(max(0, *(at + len(part) for at, part in blocks)), np.float32)
    for at, part in blocks:
        part = part[max(0, -at) :]
        track[max(0, at) : max(0, at) + len(part)] = part
    np.clip(track, -1.0, 1.0, out=track)
    return Sound(track, sample_rate_hz, float(start))


def _decoded_frames(stream: AudioStream) -> Iterator[AudioFrame]:
    for packet in stream.container.demux(stream):  # type: ignore[attr-defined]  # an InputContainer, typed as its base
        try:
            yield from packet.decode()
        except FFmpegError:
            continue


def _decode_blocks(
    frames: Iterator[AudioFrame], sample_rate_hz: int
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Resample runs of frames without holes; yield pieces with their times."""
    resampler: AudioResampler | None = None
    setup: tuple[str, str, int] | None = None
    expected_s = 0.0
    position_s = 0.0

    def emit(parts: list[AudioFrame]) -> Iterator[tuple[float, NDArray[np.float32]]]:
        nonlocal position_s
        for part in parts:
            samples = part.to_ndarray().reshape(-1).astype(np.float32, copy=False)
            yield position_s, samples
            position_s += len(samples) / sample_rate_hz

    for frame in frames:
        frame_setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        time_s = frame.time if frame.pts is not None else expected_s
        time_s = expected_s if time_s is None else time_s
        is_new_run = setup != frame_setup or abs(time_s - expected_s) > _MIN_GAP_S
        if resampler is None or is_new_run:
            if resampler is not None:
                yield from emit(resampler.resample(None))
            resampler = AudioResampler("flt", "mono", sample_rate_hz)
            setup, expected_s, position_s = frame_setup, time_s, time_s
        expected_s += frame.samples / frame.sample_rate
        yield from emit(resampler.resample(frame))
    if resampler is not None:
        yield from emit(resampler.resample(None))
