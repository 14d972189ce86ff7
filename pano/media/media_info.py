"""Probe a video file: its streams, times and projection, before it is decoded.

One picture *is* decoded, because rotation and, outside MP4, spherical metadata
hang on pictures, and because a file without one is better refused at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout
from pano.errors import MediaError, NotSphericalError
from pano.media.colour.read_signal import signal_of
from pano.media.colour.signal import READABLE_MATRICES, VideoSignal
from pano.media.metadata.spherical import (
    Projection,
    SphericalMetadata,
    from_side_data,
    read_spherical,
)
from pano.media.reading import (
    DecodingReport,
    decode_pictures,
    find_video_stream,
    open_input,
)
from pano.media.sound.tracks import AudioInfo, best_sound_track, list_sound_tracks

# Cameras and encoders round sizes: 640×322 with square pixels is meant as 2:1.
ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A file's size, times, projection and sound, as its metadata state them.

    Parameters
    ----------
    width_px, height_px
        The picture as stored: before rotation, in pixels of any shape.
    rotation_deg
        Counter-clockwise turn that shows the picture upright; a multiple of 90.
    start_pts
        Presentation time of the first picture that can be decoded, in `time_base`.
    audio
        The sound track that players choose, of all `sound_tracks`.
    signal
        How its colours are coded.
    timecode
        Of the first picture, as the camera wrote it: HH:MM:SS:FF, with a semicolon
        where it drops frame numbers.
    """

    path: Path
    container: str
    codec: str
    pixel_format: str
    bit_depth: int
    width_px: int
    height_px: int
    sample_aspect_ratio: Fraction
    rotation_deg: int
    average_frame_rate: Fraction | None
    time_base: Fraction
    start_pts: int
    duration_from_header_s: float | None
    n_frames_from_header: int | None
    audio: AudioInfo | None
    spherical: SphericalMetadata | None
    sound_tracks: tuple[AudioInfo, ...] = ()
    signal: VideoSignal = field(default_factory=VideoSignal)
    timecode: str | None = None

    @property
    def start_time(self) -> Fraction:
        """Return the first picture's presentation time in seconds."""
        return self.start_pts * self.time_base

    @property
    def displayed_aspect(self) -> float:
        """Return width : height of the picture as it is meant to be seen."""
        aspect = self.width_px * self.sample_aspect_ratio / self.height_px
        return float(1 / aspect if self.rotation_deg % 180 else aspect)

    @property
    def bounds(self) -> SphereBounds:
        """Return the part of the sphere that the picture covers."""
        return self.spherical.bounds if self.spherical else FULL_SPHERE

    def layout(self) -> StereoLayout | None:
        """Return how the sphere is packed; None if nothing says it is a sphere.

        Metadata decide; without them a picture displayed at 2:1 is a mono sphere.
        A square one may be stereo or no sphere at all: that is not guessed.
        """
        if self.spherical is not None:
            if self.spherical.projection is Projection.EQUIRECTANGULAR:
                return self.spherical.layout
            return None
        if abs(self.displayed_aspect / 2.0 - 1.0) <= ASPECT_TOLERANCE:
            return StereoLayout.MONO
        return None

    def require_layout(self) -> StereoLayout:
        """Return the layout.

        Raises
        ------
        NotSphericalError
            If the file does not say, with the option that would.
        """
        layout = self.layout()
        if layout is not None:
            return layout
        size = f"{self.path} is {self.width_px}×{self.height_px}"
        if self.spherical is None:
            raise NotSphericalError(
                f"{size} and carries no spherical metadata; if it is a 360° video, "
                "say how it is packed with --layout mono|top-bottom|side-by-side"
            )
        if self.spherical.projection is not Projection.EQUIRECTANGULAR:
            raise NotSphericalError(
                f"{self.path} stores its sphere as {self.spherical.projection}; "
                "export it as equirectangular"
            )
        raise NotSphericalError(
            f"{size} and packs its eyes in a way not known here; "
            "say how with --layout mono|top-bottom|side-by-side"
        )

    def require_readable_colours(self) -> None:
        """Refuse colours that cannot be converted.

        Raises
        ------
        MediaError
            With the number of their matrix.
        """
        if self.signal.matrix not in READABLE_MATRICES:
            raise MediaError(
                f"{self.path} codes colours by a matrix that is not known here (number "
                f"{self.signal.matrix} of H.273, such as ICtCp); export it as BT.2020 "
                "or BT.709"
            )


def probe(path: Path) -> MediaInfo:
    """Read the metadata of a file.

    Raises
    ------
    MediaError
        If it cannot be read as video, or not one of its pictures can be decoded.
    """
    with open_input(path) as container:
        stream = find_video_stream(container, path)
        picture = _first_picture(container, stream, path)
        info = _describe(path, container, stream, picture)
    spherical = read_spherical(path) if "mp4" in info.container else None
    return replace(info, spherical=spherical or _spherical_of_picture(picture))


def _first_picture(
    container: InputContainer, stream: VideoStream, path: Path
) -> VideoFrame:
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
    if stream.time_base is None:
        raise MediaError(f"{path} says nothing about time; convert it to mp4 first")
    sound_tracks = list_sound_tracks(container, path)
    signal = signal_of(picture)
    return MediaInfo(
        path=path,
        container=container.format.name,
        codec=stream.codec.canonical_name,
        pixel_format=picture.format.name,
        bit_depth=signal.bit_depth,
        width_px=picture.width,
        height_px=picture.height,
        sample_aspect_ratio=Fraction(stream.sample_aspect_ratio or 1),
        rotation_deg=round(picture.rotation / 90) * 90 % 360,
        average_frame_rate=stream.average_rate,
        time_base=stream.time_base,
        start_pts=picture.pts if picture.pts is not None else 0,
        duration_from_header_s=_duration_s(container, stream),
        n_frames_from_header=stream.frames or None,
        audio=best_sound_track(container, sound_tracks),
        spherical=None,
        sound_tracks=sound_tracks,
        signal=signal,
        timecode=_timecode(container, stream),
    )


def _timecode(container: InputContainer, stream: VideoStream) -> str | None:
    """Find the tag `timecode`: of the picture, its timecode track or the file."""
    tracks = (other.metadata for other in container.streams if other.type == "data")
    for metadata in (stream.metadata, *tracks, container.metadata):
        for name, value in metadata.items():
            if name.lower() == "timecode" and value.strip():
                return value.strip()
    return None


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration is not None else None


def _spherical_of_picture(picture: VideoFrame) -> SphericalMetadata | None:
    # PyAV declares side data as a dict of strings; it is a sequence of buffers.
    entries = cast("Iterable[SideData]", picture.side_data)
    found = {entry.type: bytes(entry) for entry in entries}
    return from_side_data(
        found.get(SideDataType.SPHERICAL), found.get(SideDataType.STEREO3D)
    )
