"""Decode all channels of a sound track, as they are stored, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from pano.errors import NoAudioError
from pano.media.reading import decode_sounds, find_sound_stream, open_input
from pano.media.sound.align import SoundClock

# One channel of several: the first, a mix of loudspeakers by the book, or the mean.
Mono: TypeAlias = Literal["first", "book", "mean"]

# A hole in the track is one that a listener could notice; below, it is the
# rounding of times in the container.
_MIN_GAP_S = 0.04
# Float tracks go beyond full scale, but not by 40 dB.
_MAX_AMPLITUDE = 100.0
# Finer than any clock is known: a millionth.
_MAX_CLAIMED_RATE_HZ = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A piece of a track.

    Parameters
    ----------
    time_s
        Of its first sample.
    samples
        float32, shape (channels, n).
    """

    time_s: float
    samples: NDArray[np.float32]


def decode_channels(
    path: Path,
    *,
    track: int | None = None,
    sample_rate_hz: int | None = None,
    mono: Mono | None = None,
    clock: SoundClock | None = None,
) -> Iterator[Block]:
    """Yield a track's sound with its own times; holes show in them.

    Parameters
    ----------
    track
        Which sound track, from 0; None is the one FFmpeg calls the best.
    sample_rate_hz
        None is the track's own.
    mono
        Make one channel of all; None keeps them.
    clock
        How the track's time runs against the picture's; None is the same. Blocks have
        the picture's time then.

    Raises
    ------
    NoAudioError
        If there is no such track.
    """
    with open_input(path) as container:
        stream = find_sound_stream(container, track)
        if stream is None:
            raise NoAudioError(f"{path} has no sound track; give a video with sound")
        clock = clock or SoundClock()
        run: _RunResampler | None = None
        for frame in decode_sounds(container, stream):
            expected_s = run.next_input_s if run else 0.0
            time_s = expected_s if frame.time is None else frame.time
            goes_on = (
                run is not None
                and run.setup == _setup(frame)
                and abs(time_s - expected_s) <= _MIN_GAP_S
            )
            if run is not None and not goes_on:
                yield from run.push(None)
            if run is None or not goes_on:
                rate_hz = sample_rate_hz or frame.sample_rate
                run = _RunResampler(frame, time_s, rate_hz, mono, clock)
            yield from run.push(frame)
        if run is not None:
            yield from run.push(None)


def contiguous(
    blocks: Iterator[Block], *, start: Fraction, sample_rate_hz: int
) -> Iterator[NDArray[np.float32]]:
    """Yield blocks without holes or overlaps, sample 0 at `start` seconds.

    Holes become silence, in pieces of a second at most.
    """
    position = 0
    for block in blocks:
        at = round((block.time_s - float(start)) * sample_rate_hz)
        while at > position:
            n_silent = min(at - position, sample_rate_hz)
            yield np.zeros((len(block.samples), n_silent), np.float32)
            position += n_silent
        new = block.samples[:, position - at :]
        if new.shape[1]:
            yield new
            position += new.shape[1]


class _RunResampler:
    """Resamples one run of like frames without holes; knows where it stands."""

    def __init__(
        self,
        frame: AudioFrame,
        start_s: float,
        sample_rate_hz: int,
        mono: Mono | None,
        clock: SoundClock,
    ) -> None:
        self.setup = _setup(frame)
        self.next_input_s = start_s
        self._next_output_s = clock.picture_time_s(start_s)
        self._rate_hz = sample_rate_hz
        # FFmpeg resamples from one whole number of samples a second to another; only
        # their ratio counts, so a clock that drifts is a pair of other numbers.
        ratio = Fraction(sample_rate_hz) / Fraction(frame.sample_rate * clock.rate)
        if clock.rate != 1.0:
            ratio = ratio.limit_denominator(_MAX_CLAIMED_RATE_HZ)
        self._claimed_hz = ratio.denominator if clock.rate != 1.0 else frame.sample_rate
        out_hz = ratio.numerator if clock.rate != 1.0 else sample_rate_hz
        name = frame.layout.name
        # FFmpeg mixes named layouts to mono by the book; it refuses others.
        if mono == "book" and name.startswith("ambisonic"):
            mono = "first"
        elif mono == "book" and name.endswith("channels"):
            mono = "mean"
        self._mono = mono
        is_mixed = mono == "book"
        self._n_channels = 1 if is_mixed else frame.layout.nb_channels
        # For float samples FFmpeg does not scale a mix down by itself: two equal
        # channels would come out 3 dB louder and be clipped.
        self._resampler = AudioResampler(
            "flt",
            "mono" if is_mixed else name,
            out_hz,
            options={"rematrix_maxval": "1"},
        )

    def push(self, frame: AudioFrame | None) -> Iterator[Block]:
        """Resample one frame, or with None what is left inside."""
        if frame is not None:
            self.next_input_s += frame.samples / frame.sample_rate
            if frame.sample_rate != self._claimed_hz:
                frame.sample_rate = self._claimed_hz
                frame.pts = None  # it counted in other samples
        for part in self._resampler.resample(frame):
            packed = part.to_ndarray().reshape(-1, self._n_channels)
            if self._mono == "first":
                samples = packed[None, :, 0]
            elif self._mono == "mean":
                samples = packed.mean(axis=1, dtype=np.float32)[None]
            else:
                samples = packed.T
            yield Block(self._next_output_s, _plausible(samples))
            self._next_output_s += len(packed) / self._rate_hz


def _plausible(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Silence what is no sound: a float track may hold NaN, infinity or 1e30."""
    samples = np.ascontiguousarray(samples, dtype=np.float32)
    if samples.size == 0 or np.abs(samples).max() <= _MAX_AMPLITUDE:
        return samples  # a NaN is not less than anything
    is_sound = np.abs(samples) <= _MAX_AMPLITUDE
    return np.where(is_sound, samples, np.float32(0.0))


def _setup(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
