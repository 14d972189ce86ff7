"""Encode video files; each gets its name only when it is whole.

Times are the caller's, so a variable rate stays variable; the sound is the
source's own packets. A failure, an interrupt included, leaves no file behind.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pano.ambisonics.turning import AxesAt
from pano.equirect.planes import Planes
from pano.errors import MediaError
from pano.media.colour.signal import DynamicRange, VideoSignal
from pano.media.containers.carried import Carried, read_carried
from pano.media.containers.film_clock import FilmClock
from pano.media.frames import ASSUMED_RATE_HZ
from pano.media.metadata.light_levels import write_light_levels
from pano.media.metadata.spatial_audio import MP4_SUFFIXES
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.metadata.spherical_writer import write_spherical
from pano.media.reading import ffmpeg_url
from pano.media.sound.film_sound import FilmSound
from pano.media.sound.route import SoundRoute
from pano.media.writing.encoders import DEFAULT_ENCODER
from pano.media.writing.film import FilmConverter, options_of, plan_film
from pano.media.writing.target import (
    check_encoder,
    check_settings,
    check_target,
    why_unwritable,
)

# Sound that begins earlier than the picture by less is trimmed by the player (an
# edit list), so that the picture begins at 0; by more, the picture begins later.
_MAX_TRIMMED_SOUND_S = Fraction(1, 10)
# Of so few pictures, none of which is reordered, libx265 leaves the decoding times to
# chance.
_MAX_UNTIMED = 2
# Nobody waits longer for a picture: then times are damaged, and such sound is left out.
_MAX_SOUND_AHEAD_S = Fraction(60)


class MediaWriter:
    """An encoder and muxer of one video file; use it as a context manager.

    Parameters
    ----------
    target
        Where the finished video goes; the suffix chooses the container.
    width_px, height_px
        Size of the pictures, both even.
    frame_rate
        The nominal rate, for encoder and players; None if it is variable. Times that
        are rounded ones of it become exact.
    time_base
        Unit of the `pts` given to `write`, usually the source's.
    sound_from
        A file whose sound is used, on the same clock as `pts`; None for silence.
    route
        What is done to that sound; None copies it.
    said_by
        A file of the same recording: its title, date, place, timecode and chapters are
        said again.
    spherical
        Marks the video as a sphere; MP4 and MOV only.
    encoder
        One of `pano.media.ENCODERS`.
    quality
        Constant rate factor, 0 (lossless) to 51; None is the preset's default.
    preset
        One of the encoder's trades of speed for size; None is its default.
    source_signal
        What planes mean that are written; None for RGB pictures.
    dynamic_range
        What becomes of HDR: see `pano.media.writing.film.plan_film`.

    Raises
    ------
    SettingsError
        If the settings do not fit each other.
    MediaError
        If the target cannot or must not be written.
    """

    def __init__(
        self,
        target: Path,
        *,
        width_px: int,
        height_px: int,
        frame_rate: Fraction | None,
        time_base: Fraction,
        sound_from: Path | None = None,
        route: SoundRoute | None = None,
        said_by: Path | None = None,
        spherical: SphericalMetadata | None = None,
        encoder: str = DEFAULT_ENCODER,
        quality: int | None = None,
        preset: str | None = None,
        source_signal: VideoSignal | None = None,
        dynamic_range: DynamicRange = "auto",
        overwrite: bool = False,
    ) -> None:
        check_settings(target, width_px, height_px, spherical, encoder, preset, quality)
        self.film = plan_film(encoder, source_signal, dynamic_range)
        check_encoder(encoder, self.film.pixel_format)
        check_target(target, source=sound_from, overwrite=overwrite)
        self._target = target
        self._is_mp4 = target.suffix.lower() in MP4_SUFFIXES
        self._part = target.with_name(f"{target.stem}.part{target.suffix}")
        self._size_px = (width_px, height_px)
        self._time_base = time_base
        self._clock = FilmClock(time_base, frame_rate)
        self._sound = FilmSound(target, sound_from, route or SoundRoute())
        self._carried = Carried() if said_by is None else read_carried(said_by)
        self._spherical = spherical
        self._encoder, self._quality, self._preset = encoder, quality, preset
        self._converter = FilmConverter(self.film, source_signal)
        self._first_pts: int | None = None
        self._last_pts = 0
        self._n_pictures = 0
        self._film_pts: int | None = None
        self._frame_rate = self._clock.frame_rate or ASSUMED_RATE_HZ
        self._interval = max(1, round(1 / (self._frame_rate * self._clock.time_base)))
        self._origin = Fraction(0)
        self._container: OutputContainer | None = None
        self._video: VideoStream | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user on what does not get into the file as it was."""
        carried = self._carried.note(self._target.suffix)
        return self.film.notes + self._sound.notes + carried

    def turn_sound(self, axes_at: AxesAt) -> None:
        """Let a sound field turn with the camera; call it before the with block."""
        self._sound.route = dataclasses.replace(self._sound.route, axes_at=axes_at)

    def __enter__(self) -> MediaWriter:
        try:
            with self._translated():
                self._open()
        except BaseException:
            self._abandon()
            raise
        return self

    def write(self, image: NDArray[np.uint8], pts: int) -> None:
        """Add one picture.

        Parameters
        ----------
        image
            RGB, shape (height_px, width_px, 3).
        pts
            Presentation time in `time_base`, later than the picture before.

        Raises
        ------
        MediaError
            If it cannot be written, for example because the disk is full.
        """
        if self._container is None or self._video is None:
            raise ValueError("a MediaWriter writes only inside its with block")
        if image.shape != (self._size_px[1], self._size_px[0], 3):
            raise ValueError(f"expected pictures of {self._size_px}, got {image.shape}")
        with self._translated():
            self._encode(self._converter.of_rgb(image), pts)

    def write_planes(self, planes: Planes, pts: int) -> None:
        """Add one picture as it is stored: `write` without a way through RGB.

        Raises
        ------
        MediaError
            If it cannot be written, for example because the disk is full.
        """
        if planes.y.shape != (self._size_px[1], self._size_px[0]):
            raise ValueError(
                f"expected pictures of {self._size_px}, got {planes.y.shape}"
            )
        with self._translated():
            self._encode(self._converter.of_planes(planes), pts)

    def _encode(self, picture: VideoFrame, pts: int) -> None:
        if self._container is None or self._video is None:
            raise ValueError("a MediaWriter writes only inside its with block")
        if self._first_pts is None:
            self._first_pts = pts
            self._origin = self._choose_origin(pts * self._time_base)
            self._carried.write(self._container, self._video, self._origin)
        elif pts <= self._last_pts:
            raise ValueError(f"pts must grow, got {pts} after {self._last_pts}")
        self._last_pts = pts
        self._n_pictures += 1
        begin = self._first_pts * self._time_base - self._origin
        film_pts = self._clock.pts(pts) + round(begin / self._clock.time_base)
        if self._film_pts is not None:
            self._interval = film_pts - self._film_pts
        self._film_pts = film_pts
        picture.pts, picture.time_base = film_pts, self._clock.time_base
        self._mux(self._video.encode(picture))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._abandon()
            return
        try:
            with self._translated():
                self._finish()
        except BaseException:
            self._abandon()
            raise

    def _open(self) -> None:
        # FFmpeg puts timecodes into MP4 and MOV by itself, and into .m4v if told to.
        is_m4v = self._part.suffix.lower() == ".m4v"
        options = {"write_tmcd": "1"} if is_m4v and self._carried.timecode else {}
        container = av.open(ffmpeg_url(self._part), "w", options=options)
        self._container = container
        options = options_of(self.film, self._encoder, self._preset, self._quality)
        video = container.add_stream(
            self._encoder, rate=self._frame_rate, options=options
        )
        if not isinstance(video, VideoStream):
            raise TypeError(f"{self._encoder} does not encode video")
        video.width, video.height = self._size_px
        video.codec_context.time_base = self._clock.time_base
        self.film.tag(video.codec_context)
        if video.codec.canonical_name == "hevc" and self._is_mp4:
            # QuickTime and Safari play no other; FFmpeg's own choice is hev1.
            video.codec_context.codec_tag = "hvc1"
        self._video = video
        self._sound.open(container)

    def _choose_origin(self, first_picture: Fraction) -> Fraction:
        sound_start = self._sound.start_time
        origin = first_picture
        ahead = None if sound_start is None else first_picture - sound_start
        if ahead is not None and _MAX_TRIMMED_SOUND_S < ahead <= _MAX_SOUND_AHEAD_S:
            origin = first_picture - ahead
        self._sound.begin(origin)
        return origin

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        if self._container is None:
            return
        for packet in packets:
            # The muxer knows a picture's duration from the next one; the last one
            # has none, and would vanish at once.
            length = self._interval * self._clock.time_base
            packet.duration = round(length / packet.time_base)
            if packet.dts is not None:
                # FFmpeg holds packets back until both streams have come as far:
                # handing over the sound in step keeps that queue short.
                self._sound.advance(self._origin + packet.dts * packet.time_base)
            self._container.mux(packet)

    def _last_packets(self, video: VideoStream) -> list[Packet[VideoStream]]:
        packets = video.encode(None)
        if self._n_pictures <= _MAX_UNTIMED:
            for packet in packets:
                packet.dts = packet.pts
        return packets

    def _finish(self) -> None:
        if self._container is None or self._video is None:
            return
        if self._film_pts is None:
            raise MediaError(f"{self._target} would be empty: there are no pictures")
        self._mux(self._last_packets(self._video))
        n_ticks = self._film_pts + self._interval
        self._sound.finish(self._origin + n_ticks * self._clock.time_base)
        self._container.close()
        if self._spherical is not None:
            write_spherical(self._part, self._spherical)
        if self._is_mp4:
            write_light_levels(self._part, self.film.signal)
        self._sound.tag(self._part)
        self._carried.write_place(self._part)
        self._part.replace(self._target)

    def _abandon(self) -> None:
        # What made us give up is being raised already; a second failure, such as
        # the disk still being full, must not hide it.
        with contextlib.suppress(FFmpegError, OSError, ValueError):
            if self._container is not None:
                self._container.close()
        self._sound.close()
        self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (FFmpegError, OSError) as error:
            raise MediaError(why_unwritable(self._target, error)) from error
