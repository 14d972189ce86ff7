"""Probe a video file: its streams, times and projection, before it is decoded.

One picture *is* decoded, because rotation and, outside MP4, spherical metadata
hang on pictures, and because a file without one is better refused at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import cast

from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pano.errors import MediaError
from pano.media.cameras.chapters import chapters_of
from pano.media.cameras.companions import (
    find_companion,
    first_joined_picture,
    first_track,
)
from pano.media.colour.read_signal import signal_of
from pano.media.media_info import MediaInfo
from pano.media.metadata.plausible import (
    believed_duration_s,
    believed_frame_rate,
    believed_n_frames,
    believed_padding_px,
    believed_pixel_shape,
    believed_pts,
    believed_rotation_deg,
    believed_time_base,
    refuse_large_picture,
)
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.metadata.spherical_reader import from_side_data, read_spherical
from pano.media.picture_filter import INTERLACED_NOTE, INTERLACED_TRACKS_NOTE
from pano.media.reading import (
    DecodingReport,
    decode_pictures,
    open_input,
)
from pano.media.sound.tracks import best_sound_track, list_sound_tracks


def probe(path: Path) -> MediaInfo:
    """Read the metadata of a file.

    Raises
    ------
    MediaError
        If it cannot be read as video, or not one of its pictures can be decoded.
    """
    with open_input(path) as container:
        companion = find_companion(path, container)
        stream = first_track(container, path, companion)
        picture = _first_picture(container, stream, path)
        info = _describe(path, container, stream, picture)
    first = chapters_of(path)[0]
    is_mp4 = "mp4" in info.container or first != path
    spherical = read_spherical(first) if is_mp4 else None
    spherical = spherical or _spherical_of_picture(picture)
    if spherical is not None:
        spherical = _fitting(spherical, picture)
    notes = spherical.notes if spherical else ()
    info = replace(info, spherical=spherical, notes=info.notes + notes)
    if companion is None:
        return info
    notes = tuple(
        INTERLACED_TRACKS_NOTE if note == INTERLACED_NOTE else note
        for note in info.notes
    )
    width_px, height_px = companion.joined_size(info.width_px, info.height_px)
    refuse_large_picture(path, width_px, height_px)
    joined = first_joined_picture(path, companion)
    if joined is None:
        raise MediaError(
            f"{path} has two tracks that never show halves of one size at the same "
            "time; copy it from the camera again"
        )
    return replace(
        info,
        companion=companion,
        notes=notes,
        width_px=width_px,
        height_px=height_px,
        start_pts=believed_pts(joined.pts, info.time_base) or 0,
    )


def _first_picture(
    container: InputContainer, stream: VideoStream, path: Path
) -> VideoFrame:
    refuse_large_picture(path, stream.width, stream.height)
    stream.thread_type = "AUTO"
    picture = next(decode_pictures(container, stream, DecodingReport()), None)
    if picture is None:
        raise MediaError(
            f"{path} holds no picture that can be decoded; copy or download it again"
        )
    return picture


def _describe(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    picture: VideoFrame,
) -> MediaInfo:
    notes: list[str] = []
    time_base = believed_time_base(stream.time_base, path)
    sound_tracks = list_sound_tracks(container, path)
    signal = signal_of(picture)
    _note_unheard(len(container.streams.audio) - len(sound_tracks), notes)
    refuse_large_picture(path, picture.width, picture.height)
    if picture.interlaced_frame:
        notes.append(INTERLACED_NOTE)
    return MediaInfo(
        path=path,
        container=container.format.name,
        codec=stream.codec.canonical_name,
        pixel_format=picture.format.name,
        bit_depth=signal.bit_depth,
        width_px=picture.width,
        height_px=picture.height,
        sample_aspect_ratio=believed_pixel_shape(stream.sample_aspect_ratio, notes),
        rotation_deg=believed_rotation_deg(float(picture.rotation), notes),
        average_frame_rate=believed_frame_rate(stream.average_rate, notes),
        time_base=time_base,
        start_pts=believed_pts(picture.pts, time_base) or 0,
        duration_from_header_s=believed_duration_s(
            _duration_s(container, stream), notes
        ),
        n_frames_from_header=believed_n_frames(
            stream.frames, sum(p.stat().st_size for p in chapters_of(path)), notes
        ),
        audio=best_sound_track(container, sound_tracks),
        spherical=None,
        sound_tracks=sound_tracks,
        signal=signal,
        timecode=_timecode(container, stream),
        is_interlaced=picture.interlaced_frame,
        notes=tuple(notes),
    )


def _timecode(container: InputContainer, stream: VideoStream) -> str | None:
    """Find the tag `timecode`: of the picture, its timecode track or the file."""
    tracks = (other.metadata for other in container.streams if other.type == "data")
    for metadata in (stream.metadata, *tracks, container.metadata):
        for name, value in metadata.items():
            if name.lower() == "timecode" and value.strip():
                return value.strip()
    return None


def _note_unheard(n_tracks: int, notes: list[str]) -> None:
    if n_tracks:
        notes.append(
            f"{n_tracks} of its sound tracks state a rate or a number of channels "
            "that no sound has, and are not heard"
        )


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is None:
        return None
    # Matroska's ends where its last picture does, however late the first one is.
    is_end = "matroska" in container.format.name
    start = max(container.start_time or 0, 0) if is_end else 0
    return (container.duration - start) / 1e6


def _spherical_of_picture(picture: VideoFrame) -> SphericalMetadata | None:
    # PyAV declares side data as a dict of strings; it is a sequence of buffers.
    entries = cast("Iterable[SideData]", picture.side_data)
    found = {entry.type: bytes(entry) for entry in entries}
    return from_side_data(
        found.get(SideDataType.SPHERICAL), found.get(SideDataType.STEREO3D)
    )


def _fitting(said: SphericalMetadata, picture: VideoFrame) -> SphericalMetadata:
    """Put aside what a picture of its size cannot have."""
    notes: list[str] = []
    padding_px = believed_padding_px(
        said.padding_px, picture.width, picture.height, notes
    )
    return replace(said, padding_px=padding_px, notes=(*said.notes, *notes))
