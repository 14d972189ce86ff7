"""Encode video files; each gets its name only when it is whole.

Times are the caller's, so a variable rate stays variable; the sound is the
source's own packets. A failure, an interrupt included, leaves no file behind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from av.container import OutputContainer
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
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.sound.film_sound import FilmSound
from pano.media.sound.route import SoundRoute
from pano.media.writing.encoders import DEFAULT_ENCODER
from pano.media.writing.film import FilmConverter, options_of, plan_film
from pano.media.writing.join import join_parts
from pano.media.writing.mux import FilmMuxer
from pano.media.writing.target import check_encoder, check_settings, check_target

# Of so few pictures, none of which is reordered, libx265 leaves the decoding times to
# chance.
_MAX_UNTIMED = 2


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
        self._size_px = (width_px, height_px)
        self._time_base = time_base
        self._clock = FilmClock(time_base, frame_rate)
        self._sound = FilmSound(target, sound_from, route or SoundRoute())
        self._carried = Carried() if said_by is None else read_carried(said_by)
        self._muxer = FilmMuxer(
            target, self.film, self._sound, self._carried, spherical
        )
        self._encoder, self._quality, self._preset = encoder, quality, preset
        self._converter = FilmConverter(self.film, source_signal)
        self._first_pts: int | None = None
        self._last_pts = 0
        self._n_pictures = 0
        self._film_pts: int | None = None
        self._frame_rate = self._clock.frame_rate or ASSUMED_RATE_HZ
        self._interval = max(1, round(1 / (self._frame_rate * self._clock.time_base)))
        self._origin = Fraction(0)
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
        with self._muxer.whole_or_nothing():
            self._video = self._muxer.open(self._add_video)
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
        if self._video is None:
            raise ValueError("a MediaWriter writes only inside its with block")
        if image.shape != (self._size_px[1], self._size_px[0], 3):
            raise ValueError(f"expected pictures of {self._size_px}, got {image.shape}")
        with self._muxer.translated():
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
        with self._muxer.translated():
            self._encode(self._converter.of_planes(planes), pts)

    def _encode(self, picture: VideoFrame, pts: int) -> None:
        if self._video is None:
            raise ValueError("a MediaWriter writes only inside its with block")
        if self._first_pts is None:
            self._first_pts = pts
            first_picture = pts * self._time_base
            self._origin = self._muxer.begin(self._video, first_picture)
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

    def join(self, parts: Sequence[Path], source_pts: Sequence[int]) -> None:
        """Write the film of finished parts, in the place of a with block.

        Parameters
        ----------
        parts
            Films of their own without sound, of the same encoder and settings, in
            their order.
        source_pts
            Of all pictures of all parts, in `time_base`, in their order.

        Raises
        ------
        MediaError
            If the parts do not hold as many pictures, are of different encoders, or
            the film cannot be written.
        """
        join_parts(self._muxer, self._clock, parts, source_pts, self._time_base)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._muxer.abandon()
            return
        with self._muxer.whole_or_nothing():
            self._finish()

    def _add_video(self, container: OutputContainer) -> VideoStream:
        options = options_of(self.film, self._encoder, self._preset, self._quality)
        video = container.add_stream(
            self._encoder, rate=self._frame_rate, options=options
        )
        if not isinstance(video, VideoStream):
            raise TypeError(f"{self._encoder} does not encode video")
        video.width, video.height = self._size_px
        video.codec_context.time_base = self._clock.time_base
        self.film.tag(video.codec_context)
        if video.codec.canonical_name == "hevc" and self._muxer.is_mp4:
            # QuickTime and Safari play no other; FFmpeg's own choice is hev1.
            video.codec_context.codec_tag = "hvc1"
        return video

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        self._muxer.mux(packets, self._interval * self._clock.time_base)

    def _last_packets(self, video: VideoStream) -> list[Packet[VideoStream]]:
        packets = video.encode(None)
        if self._n_pictures <= _MAX_UNTIMED:
            for packet in packets:
                packet.dts = packet.pts
        return packets

    def _finish(self) -> None:
        if self._video is None:
            return
        if self._film_pts is None:
            raise MediaError(f"{self._target} would be empty: there are no pictures")
        self._mux(self._last_packets(self._video))
        n_ticks = self._film_pts + self._interval
        self._muxer.finish(n_ticks * self._clock.time_base)
