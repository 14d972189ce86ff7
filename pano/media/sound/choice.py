"""What a user can say about sound; quick to import, unlike what does it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pano.errors import SettingsError

SoundField: TypeAlias = Literal["auto", "ambix", "fuma", "n3d", "mono", "stereo"]
SOUND_FIELDS: tuple[SoundField, ...] = get_args(SoundField)
SoundOut: TypeAlias = Literal["auto", "stereo", "binaural", "ambisonic", "copy"]
SOUND_OUTS: tuple[SoundOut, ...] = get_args(SoundOut)
SoundTracks: TypeAlias = Literal["heard", "all"]
SOUND_TRACKS: tuple[SoundTracks, ...] = get_args(SoundTracks)


@dataclass(frozen=True, slots=True)
class SoundChoice:
    """What a user says about a file's sound.

    Parameters
    ----------
    field
        What its channels hold; auto finds out.
    track
        Which sound track, from 0; None prefers one with a field.
    recorder
        A file of another recorder that is heard in the place of the clip's own sound;
        field and track are its then.
    yaw_deg
        Where the field's front lies in the picture, positive to the right.
    replaces_sound
        The recorder's sound, not the camera's, goes into what is written.
    tracks
        Whether the clip's further sound tracks go there, too, as copies.
    """

    field: SoundField = "auto"
    track: int | None = None
    recorder: Path | None = None
    yaw_deg: float = 0.0
    replaces_sound: bool = True
    tracks: SoundTracks = "heard"

    def __post_init__(self) -> None:
        if not math.isfinite(self.yaw_deg):
            raise SettingsError(f"sound-yaw must be finite, got {self.yaw_deg}")
