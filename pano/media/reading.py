"""Open files and decode them tolerantly; every reader in this package uses it.

FFmpeg says "Invalid data found"; a user needs to know which file and what to do,
and one broken packet in an hour of video must not cost the hour.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pano.errors import MediaError
from pano.media.metadata.plausible import (
    believed_pts,
    is_sound_plausible,
    refuse_fast_pictures,
)

# A list of files that are read as one: see `pano.media.cameras.chapters`.
LIST_SUFFIX = ".ffconcat"
# What a chapter's sound may lack or have too much at its end, in seconds: a packet.
_MAX_JOINT_S = Fraction(1, 20)

StreamT = TypeVar("StreamT", bound=Stream)

# More corrupt frames than this many, and than this share, mean a broken file.
MAX_CORRUPT_FRAMES = 10
MAX_CORRUPT_SHARE = 0.1
# A demuxer that fails this often in a row has nothing more to give.
_MAX_DEMUX_FAILURES = 16
# FFmpeg "decodes" any text file into a video of a terminal.
_NOT_MEDIA_FORMATS = frozenset({"tty"})
# What a container of video begins with: MP4/MOV at byte 4, Matroska, AVI, MPEG-TS.
_MEDIA_SIGNATURES = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (0, b"\x1aE\xdf\xa3"),
    (0, b"RIFF"),
    (0, b"G@"),
)


def ffmpeg_url(path: Path) -> str:
    """Name a file so that FFmpeg sees no protocol in a colon, no pipe in a dash."""
    return f"file:{path}"


def open_input(path: Path) -> InputContainer:
    """Open a file for reading.

    Raises
    ------
    MediaError
        If there is no such file, or it is not media FFmpeg can read.
    """
    if not path.exists():
        raise MediaError(f"{path}: no such file; check the name and the folder")
    if not path.is_file():
        raise MediaError(f"{path} is not a file; name a video in it")
    if path.stat().st_size == 0:
        raise MediaError(f"{path} is empty; copy or download it again")
    try:
        is_list = path.suffix.lower() == LIST_SUFFIX
        container = av.open(
            ffmpeg_url(path),
            format="concat" if is_list else None,
            # Names with folders, which this list has, are not "safe" by its word.
            options={"safe": "0"} if is_list else None,
            metadata_errors="replace",
        )
    except PermissionError as error:
        raise MediaError(f"{path} may not be read; check its permissions") from error
    except FFmpegError as error:
        raise MediaError(_why_unreadable(path)) from error
    if container.format.name in _NOT_MEDIA_FORMATS:
        container.close()
        raise MediaError(_why_unreadable(path))
    return container


def find_video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the video stream FFmpeg calls the best, cover pictures aside.

    Raises
    ------
    MediaError
        If there is none, or none that can be decoded.
    """
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        raise MediaError(
            f"{path} has no video stream, only sound or text; give a 360° video"
        )
    streams = [stream for stream in streams if stream.codec_context is not None]
    if not streams:
        raise MediaError(
            f"{path} holds video in a codec that FFmpeg does not know; convert it first"
        )
    best = container.streams.best("video")
    return next((s for s in streams if best and s.index == best.index), streams[0])


def find_sound_stream(
    container: InputContainer, track: int | None = None
) -> AudioStream | None:
    """Return a sound track, from 0, or the one FFmpeg calls the best; None without."""
    streams = container.streams
    if track is None:
        found: object = streams.best("audio")
    else:
        found = next(iter(streams.audio[track : track + 1]), None)
    return found if isinstance(found, AudioStream) else None


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(16)
    if any(head[at:].startswith(mark) for at, mark in _MEDIA_SIGNATURES):
        return (
            f"{path} is damaged or cut short (its index cannot be read); "
            "copy or download it again"
        )
    return f"{path} is not a video FFmpeg can read; give an mp4, mov, mkv, webm or ts"


@dataclass(slots=True)
class DecodingReport:
    """What happened while one stream was decoded."""

    n_good: int = 0
    n_corrupt: int = 0

    def check(self, path: Path, *, n_expected: int | None = None) -> None:
        """Refuse a file of which too much is corrupt.

        Raises
        ------
        MediaError
            If more than 10 % of the frames, and more than 10, are corrupt.
        """
        n_frames = max(self.n_good + self.n_corrupt, n_expected or 0)
        if self.n_corrupt > max(MAX_CORRUPT_FRAMES, MAX_CORRUPT_SHARE * n_frames):
            raise MediaError(
                f"{path} is damaged: {self.n_corrupt} of {n_frames} frames cannot be "
                "decoded; copy or download it again"
            )


