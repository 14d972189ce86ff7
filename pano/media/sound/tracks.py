"""The sound tracks of a file, and what it says about them.

A file may have several: GoPro's 360° cameras write stereo in AAC and beside it four
channels of their microphones in PCM.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import InputContainer

from pano.ambisonics.formats import AmbisonicFormat
from pano.media.metadata.plausible import is_sound_plausible
from pano.media.metadata.spatial_audio import read_spatial_audio
from pano.media.reading import (
    DecodingReport,
    demux,
    find_sound_stream,
    open_input,
)

# FLAC's largest block at CD rate is 1.5 s.
_MAX_PACKET_S = Fraction(2)
_AMBISONIC_LAYOUT = re.compile(r"ambisonic (\d)(\+(?:stereo|2 channels))?$")


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One sound track of a file.

    Parameters
    ----------
    index
        Among the file's sound tracks, from 0.
    title
        What its writer called it, or nothing.
    tagged
        The ambisonic format that the file states; None where it states none.
    tag
        Where it states it: SA3D, or a layout of FFmpeg's.
    """

    codec: str
    sample_rate_hz: int
    channels: int
    channel_layout: str
    index: int = 0
    title: str = ""
    tagged: AmbisonicFormat | None = None
    tag: str = ""


def list_sound_tracks(container: InputContainer, path: Path) -> tuple[AudioInfo, ...]:
    """Describe the sound tracks of an open file that can be heard.

    Those without a rate, or with one that cannot be true, are left out.
    """
    is_mp4 = "mp4" in container.format.name
    boxes = read_spatial_audio(path) if is_mp4 else []
    found = []
    for index, stream in enumerate(container.streams.audio):
        context = stream.codec_context
        if context is None:
            continue
        channels, layout = context.layout.nb_channels, context.layout.name
        if not is_sound_plausible(context.sample_rate or 0, channels):
            continue
        box = boxes[index] if index < len(boxes) else None
        tagged, tag = box, "SA3D"
        if box is None or box.n_stored != channels:
            tagged, tag = _of_layout(layout), layout
        found.append(
            AudioInfo(
                codec=context.codec.canonical_name,
                sample_rate_hz=context.sample_rate,
                channels=channels,
                channel_layout=layout,
                index=index,
                title=_title(stream),
                tagged=tagged,
                tag=tag if tagged else "",
            )
        )
    return tuple(found)


def best_sound_track(
    container: InputContainer, tracks: Sequence[AudioInfo]
) -> AudioInfo | None:
    """Return the track that FFmpeg, as players do, calls the best."""
    best = container.streams.best("audio")
    for track in tracks:
        if (
            best is not None
            and container.streams.audio[track.index].index == best.index
        ):
            return track
    return tracks[0] if tracks else None


def sounding_s(path: Path, *, track: int | None = None) -> float:
    """Measure how long a track sounds by the length of its packets, not their times.

    Parameters
    ----------
    track
        From 0; None is the one FFmpeg calls the best.
    """
    sounding = Fraction(0)
    with open_input(path) as container:
        stream = find_sound_stream(container, track)
        if stream is None:
            return 0.0
        for packet in demux(container, stream, DecodingReport()):
            if packet.size and packet.duration and packet.duration > 0:
                length = packet.duration * packet.time_base
                sounding += min(length, _MAX_PACKET_S)
    return float(sounding)


def _of_layout(layout: str) -> AmbisonicFormat | None:
    """Read FFmpeg's name of a layout; it knows ambiX alone (RFC 8486, `SA3D`)."""
    match = _AMBISONIC_LAYOUT.match(layout)
    if match is None or not 1 <= int(match[1]) <= 3:
        return None
    return AmbisonicFormat(int(match[1]), has_head_locked_pair=match[2] is not None)


def _title(stream: AudioStream) -> str:
    for name in ("title", "handler_name"):
        words = stream.metadata.get(name, "").strip()
        if words and words not in ("SoundHandler", "Core Media Audio"):
            return words
    return ""
