"""The sound of a clip, heard once: by the localizer, and for its loudness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pano.errors import NoAudioError
from pano.media import Media, Sound
from pano.saliency_maps.saliency_map import SILENCE_DB
from pano_jobs.analysis.localizer import SOUND_RATE_HZ, Localizer, Track, load_localizer
from pano_jobs.settings import LocalizeSettings

# Loudness is judged over about a second, as a listener does; the localizer's own
# window is far too long to tell when a sound stops.
LEVEL_WINDOW_S = 1.0
_LEVEL_BLOCK_S = 0.01
# Containers round; a mismatch below this is not worth a word to the user.
_MISMATCH_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class LevelMeter:
    """The loudness of a track around any moment, from sums over short blocks."""

    energy_before: NDArray[np.float64]

    @classmethod
    def of(cls, sound: Sound) -> LevelMeter:
        """Measure a track once."""
        n_block = max(round(_LEVEL_BLOCK_S * sound.sample_rate_hz), 1)
        n_blocks = -(-len(sound.samples) // n_block)
        mean_square = np.zeros(n_blocks + 1)
        for k in range(n_blocks):
            block = sound.samples[k * n_block : (k + 1) * n_block]
            mean_square[k + 1] = np.dot(block, block) / n_block
        return cls(np.cumsum(mean_square))

    def level_db(self, center_s: float) -> float:
        """Return the RMS level of a second around a moment, in dBFS, at least -120."""
        last = len(self.energy_before) - 1
        first = round((center_s - LEVEL_WINDOW_S / 2.0) / _LEVEL_BLOCK_S)
        n_blocks = round(LEVEL_WINDOW_S / _LEVEL_BLOCK_S)
        start, end = np.clip([first, first + n_blocks], 0, last)
        energy = self.energy_before[end] - self.energy_before[start]
        mean_square = float(energy) / n_blocks
        return max(10.0 * math.log10(max(mean_square, 1e-12)), SILENCE_DB)


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """The sound of a clip, listened to.

    Parameters
    ----------
    track, localizer
        ``None`` where the clip has no sound.
    sound_s
        How long the sound lasts, counted from the first picture.
    """

    track: Track | None
    localizer: Localizer | None
    meter: LevelMeter
    sound_s: float


def listen(
    media: Media, settings: LocalizeSettings, *, localizer: Localizer | None = None
) -> Hearing:
    """Hear the whole track of a clip once, fitted to its picture.

    Sound that is missing is silence; sound after the last picture is not heard.
    Without a `localizer` the one that the settings name is loaded, but only for a
    clip that has sound: bad input should be refused at once.

    Raises
    ------
    NoAudioError
        If the clip has no sound and the settings require it.
    """
    if media.info.audio is None:
        if settings.require_sound:
            raise NoAudioError(no_sound_words(media.info.path))
        silence = Sound(np.zeros(0, np.float32), SOUND_RATE_HZ, 0.0)
        meter = LevelMeter.of(silence)
        return Hearing(track=None, localizer=None, meter=meter, sound_s=0.0)
    if localizer is None:
        localizer = load_localizer(settings.checkpoint, settings.compute)
    sound = media.sound(sample_rate_hz=SOUND_RATE_HZ)
    sound_s = sound.duration_s
    # The header's word is enough here: a track some pictures too long or too short
    # only moves where silence begins, and `window` accepts any time.
    picture_s = media.info.duration_from_header_s or sound_s
    sound = sound.fitted(max(picture_s, LEVEL_WINDOW_S))
    return Hearing(
        track=localizer.hear(sound.samples, sample_rate_hz=sound.sample_rate_hz),
        localizer=localizer,
        meter=LevelMeter.of(sound),
        sound_s=sound_s,
    )


def no_sound_words(path: Path) -> str:
    """Tell a user why a silent clip cannot be panned, and what to do."""
    return (
        f"{path} has no sound, so there is nothing to listen to; "
        "pass --no-sound-ok to hold the camera at its start view"
    )


def mismatch_note(*, sound_s: float, picture_s: float) -> str | None:
    """Say how sound and picture differ in length, where a person would notice."""
    missing_s = picture_s - sound_s
    if abs(missing_s) <= _MISMATCH_S:
        return None
    if missing_s > 0.0:
        return (
            f"the sound is {missing_s:.1f} s shorter than the picture; "
            "the rest was analysed as silence"
        )
    return (
        f"the sound is {-missing_s:.1f} s longer than the picture; "
        "the rest was not analysed"
    )