def demux(
    container: InputContainer, stream: StreamT, report: DecodingReport
) -> Iterator[Packet[StreamT]]:
    """Yield a stream's packets, reading on behind places that cannot be read."""
    packets = container.demux(stream)
    joint = _Joint() if container.format.name == "concat" else None
    n_failures = 0
    while n_failures <= _MAX_DEMUX_FAILURES:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except FFmpegError:
            # The generator is dead, the container is not.
            packets = container.demux(stream)
            n_failures += 1
            report.n_corrupt += 1
            continue
        n_failures = 0
        if joint is not None and isinstance(stream, AudioStream):
            joint.close(packet)
        yield packet  # type: ignore[misc]  # PyAV has an overload per kind of stream


class _Joint:
    """Closes the gaps of a packet's length that lie between chapters' sounds.

    A camera goes on recording while it begins a new file: its sound has no gap, but
    the next chapter begins where the pictures of the one before end.
    """

    def __init__(self) -> None:
        self._shift = 0
        self._next: int | None = None

    def close(self, packet: Packet[Any]) -> None:
        """Move a packet to the end of the one before, where little is missing."""
        if packet.pts is None or packet.time_base is None:
            return
        pts = packet.pts + self._shift
        if self._next is not None and pts != self._next:
            if abs(pts - self._next) * packet.time_base <= _MAX_JOINT_S:
                self._shift += self._next - pts
            else:
                self._shift = 0
            pts = packet.pts + self._shift
        if packet.dts is not None:
            packet.dts += pts - packet.pts
        packet.pts = pts
        self._next = pts + packet.duration if packet.duration else None


def decode_pictures(
    container: InputContainer, stream: VideoStream, report: DecodingReport
) -> Iterator[VideoFrame]:
    """Yield every decodable picture in presentation order, counting the others."""
    for packet in demux(container, stream, report):
        try:
            pictures = packet.decode()
        except FFmpegError:
            report.n_corrupt += 1
            continue
        for picture in pictures:
            if not isinstance(picture, VideoFrame) or picture.is_corrupt:
                report.n_corrupt += 1
                continue
            report.n_good += 1
            yield picture


def decode_sounds(
    container: InputContainer, stream: AudioStream
) -> Iterator[AudioFrame]:
    """Yield every decodable frame of sound; what is missing shows in their times."""
    for packet in demux(container, stream, DecodingReport()):
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        for frame in frames:
            if not isinstance(frame, AudioFrame) or not frame.samples:
                continue
            if is_sound_plausible(frame.sample_rate, frame.layout.nb_channels):
                yield frame


class PresentationClock:
    """Gives each picture a presentation time that only ever grows.

    AVI and raw streams carry none, live captures jump back: a missing time, or one
    that no clock shows, continues from the picture before, a jump back is closed
    without a gap.
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction | None) -> None:
        self._time_base = time_base
        self._interval = max(1, round(1 / ((frame_rate or 25) * time_base)))
        self._longest_reorder = max(1, round(1 / time_base))
        self._shift = 0
        self._first: int | None = None
        self._last: int | None = None
        self._n_pictures = 0

    def check(self, path: Path) -> None:
        """Refuse times that cannot be those of a whole pass.

        Raises
        ------
        MediaError
            If a thousand pictures and more came in a second.
        """
        lasts = ((self._last or 0) - (self._first or 0)) * self._time_base
        refuse_fast_pictures(path, self._n_pictures, lasts)

    def pts(self, picture: VideoFrame) -> int:
        """Return the picture's time in units of the stream's time base."""
        stated = believed_pts(picture.pts, self._time_base)
        if self._last is None:
            pts = stated or 0
        elif stated is None:
            pts = self._last + self._interval
        else:
            pts = stated + self._shift
            if pts <= self._last - self._longest_reorder:
                self._shift += self._last + self._interval - pts
                pts = self._last + self._interval
            elif pts <= self._last:
                pts = self._last + 1
        self._first = pts if self._first is None else self._first
        self._last = pts
        self._n_pictures += 1
        return pts


class PicturePass:
    """The pictures of one pass, which may be closed while a thread takes them.

    A caller may leave a pass half-way: closing the generator then closes its container,
    where closing the container alone would crash a later next().
    """

    def __init__(self, pictures: Generator[tuple[int, VideoFrame], None, None]) -> None:
        self._pictures, self._lock = pictures, threading.Lock()

    def __iter__(self) -> PicturePass:
        return self

    def __next__(self) -> tuple[int, VideoFrame]:
        with self._lock:
            return next(self._pictures)

    def close(self) -> None:
        """End the pass; there are no more pictures."""
        with self._lock:
            self._pictures.close()
