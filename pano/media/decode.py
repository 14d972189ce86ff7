"""Decode video files to frames of the sphere, with the file's own times.

Every pass opens the file anew and reads it forward: seeking back is unreliable in
transport streams, and opening costs milliseconds.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from pano.equirect.layouts import StereoLayout
from pano.errors import MediaError, NotSphericalError
from pano.media.frames import (
    ANALYSIS_HEIGHT_PX,
    ANALYSIS_RATE_HZ,
    ANALYSIS_WIDTH_PX,
    ASSUMED_RATE_HZ,
    Frame,
    LazyPicture,
    PlanarFrame,
)
from pano.media.media_info import MediaInfo, probe
from pano.media.metadata.mp4_boxes import missing_bytes
from pano.media.metadata.spherical import Projection
from pano.media.pictures import EquirectConverter
from pano.media.reading import (
    MAX_CORRUPT_SHARE,
    DecodingReport,
    PresentationClock,
    decode_pictures,
    find_video_stream,
    open_input,
)
from pano.media.sound.choice import SoundChoice
from pano.media.sound.clip_sound import ClipSound
from pano.media.sound.hearing import Hearing
from pano.media.sound.track import FieldListener, Sound

# Containers round times (Matroska to 1 ms); a picture due on a tick but stamped
# this much later still counts as on screen.
_MAX_ROUNDING_S = Fraction(1, 2000)

_SAY_THEIR_LENGTH = frozenset({"mp4", "matroska"})

_log = logging.getLogger(__name__)


class Media:
    """An open 360° video; made by `open_media` only, which also closes it.

    Attributes
    ----------
    info
        What the file says about itself.
    layout
        How its eyes are packed.
    clip_sound
        What is listened to and written.
    """

    def __init__(
        self,
        info: MediaInfo,
        layout: StereoLayout,
        files: contextlib.ExitStack,
        sound: SoundChoice | None = None,
    ) -> None:
        self.info = info
        self.layout = layout
        self._files = files
        self._report = DecodingReport()
        self.clip_sound = ClipSound(
            info.path,
            info.start_time,
            info.audio is not None,
            sound or SoundChoice(),
            info.sound_tracks,
        )

    @property
    def n_corrupt_frames(self) -> int:
        """Return how many frames the latest pass had to skip."""
        return self._report.n_corrupt

    @property
    def size_px(self) -> tuple[int, int]:
        """Return (width, height) of the frames that `frames` yields."""
        return self._converter().full_size_px

    def frames(self) -> Iterator[Frame]:
        """Yield every frame at full resolution with the file's own time.

        Raises
        ------
        MediaError
            If too many frames are corrupt.
        """
        converter = self._converter()
        for pts, picture in self._pictures():
            yield Frame(converter.full(picture), pts, self.info.time_base)

    def planar_frames(self) -> Iterator[PlanarFrame]:
        """Yield every frame at full resolution in Y'CbCr, not converted.

        Raises
        ------
        MediaError
            If too many frames are corrupt.
        """
        converter = self._converter()
        for pts, picture in self._pictures():
            yield PlanarFrame(converter.planes(picture), pts, self.info.time_base)

    def analysis_frames(
        self,
        *,
        rate_hz: Fraction = ANALYSIS_RATE_HZ,
        height_px: int = ANALYSIS_HEIGHT_PX,
        width_px: int = ANALYSIS_WIDTH_PX,
    ) -> Iterator[Frame]:
        """Yield what is on screen at the ticks of a steady clock, scaled down.

        Frame k shows the picture with the latest presentation time not after
        start + k / rate_hz. A repeated picture is the same object again, and it is
        converted only if its image is asked for: do not write into it.

        Raises
        ------
        MediaError
            If too many frames are corrupt.
        """
        converter = self._converter()
        tick = 1 / Fraction(rate_hz)
        rounding = min(self.info.time_base / 2, _MAX_ROUNDING_S)
        k = 0
        start: Fraction | None = None
        for picture, shown, ends in self._shown_pictures():
            start = shown if start is None else start
            convert = functools.partial(converter.scaled, picture)
            lazy = LazyPicture(convert, (width_px, height_px))
            while start + k * tick < ends - rounding:
                yield Frame(lazy, k, tick, start, shown)
                k += 1

    @property
    def hearing(self) -> Hearing | None:
        """How its sound is heard, found out on first use; None if it has none.

        Raises
        ------
        SettingsError
            If the sound cannot be what the caller of `open_media` says.
        """
        return self.clip_sound.hearing

    def sound(
        self, *, sample_rate_hz: int = 22_050, on_field: FieldListener | None = None
    ) -> Sound:
        """Decode the whole sound track to mono; sample 0 is at the first picture.

        Parameters
        ----------
        on_field
            Gets the sound field as well, if there is one: ambiX, piece by piece.

        Raises
        ------
        NoAudioError
            If there is no sound track.
        MediaError
            If a recorder cannot be aligned.
        """
        return self.clip_sound.decode(sample_rate_hz=sample_rate_hz, on_field=on_field)

    def _shown_pictures(self) -> Iterator[tuple[VideoFrame, Fraction, Fraction]]:
        """Yield each picture with the times it appears and disappears."""
        time_base = self.info.time_base
        before: tuple[int, VideoFrame] | None = None
        interval = self._nominal_interval()
        for pts, picture in self._pictures():
            if before is not None:
                interval = (pts - before[0]) * time_base
                yield before[1], before[0] * time_base, pts * time_base
            before = pts, picture
        if before is not None:
            last = before[1].duration * time_base if before[1].duration else interval
            yield before[1], before[0] * time_base, before[0] * time_base + last

    def _nominal_interval(self) -> Fraction:
        rate = self.info.average_frame_rate
        return 1 / (rate or ASSUMED_RATE_HZ)

    def _converter(self) -> EquirectConverter:
        return EquirectConverter(self.info, self.layout)

    def _pictures(self) -> Iterator[tuple[int, VideoFrame]]:
        pictures = _Pass(self._decode())
        self._files.callback(pictures.close)
        return pictures

    def _decode(self) -> Generator[tuple[int, VideoFrame], None, None]:
        report = self._report = DecodingReport()
        info = self.info
        clock = PresentationClock(info.time_base, info.average_frame_rate)
        with open_input(info.path) as container:
            stream = find_video_stream(container, info.path)
            stream.thread_type = "AUTO"
            for picture in decode_pictures(container, stream, report):
                yield clock.pts(picture), picture
        self._count_cut_off(report)
        report.check(info.path, n_expected=info.n_frames_from_header)
        if report.n_corrupt:
            _log.warning(
                "%s: %d corrupt frames were skipped", info.path, report.n_corrupt
            )

    def _count_cut_off(self, report: DecodingReport) -> None:
        """Count the frames behind the end of a file that was cut short."""
        n_missing_bytes = _n_missing_bytes(self.info)
        if n_missing_bytes == 0:
            return
        n_seen = report.n_good + report.n_corrupt
        n_expected = self.info.n_frames_from_header
        if n_expected is None:
            n_bytes = self.info.path.stat().st_size
            n_expected = round(n_seen * (1 + n_missing_bytes / n_bytes))
        report.n_corrupt += max(0, n_expected - n_seen)


class _Pass:
    """The pictures of one pass, which may be closed while a thread takes them.

    A caller may leave a pass half-way: closing the generator then closes its container,
    where closing the container alone would crash a later next().
    """

    def __init__(self, pictures: Generator[tuple[int, VideoFrame], None, None]) -> None:
        self._pictures, self._lock = pictures, threading.Lock()

    def __iter__(self) -> _Pass:
        return self

    def __next__(self) -> tuple[int, VideoFrame]:
        with self._lock:
            return next(self._pictures)

    def close(self) -> None:
        """End the pass; there are no more pictures."""
        with self._lock:
            self._pictures.close()


@contextlib.contextmanager
def open_media(
    path: Path,
    *,
    layout: StereoLayout | None = None,
    sound: SoundChoice | None = None,
) -> Iterator[Media]:
    """Open a 360° video for as many passes as the caller likes.

    Parameters
    ----------
    layout
        Overrides what the file says about how its eyes are packed.
    sound
        Which sound track is heard, and as what; None finds out.

    Raises
    ------
    NotSphericalError
        If neither the file nor `layout` says that it is a sphere.
    MediaError
        If it cannot be read as video.
    """
    info = probe(path)
    _refuse_cut_off(info)
    info.require_readable_colours()
    chosen = info.require_layout() if layout is None else layout
    if info.spherical and info.spherical.projection not in (
        Projection.EQUIRECTANGULAR,
        Projection.OTHER,
    ):
        raise NotSphericalError(
            f"{path} stores its sphere as {info.spherical.projection}; "
            "export it as equirectangular"
        )
    with contextlib.ExitStack() as files:
        yield Media(info, chosen, files, sound)


def _refuse_cut_off(info: MediaInfo) -> None:
    """Refuse at once what would be refused at the end of a whole pass."""
    n_missing = _n_missing_bytes(info)
    share = n_missing / (info.path.stat().st_size + n_missing)
    if share > MAX_CORRUPT_SHARE:
        raise MediaError(
            f"{info.path} is cut short: {share:.0%} of it is missing; "
            "copy or download it again"
        )


def _n_missing_bytes(info: MediaInfo) -> int:
    if _SAY_THEIR_LENGTH.isdisjoint(info.container.split(",")):
        return 0
    return missing_bytes(info.path)
