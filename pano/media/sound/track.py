"""Decode the sound track for analysis: mono, on the picture's clock.

A track may start before or after the picture, stop early or have holes; all of
that is settled here, once, so that sample n is always n / rate after the picture
begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.formats import AmbisonicFormat
from pano.errors import NoAudioError
from pano.media.sound.align import SoundClock
from pano.media.sound.channels import contiguous, decode_channels
from pano.media.sound.hearing import Hearing, choose_hearing

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


def decode_sound(
    path: Path,
    *,
    start: Fraction,
    sample_rate_hz: int,
    hearing: Hearing | None = None,
    on_field: FieldListener | None = None,
    clock: SoundClock | None = None,
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

    Raises
    ------
    NoAudioError
        If there is no sound track, or nothing in it can be decoded.
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
    pieces: list[NDArray[np.float32]] = []
    for piece in contiguous(blocks, start=start, sample_rate_hz=sample_rate_hz):
        if field is not None:
            ambix = _as_ambix(piece, field)
            if on_field is not None:
                on_field(ambix)
            pieces.append(np.array(ambix[0]))
        else:
            pieces.append(piece[0])
    if not pieces:
        raise NoAudioError(
            f"{path} has a sound track, but nothing in it can be decoded; "
            "convert its sound first"
        )
    track = np.zeros(sum(map(len, pieces)), np.float32)
    end = len(track)
    while pieces:  # freed one by one: an hour of sound must not be held twice
        piece = pieces.pop()
        track[end - len(piece) : end] = piece
        end -= len(piece)
    np.clip(track, -1.0, 1.0, out=track)
    return Sound(track, sample_rate_hz, float(start))


def _as_ambix(
    samples: NDArray[np.float32], format_: AmbisonicFormat
) -> NDArray[np.float32]:
    """Bring a piece to ambiX; where a track has other channels, its first is omni."""
    if len(samples) == format_.n_stored:
        return format_.to_ambix(samples)
    omni = np.zeros((format_.n_field, samples.shape[1]), np.float32)
    omni[0] = samples[0]
    return omni
