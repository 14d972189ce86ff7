"""The file that a film's packets go into: container, sound, and what is said beside.

However the packets are made, the file gets its name only when it is whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from pano.errors import MediaError
from pano.media.containers.carried import Carried
from pano.media.metadata.light_levels import write_light_levels
from pano.media.metadata.spatial_audio import MP4_SUFFIXES
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.metadata.spherical_writer import write_spherical
from pano.media.reading import ffmpeg_url
from pano.media.sound.film_sound import FilmSound
from pano.media.writing.film import Film
from pano.media.writing.target import why_unwritable

# Sound that begins earlier than the picture by less is trimmed by the player (an
# edit list), so that the picture begins at 0; by more, the picture begins later.
_MAX_TRIMMED_SOUND_S = Fraction(1, 10)
# Nobody waits longer for a picture: then times are damaged, and such sound is left out.
_MAX_SOUND_AHEAD_S = Fraction(60)


class FilmMuxer:
    """Writes one film of packets, with its sound in step.

    Parameters
    ----------
    target
        Where the finished film goes; the suffix chooses the container.
    film
        What its codes mean.
    sound
        What is heard in it.
    carried
        What is said of the recording.
    spherical
        Marks the film as a sphere.
    """

    def __init__(
        self,
        target: Path,
        film: Film,
        sound: FilmSound,
        carried: Carried,
        spherical: SphericalMetadata | None,
    ) -> None:
        self._target, self._film = target, film
        self._part = target.with_name(f"{target.stem}.part{target.suffix}")
        self._sound, self._carried, self._spherical = sound, carried, spherical
        self._origin = Fraction(0)
        self._container: OutputContainer | None = None

    @property
    def is_mp4(self) -> bool:
        """Whether the container is MP4 or MOV."""
        return self._target.suffix.lower() in MP4_SUFFIXES

    def open(self, add_video: Callable[[OutputContainer], VideoStream]) -> VideoStream:
        """Create the file with the stream of pictures that `add_video` adds to it."""
        # FFmpeg puts timecodes into MP4 and MOV by itself, and into .m4v if told to.
        is_m4v = self._part.suffix.lower() == ".m4v"
        options = {"write_tmcd": "1"} if is_m4v and self._carried.timecode else {}
        self._container = av.open(ffmpeg_url(self._part), "w", options=options)
        video = add_video(self._container)
        self._sound.open(self._container)
        return video

    def begin(self, video: VideoStream, first_picture: Fraction) -> Fraction:
        """Choose which time of the source is the film's 0, and return it.

        Parameters
        ----------
        first_picture
            Its presentation time in the source, in seconds.
        """
        sound_start = self._sound.start_time
        ahead = None if sound_start is None else first_picture - sound_start
        self._origin = first_picture
        if ahead is not None and _MAX_TRIMMED_SOUND_S < ahead <= _MAX_SOUND_AHEAD_S:
            self._origin = first_picture - ahead
        self._sound.begin(self._origin)
        if self._container is not None:
            self._carried.write(self._container, video, self._origin)
        return self._origin

    def mux(self, packets: Iterable[Packet[VideoStream]], length: Fraction) -> None:
        """Write packets, each of the given length in seconds, and the sound until then.

        The muxer knows a picture's duration from the next one; the last one has none,
        and would vanish at once.
        """
        if self._container is None:
            return
        for packet in packets:
            packet.duration = round(length / packet.time_base)
            if packet.dts is not None:
                # FFmpeg holds packets back until both streams have come as far:
                # handing over the sound in step keeps that queue short.
                self._sound.advance(self._origin + packet.dts * packet.time_base)
            self._container.mux(packet)

    def finish(self, end: Fraction) -> None:
        """Complete the film, which ends at this time of its own, and name it."""
        if self._container is None:
            return
        self._sound.finish(self._origin + end)
        self._container.close()
        if self._spherical is not None:
            write_spherical(self._part, self._spherical)
        if self.is_mp4:
            write_light_levels(self._part, self._film.signal)
        self._sound.tag(self._part)
        self._carried.write_place(self._part)
        self._part.replace(self._target)

    def abandon(self) -> None:
        """Leave no file behind."""
        # What made us give up is being raised already; a second failure, such as
        # the disk still being full, must not hide it.
        with contextlib.suppress(FFmpegError, OSError, ValueError):
            if self._container is not None:
                self._container.close()
        self._sound.close()
        self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def whole_or_nothing(self) -> Iterator[None]:
        """Abandon the film if the block fails, and say why in a sentence.

        Raises
        ------
        MediaError
            If it cannot be written, for example because the disk is full.
        """
        try:
            with self.translated():
                yield
        except BaseException:
            self.abandon()
            raise

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what FFmpeg and the disk say as a MediaError."""
        try:
            yield
        except (FFmpegError, OSError) as error:
            raise MediaError(why_unwritable(self._target, error)) from error
