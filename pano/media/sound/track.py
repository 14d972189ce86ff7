"""Decode the sound track for analysis: mono, on the picture's clock.

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
from numpy.typing import NDArray

from pano.errors import NoAudioError
from pano.media.reading import decode_sounds, open_input

# A hole in the track is one that a listener could notice; below, it is the
# rounding of times in the container.
_MIN_GAP_S = 0.04

_Block = tuple[float, NDArray[np.float32]]  # time in seconds of the first sample


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
        frames = decode_sounds(container, stream)
        for time_s, samples in _resampled(frames, sample_rate_hz):
            first = round((time_s - float(start)) * sample_rate_hz)
            blocks.append((first, samples))
    if not blocks:
        raise NoAudioError(
            f"{path} has a sound track, but nothing in it can be decoded; "
            "convert its sound first"
        )
    track = np.zeros(max(0, *(at + len(part) for at, part in blocks)), np.float32)
    blocks.reverse()
    while blocks:  # freed one by one: an hour of sound must not be held twice
        at, part = blocks.pop()
        part = part[max(0, -at) :]
        track[max(0, at) : max(0, at) + len(part)] = part
    np.clip(track, -1.0, 1.0, out=track)
    return Sound(track, sample_rate_hz, float(start))


class _RunResampler:
    """Resamples one run of like frames without holes; knows where it stands."""

    def __init__(self, frame: AudioFrame, start_s: float, sample_rate_hz: int) -> None:
        self.setup = _setup(frame)
        self.next_input_s = start_s
        self._next_output_s = start_s
        self._rate_hz = sample_rate_hz
        # FFmpeg mixes named layouts to mono by the book; it refuses others.
        name = frame.layout.name
        self._is_ambisonic = name.startswith("ambisonic")
        is_named = not self._is_ambisonic and not name.endswith("channels")
        layout = "mono" if is_named else name
        self._n_channels = 1 if is_named else frame.layout.nb_channels
        # For float samples FFmpeg does not scale a mix down by itself: two equal
        # channels would come out 3 dB louder and be clipped.
        self._resampler = AudioResampler(
            "flt", layout, sample_rate_hz, options={"rematrix_maxval": "1"}
        )

    def push(self, frame: AudioFrame | None) -> Iterator[_Block]:
        """Resample one frame, or with None what is left inside."""
        if frame is not None:
            self.next_input_s += frame.samples / frame.sample_rate
        for part in self._resampler.resample(frame):
            packed = part.to_ndarray().reshape(-1, self._n_channels)
            # W of an ambisonic track hears all directions alike; a mean over its
            # channels would favour one.
            mono = packed[:, 0] if self._is_ambisonic else packed.mean(axis=1)
            yield self._next_output_s, mono.astype(np.float32, copy=False)
            self._next_output_s += len(mono) / self._rate_hz


def _setup(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _resampled(frames: Iterator[AudioFrame], sample_rate_hz: int) -> Iterator[_Block]:
    """Yield mono pieces with their times; a hole or a new format starts a new run."""
    run: _RunResampler | None = None
    for frame in frames:
        expected_s = run.next_input_s if run else 0.0
        time_s = expected_s if frame.time is None else frame.time
        goes_on = (
            run is not None
            and run.setup == _setup(frame)
            and abs(time_s - expected_s) <= _MIN_GAP_S
        )
        if run is None or not goes_on:
            if run is not None:
                yield from run.push(None)
            run = _RunResampler(frame, time_s, sample_rate_hz)
        yield from run.push(frame)
    if run is not None:
        yield from run.push(None)
