"""The audio track of a clip, decoded once: for the localizer and for its loudness."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pano.errors import NoAudioError
from pano.media import Media
from pano_jobs.analysis.localizer import SOUND_RATE_HZ, Localizer, Track, load_localizer
from pano_jobs.settings import LocalizeSettings
from soundloc.inference.loudness import MOMENT_S, MomentaryLevel

# Containers round; a mismatch below this is not worth a word to the user.
_MISMATCH_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class AudioTrack:
    """The audio track of a clip: its localizer features and its loudness.

    Parameters
    ----------
    track, localizer
        ``None`` where the clip has no sound.
    sound_s
        How long the sound lasts, counted from the first picture.
    """

    track: Track | None
    localizer: Localizer | None
    level: MomentaryLevel
    sound_s: float


def load_audio_track(
    media: Media, settings: LocalizeSettings, *, localizer: Localizer | None = None
) -> AudioTrack:
    """Decode the whole audio track of a clip once, fitted to its picture.

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
        level = MomentaryLevel.of(np.zeros(0, np.float32), SOUND_RATE_HZ)
        return AudioTrack(track=None, localizer=None, level=level, sound_s=0.0)
    if localizer is None:
        localizer = load_localizer(settings.checkpoint, settings.compute)
    sound = media.sound(sample_rate_hz=SOUND_RATE_HZ)
    sound_s = sound.duration_s
    # The header's word is enough here: a track some pictures too long or too short
    # only moves where silence begins, and `window` accepts any time.
    picture_s = media.info.duration_from_header_s or sound_s
    sound = sound.fitted(max(picture_s, MOMENT_S))
    return AudioTrack(
        track=localizer.hear(sound.samples, sample_rate_hz=sound.sample_rate_hz),
        localizer=localizer,
        level=MomentaryLevel.of(sound.samples, sound.sample_rate_hz),
        sound_s=sound_s,
    )


def no_sound_words(path: Path) -> str:
    """Return the error message for a clip without sound."""
    return (
        f"{path} has no sound, so there is nothing to listen to; "
        "pass --no-sound-ok to hold the camera at its start view"
    )


def mismatch_note(*, sound_s: float, picture_s: float) -> str | None:
    """Return a warning if sound and picture differ noticeably in length."""
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
