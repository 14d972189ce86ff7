"""How a file's sound is heard: which track, as a field or not, and why.

What the file states is believed, and what the user says before that. Four channels
(or nine, or sixteen) without a word are the normal case of cameras and recorders:
they are recognized by their physics (`pano.ambisonics.recognition`), and in doubt the
first channel is heard, which misses no direction if it is a field after all.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pano.ambisonics.formats import AmbisonicFormat
from pano.ambisonics.harmonics import order_of
from pano.ambisonics.recognition import Recognized, Recognizer
from pano.errors import SettingsError
from pano.media.reading import open_input
from pano.media.sound.channels import Mono, decode_channels
from pano.media.sound.choice import SoundField
from pano.media.sound.tracks import AudioInfo, best_sound_track, list_sound_tracks

# Enough to tell what a track is, little enough to cost nothing.
_RECOGNIZED_S = 60.0
_FORMATS = {
    "ambix": AmbisonicFormat(),
    "fuma": AmbisonicFormat(ordering="FuMa", normalization="FuMa"),
    "n3d": AmbisonicFormat(normalization="N3D"),
}


@dataclass(frozen=True, slots=True)
class Hearing:
    """How one sound track is heard.

    Parameters
    ----------
    format
        Of the sound field that it holds; None where it holds none, or none for sure.
    is_planar
        The field has no vertical channel.
    mono
        How one channel is made where there is no field: the first, the mix of
        loudspeaker channels by the book, or their mean.
    reason
        In half a sentence.
    is_sure
        False where a field was suspected and not recognized.
    """

    track: AudioInfo
    format: AmbisonicFormat | None
    reason: str
    mono: Mono = "book"
    is_planar: bool = False
    is_sure: bool = True

    @property
    def note(self) -> str | None:
        """A sentence for the user, where something was decided in doubt."""
        if self.is_sure:
            return None
        return (
            f"the sound track has {self.track.channels} channels and no tag: "
            f"{self.reason}; its first channel is heard. If it is a sound field, "
            "say which with --sound-field ambix|fuma|n3d"
        )


def choose_hearing(
    path: Path, *, field: SoundField = "auto", track: int | None = None
) -> Hearing | None:
    """Choose how a file is heard; None if it has no sound.

    Parameters
    ----------
    field
        What the user says that the track holds; auto finds out.
    track
        Which sound track, from 0; None prefers one with a field.

    Raises
    ------
    SettingsError
        If there is no such track, or it cannot be what the user says.
    """
    with open_input(path) as container:
        tracks = list_sound_tracks(container, path)
        preferred = best_sound_track(container, tracks)
    if preferred is None:
        return None
    if track is not None:
        asked = next((item for item in tracks if item.index == track), None)
        if asked is None:
            raise SettingsError(
                f"{path} has no sound track {track}; it has "
                + ", ".join(str(item.index) for item in tracks)
            )
        return _heard_as(path, asked, field)
    if field in ("mono", "stereo"):
        return _heard_as(path, preferred, field)
    return _most_spatial(path, tracks, preferred, field)


def turned(hearing: Hearing, yaw_deg: float) -> Hearing:
    """Return how a field is heard whose microphone stood turned to the right.

    Raises
    ------
    SettingsError
        If it holds no field that could be turned.
    """
    if yaw_deg == 0.0:
        return hearing
    if hearing.format is None:
        raise SettingsError(
            f"--sound-yaw turns a sound field, and there is none ({hearing.reason})"
        )
    format_ = replace(hearing.format, yaw_deg=yaw_deg)
    return replace(hearing, format=format_)


def _most_spatial(
    path: Path, tracks: Sequence[AudioInfo], preferred: AudioInfo, field: SoundField
) -> Hearing:
    """Prefer a track that is tagged, then one that may be a field and is one."""
    order = [preferred, *(item for item in tracks if item is not preferred)]
    order.sort(key=lambda item: (item.tagged is None, not _may_be_field(item)))
    if order[0].tagged is not None or len(tracks) == 1:
        return _heard_as(path, order[0], field)
    for track in filter(_may_be_field, order):
        found = _heard_as(path, track, field)
        if found.format is not None:
            return found
    return _heard_as(path, preferred, field)


def _may_be_field(track: AudioInfo) -> bool:
    """Tell whether a number of channels suggests a field where nothing else does."""
    full = order_of(track.channels) or order_of(track.channels - 2)
    return full is not None and not track.channel_layout.startswith("5.1")


def _heard_as(path: Path, track: AudioInfo, field: SoundField) -> Hearing:
    if field == "mono":
        return Hearing(track, None, "as you say", mono="first")
    if field == "stereo":
        return Hearing(track, None, "as you say", mono=_mono_of(track))
    if field != "auto":
        return Hearing(track, _stated(path, track, field), "as you say")
    if track.tagged is not None:
        return Hearing(track, track.tagged, f"the file says so ({track.tag})")
    if not _may_be_field(track):
        return Hearing(track, None, "it has no field's channels", mono=_mono_of(track))
    found = _recognized(path, track)
    if found.verdict == "speakers":
        return Hearing(track, None, found.reason, mono="mean")
    if found.format is None:
        return Hearing(track, None, found.reason, mono="first", is_sure=False)
    whole = _of_channels(found.format, track.channels)
    return Hearing(track, whole, found.reason, is_planar=found.is_planar)


def _mono_of(track: AudioInfo) -> Mono:
    # FFmpeg mixes named layouts to mono by the book; it refuses others.
    is_unnamed = track.channel_layout.endswith("channels")
    if track.channel_layout.startswith("ambisonic"):
        return "first"
    return "mean" if is_unnamed else "book"


def _stated(path: Path, track: AudioInfo, field: SoundField) -> AmbisonicFormat:
    format_ = _of_channels(_FORMATS[field], track.channels)
    if format_ is None:
        raise SettingsError(
            f"{path} has {track.channels} channels of sound; --sound-field {field} "
            "needs 4, 9 or 16, or two more for a head-locked pair"
        )
    return format_


def _of_channels(format_: AmbisonicFormat, channels: int) -> AmbisonicFormat | None:
    """Return the format for a number of channels; None if it has no such number."""
    order = order_of(channels)
    if order is not None:
        return replace(format_, order=order)
    order = order_of(channels - 2)
    if order is not None:
        return replace(format_, order=order, has_head_locked_pair=True)
    return None


def _recognized(path: Path, track: AudioInfo) -> Recognized:
    recognizer = Recognizer(track.sample_rate_hz)
    blocks = decode_channels(path, track=track.index)
    for block in itertools.takewhile(lambda b: b.time_s < _RECOGNIZED_S, blocks):
        # A track may have other channels half-way, which say nothing of its field.
        if len(block.samples) == track.channels:
            recognizer.add(block.samples)
    return recognizer.recognize()
