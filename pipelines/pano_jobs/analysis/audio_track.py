"""The audio track of a clip, decoded once: for the localizer and for its loudness."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pano.ambisonics.heard_directions import HeardDirections
from pano.ambisonics.intensity import IntensityMeter
from pano.errors import NoAudioError, SettingsError
from pano.media import Hearing, Media
from pano.media.frames import ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX
from pano.media.sound.align import Alignment
from pano_jobs.analysis.field_audit import FieldAudit
from pano_jobs.analysis.field_evidence import HeardSources
from pano_jobs.analysis.localizer import (
    SOUND_RATE_HZ,
    STRIDE_PX,
    Localizer,
    Track,
    load_localizer,
)
from pano_jobs.analysis.synchrony.strokes import Strokes
from pano_jobs.settings import LocalizeSettings
from soundloc.inference.loudness import MOMENT_S, MomentaryLevel

# Containers round; a mismatch below this is not worth a word to the user.
_MISMATCH_S = 0.1
_HOLD_STILL = "pass --no-sound-ok to hold the camera at its start view"


@dataclass(frozen=True, slots=True, eq=False)
class AudioTrack:
    """The audio track of a clip: its localizer features and its loudness.

    Parameters
    ----------
    track, localizer
        ``None`` where the clip has no sound.
    strokes
        Its level and onsets, to be compared with what moves.
    sound_s
        How long the sound lasts, counted from the first picture.
    is_whole
        False if it lasts for longer: what lies far behind the picture is not decoded.
    hearing
        Which track is heard, and as what.
    heard
        The directions in its sound field; ``None`` where there is none to go by.
    sources
        Filled as the maps are made.
    audit
        Compares the field with the picture; filled as the maps are made.
    alignment
        Of a separate recorder; ``None`` without one.
    """

    track: Track | None
    localizer: Localizer | None
    level: MomentaryLevel
    strokes: Strokes
    sound_s: float
    hearing: Hearing | None = None
    heard: HeardDirections | None = None
    sources: HeardSources = field(default_factory=HeardSources)
    audit: FieldAudit = field(default_factory=FieldAudit)
    alignment: Alignment | None = None
    is_whole: bool = True


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
    SettingsError
        If its sound cannot be heard as the settings say.
    """
    if media.info.audio is None:
        if settings.require_sound:
            raise NoAudioError(no_sound_words(media.info.path))
        return _silent()
    hearing, alignment = media.hearing, media.clip_sound.alignment
    has_field = hearing is not None and hearing.format is not None
    if settings.evidence == "field" and not has_field:
        raise SettingsError(no_field_words(media.info.path, hearing))
    if localizer is None and settings.evidence != "field":
        localizer = load_localizer(settings.checkpoint, settings.compute)
    meter = IntensityMeter(SOUND_RATE_HZ)
    is_wanted = has_field and settings.evidence != "picture"
    try:
        sound = media.sound(
            sample_rate_hz=SOUND_RATE_HZ, on_field=meter.add if is_wanted else None
        )
    except NoAudioError as error:
        if settings.require_sound:
            raise NoAudioError(f"{error}; or {_HOLD_STILL}") from error
        return _silent()
    sound_s = sound.duration_s
    # The header's word is enough here: a track some pictures too long or too short
    # only moves where silence begins, and `window` accepts any time.
    picture_s = media.info.duration_from_header_s or sound_s
    # A header may be wrong by hours: behind a whole window of silence, more of it
    # changes nothing.
    picture_s = min(picture_s, sound_s + settings.window_s + MOMENT_S)
    sound = sound.fitted(max(picture_s, MOMENT_S))
    heard = None
    if is_wanted and hearing is not None:
        heard = HeardDirections(
            meter.finish(),
            height=ANALYSIS_HEIGHT_PX // STRIDE_PX,
            width=ANALYSIS_WIDTH_PX // STRIDE_PX,
            is_planar=hearing.is_planar,
        )
    return AudioTrack(
        track=None
        if localizer is None
        else localizer.hear(sound.samples, sample_rate_hz=sound.sample_rate_hz),
        localizer=localizer,
        level=MomentaryLevel.of(sound.samples, sound.sample_rate_hz),
        strokes=Strokes.of(sound.samples, sound.sample_rate_hz),
        sound_s=sound_s,
        hearing=hearing,
        heard=heard,
        alignment=alignment,
        is_whole=sound.is_whole,
    )


def _silent() -> AudioTrack:
    nothing = np.zeros(0, np.float32)
    return AudioTrack(
        track=None,
        localizer=None,
        level=MomentaryLevel.of(nothing, SOUND_RATE_HZ),
        strokes=Strokes.of(nothing, SOUND_RATE_HZ),
        sound_s=0.0,
    )


def no_sound_words(path: Path) -> str:
    """Return the error message for a clip without sound."""
    return f"{path} has no sound, so there is nothing to listen to; {_HOLD_STILL}"


def no_field_words(path: Path, hearing: Hearing | None) -> str:
    """Return the error message for a clip whose sound tells no direction."""
    reason = "it has no sound" if hearing is None else hearing.reason
    return (
        f"{path} has no sound field ({reason}); if its channels are one, say which "
        "with --sound-field ambix|fuma|n3d, or take --evidence picture"
    )


def mismatch_note(
    *, sound_s: float, picture_s: float, is_whole: bool = True
) -> str | None:
    """Return a warning if sound and picture differ noticeably in length."""
    missing_s = picture_s - sound_s
    if abs(missing_s) <= _MISMATCH_S:
        return None
    if missing_s > 0.0:
        return (
            f"the sound is {missing_s:.1f} s shorter than the picture; "
            "the rest was analysed as silence"
        )
    more_than = "" if is_whole else "more than "
    return (
        f"the sound is {more_than}{-missing_s:.1f} s longer than the picture; "
        "the rest was not analysed"
    )
