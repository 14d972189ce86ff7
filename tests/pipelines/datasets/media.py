"""Draws the pictures, sounds and clips that the readers are tested on."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.harmonics import encode
from pano.sphere import Direction
from soundloc.data.pairs import write_sound
from tests.synthetic import Clip, SoundTrack, sine, write_clip

RATE_HZ = 22_050


def draw_picture(
    path: Path, *, seed: int = 0, size: tuple[int, int] = (64, 48), level: int = 0
) -> Path:
    """Draw blocks of colour; `level` makes it one grey instead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if level:
        image = np.full((size[1], size[0], 3), level, np.uint8)
    else:
        blocks = np.random.default_rng(seed).integers(0, 255, (4, 5, 3), np.uint8)
        image = np.asarray(cv2.resize(blocks, size, interpolation=cv2.INTER_NEAREST))
    assert cv2.imwrite(str(path), image)
    return path


def write_tone(
    path: Path, *, frequency_hz: float = 440.0, duration_s: float = 2.0
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = sine(duration_s, sample_rate_hz=RATE_HZ, frequency_hz=frequency_hz)
    write_sound(path, samples)
    return path


def write_silence(path: Path, *, duration_s: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_sound(path, np.zeros(round(duration_s * RATE_HZ), np.float32))
    return path


def film(
    path: Path,
    *,
    size: tuple[int, int] = (96, 64),
    duration_s: int = 6,
    sound: SoundTrack | None = None,
    silent: bool = False,
) -> Path:
    """Film ten grey pictures a second (`picture_index` tells which) with a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    track = None if silent else sound or SoundTrack(sine(float(duration_s)))
    clip = Clip(*size, rate=Fraction(10), n_pictures=10 * duration_s, sound=track)
    return write_clip(path, clip)


def field_of(
    *places: Direction | None, each_s: float = 2.0, rate_hz: int = 24_000
) -> NDArray[np.float32]:
    """Sound from one place after the other as ambiX, (4, n); None is from nowhere."""
    rng = np.random.default_rng(0)
    n = round(each_s * rate_hz)
    parts = []
    for place in places:
        noise = (0.1 * rng.standard_normal((4, n))).astype(np.float32)
        # Independent channels have no direction.
        parts.append(noise if place is None else encode(noise[0], place))
    return np.concatenate(parts, axis=1)
