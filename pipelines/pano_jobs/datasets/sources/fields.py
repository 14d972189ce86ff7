"""Sound with the directions in its field, decoded in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.heard_directions import HeardDirections
from pano.ambisonics.intensity import IntensityMeter
from pano.errors import NoAudioError
from pano.media import Media
from pano.media.sound.hearing import choose_hearing
from pano.media.sound.track import FieldListener, decode_sound
from soundloc.data.pairs import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True, eq=False)
class HeardTrack:
    """A sound track and where it sounds.

    Parameters
    ----------
    samples
        Mono float32 at 22,050 Hz, shape (n,); of a field its first channel.
    directions
        On the same clock; None without a field that tells both angles.
    """

    samples: NDArray[np.float32]
    directions: HeardDirections | None = None


def hear_clip(media: Media) -> HeardTrack:
    """Decode a clip's sound; sample 0 is at the first picture.

    A planar field says nothing of the height, and so has no directions here.

    Raises
    ------
    NoAudioError
        If there is none.
    """
    hearing = media.hearing
    if hearing is None or hearing.format is None or hearing.is_planar:
        return HeardTrack(media.sound(sample_rate_hz=SAMPLE_RATE_HZ).samples)
    meter = IntensityMeter(SAMPLE_RATE_HZ)
    sound = media.sound(sample_rate_hz=SAMPLE_RATE_HZ, on_field=meter.add)
    return HeardTrack(sound.samples, HeardDirections(meter.finish()))


def hear_ambix(path: Path) -> HeardDirections:
    """Measure the directions in a file that is known to hold ambiX.

    Raises
    ------
    SettingsError
        If it has not as many channels as a field.
    NoAudioError, MediaError
        If it has no sound, or cannot be read.
    """
    meter = IntensityMeter(SAMPLE_RATE_HZ)
    read_ambix(path, on_field=meter.add)
    return HeardDirections(meter.finish())


def read_ambix(
    path: Path, *, on_field: FieldListener | None = None
) -> NDArray[np.float32]:
    """Decode the first channel of a file that is known to hold ambiX.

    Returns
    -------
    NDArray[np.float32]
        Mono at 22,050 Hz, shape (n,).

    Raises
    ------
    SettingsError
        If it has not as many channels as a field.
    NoAudioError, MediaError
        If it has no sound, or cannot be read.
    """
    hearing = choose_hearing(path, field="ambix")
    if hearing is None:
        raise NoAudioError(f"{path} has no sound track; give its ambiX file")
    sound = decode_sound(
        path,
        start=Fraction(0),
        sample_rate_hz=SAMPLE_RATE_HZ,
        hearing=hearing,
        on_field=on_field,
    )
    return sound.samples
