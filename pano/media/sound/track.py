"""Decode the sound track for analysis: mono, on the picture's clock.

A track may start before or after the picture, stop early or have holes; all of
that is settled here, once, so that sample n is always n / rate after the picture
begins.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.formats import AmbisonicFormat
from pano.errors import MediaError, NoAudioError
from pano.media.sound.align import SoundClock
from pano.media.sound.channels import Block, contiguous, decode_channels
from pano.media.sound.hearing import Hearing, choose_hearing

# Of all holes of a track; more is no pause, and is not to be kept as silence.
_MAX_SILENCE_S = 4 * 3600.0

FieldListener: TypeAlias = Callable[[NDArray[np.float32]], None]


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A mono sound track on the picture's clock.

    Parameters
    ----------
    samples
        float32 in [-1, 1], shape (n,).
    start_s
        Presentation time of sample 0, which is that of the first picture.
    is_whole
        False if listening ended before the sound did.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int
    start_s: float
    is_whole: bool = True

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
        return replace(self, samples=samples)


def decode_sound(
    path: Path,
    *,
    start: Fraction,
    sample_rate_hz: int,
    hearing: Hearing | None = None,
    on_field: FieldListener | None = None,
    clock: SoundClock | None = None,
    until_s: float | None = None,
) -> Sound:
    """Decode a file's sound to mono; sample 0 is at `start` seconds.

    Holes become silence; packets that cannot be decoded are holes. Of a sound field
    the omnidirectional channel is heard.

    Parameters
    ----------
    hearing
        How it is heard; None chooses.
    on_field
        Gets the field as well, as ambiX, piece by piece.
    clock
        How its time runs against that of `start`; None is the same.
    until_s
        Listening ends this long after `start`; None hears all.

    Raises
    ------
    NoAudioError
        If there is no sound track, nothing in it can be decoded, or all of it lies
        beside the picture.
    MediaError
        If its times leave holes of hours.
    """
    hearing = hearing or choose_hearing(path)
    if hearing is None:
        raise NoAudioError(f"{path} has no sound track; give a video with sound")
    field = hearing.format
    blocks = decode_channels(
        path,
        track=hearing.track.index,
        sample_rate_hz=sample_rate_hz,
        mono=None if field else hearing.mono,
        clock=clock,
    )
    first = next(blocks, None)
    if first is None:
        raise NoAudioError(
            f"{path} has a sound track, but nothing in it can be decoded; "
            "convert its sound first"
        )
    blocks = _without_hours_of_nothing(
        itertools.chain((first,), blocks), path, float(start), sample_rate_hz
    )
    pieces, is_whole = _heard(
        contiguous(blocks, start=start, sample_rate_hz=sample_rate_hz),
        field,
        on_field,
        n_most=math.inf if until_s is None else until_s * sample_rate_hz,
    )
    if not pieces:
        raise NoAudioError(
            f"{path} sounds only before its picture begins (from {first.time_s:.6g} s, "
            f"the picture from {float(start):.6g} s); copy it again or convert it first"
        )
    return Sound(_joined(pieces), sample_rate_hz, float(start), is_whole)


def _heard(
    pieces: Iterator[NDArray[np.float32]],
    field: AmbisonicFormat | None,
    on_field: FieldListener | None,
    *,
    n_most: float,
) -> tuple[list[NDArray[np.float32]], bool]:
    """Return about n samples at most, in mono pieces, and whether that was all."""
    mono: list[NDArray[np.float32]] = []
    n_heard = 0
    for piece in pieces:
        if n_heard >= n_most:
            return mono, False
        n_heard += piece.shape[1]
        if field is None:
            mono.append(piece[0])
            continue
        ambix = _as_ambix(piece, field)
        if on_field is not None:
            on_field(ambix)
        mono.append(np.array(ambix[0]))
    return mono, True


def _joined(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Join pieces and empty the list: an hour of sound must not be held twice."""
    track = np.zeros(sum(map(len, pieces)), np.float32)
    end = len(track)
    while pieces:
        piece = pieces.pop()
        track[end - len(piece) : end] = piece
        end -= len(piece)
    np.clip(track, -1.0, 1.0, out=track)
    return track


def _without_hours_of_nothing(
    blocks: Iterator[Block], path: Path, start_s: float, sample_rate_hz: int
) -> Iterator[Block]:
    """Pass a track's blocks on, and refuse times that would be filled for ever."""
    end_s, silent_s = start_s, 0.0
    for block in blocks:
        silent_s += max(block.time_s - end_s, 0.0)
        if silent_s > _MAX_SILENCE_S:
            raise MediaError(
                f"the sound of {path} has holes of {silent_s / 3600.0:.3g} hours by "
                "its times, which must be damaged; convert its sound first"
            )
        yield block
        end_s = max(end_s, block.time_s + block.samples.shape[1] / sample_rate_hz)


def _as_ambix(
    samples: NDArray[np.float32], format_: AmbisonicFormat
) -> NDArray[np.float32]:
    """Bring a piece to ambiX; where a track has other channels, its first is omni."""
    if len(samples) == format_.n_stored:
        return format_.to_ambix(samples)
    omni = np.zeros((format_.n_field, samples.shape[1]), np.float32)
    omni[0] = samples[0]
    return omni
