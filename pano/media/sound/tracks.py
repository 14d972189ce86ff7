"""The sound tracks of a file, and what it says about them.

A file may have several: GoPro's 360° cameras write stereo in AAC and beside it four
channels of their microphones in PCM.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import InputContainer

from pano.ambisonics.formats import AmbisonicFormat
from pano.media.metadata.spatial_audio import read_spatial_audio

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
    """Describe the sound tracks of an open file; those without a rate are left out."""
    is_mp4 = "mp4" in container.format.name
    boxes = read_spatial_audio(path) if is_mp4 else []
    found = []
    for index, stream in enumerate(container.streams.audio):
        context = stream.codec_context
        if context is None or not context.sample_rate:
            continue
        channels, layout = context.layout.nb_channels, context.layout.name
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
