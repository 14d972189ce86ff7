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
from pano.media.cameras.chapters import chapters_of
from pano.media.cameras.companions import Companion, find_companion, first_track
from pano.media.colour.read_signal import signal_of
from pano.media.colour.signal import READABLE_MATRICES, VideoSignal
from pano.media.metadata.plausible import (
    believed_duration_s,
    believed_frame_rate,
    believed_n_frames,
    believed_pixel_shape,
    believed_pts,
    believed_rotation_deg,
    believed_time_base,
    refuse_large_picture,
)
from pano.media.metadata.spherical import (
    Projection,
    SphericalMetadata,
    from_side_data,
    read_spherical,
)
from pano.media.picture_filter import INTERLACED_NOTE
from pano.media.reading import (
    DecodingReport,
    decode_pictures,
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
    black_rows_px
        Rows of black above the sphere and as many below, left out of `height_px`.
    is_dual_fisheye
        Whether its pictures look like two fish-eyes side by side.
    companion
        A second track or file that completes the picture; the size is of both.
    is_interlaced
        Whether the first picture is woven of two fields.
    notes
        What a user should know of the file, in sentences: what of its metadata was
        not believed, what was done to its pictures.
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
    black_rows_px: int = 0
    is_dual_fisheye: bool = False
    companion: Companion | None = None
    is_interlaced: bool = False
    notes: tuple[str, ...] = ()

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
    def upright_size_px(self) -> tuple[int, int]:
        """Return width and height of the picture, all eyes, as it is to be seen."""
        if self.rotation_deg % 180:
            return self.height_px, self.width_px
        return self.width_px, self.height_px

    @property
    def n_bytes(self) -> int:
        """Return the size of its file, or of all its chapters."""
        return sum(path.stat().st_size for path in chapters_of(self.path))

    @property
    def is_two_to_one(self) -> bool:
        """Tell whether the picture is meant to be seen at 2:1, about."""
        return abs(self.displayed_aspect / 2.0 - 1.0) <= ASPECT_TOLERANCE

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
        if self.is_two_to_one and not self.is_dual_fisheye:
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
                "say how it is packed with --layout mono|top-bottom|side-by-side, or "
                "how it is projected with --projection"
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
        companion = find_companion(path, container)
        stream = first_track(container, path, companion)
        picture = _first_picture(container, stream, path)
        info = _describe(path, container, stream, picture)
    first = chapters_of(path)[0]
    is_mp4 = "mp4" in info.container or first != path
    spherical = read_spherical(first) if is_mp4 else None
    spherical = spherical or _spherical_of_picture(picture)
    notes = spherical.notes if spherical else ()
    info = replace(info, spherical=spherical, notes=info.notes + notes)
    if companion is None:
        return info
    width_px, height_px = companion.joined_size(info.width_px, info.height_px)
    refuse_large_picture(path, width_px, height_px)
    return replace(info, companion=companion, width_px=width_px, height_px=height_px)


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
    return container.duration / 1e6 if container.duration is not None else None


def _spherical_of_picture(picture: VideoFrame) -> SphericalMetadata | None:
    # PyAV declares side data as a dict of strings; it is a sequence of buffers.
    entries = cast("Iterable[SideData]", picture.side_data)
    found = {entry.type: bytes(entry) for entry in entries}
    return from_side_data(
        found.get(SideDataType.SPHERICAL), found.get(SideDataType.STEREO3D)
    )
