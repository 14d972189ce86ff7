"""Decode video files to frames of the sphere, with the file's own times.

Every pass opens the file anew and reads it forward: seeking back is unreliable in
transport streams, and opening costs milliseconds. A stretch may be entered half-way.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
from collections.abc import Generator, Iterator
from fractions import Fraction

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.media.cameras.chapters import chapters_of
from pano.media.cameras.companions import complete_pictures, first_track
from pano.media.frames import (
    ANALYSIS_HEIGHT_PX,
    ANALYSIS_RATE_HZ,
    ANALYSIS_WIDTH_PX,
    Frame,
    Image,
    LazyPicture,
    PlanarFrame,
)
from pano.media.media_info import MediaInfo
from pano.media.metadata.mp4_boxes import missing_bytes
from pano.media.on_screen import OnScreen
from pano.media.picture_filter import INTERLACED_NOTE, PictureFilter
from pano.media.pictures import EquirectConverter
from pano.media.reading import (
    DecodingReport,
    PicturePass,
    PresentationClock,
    decode_pictures,
    open_input,
)
from pano.media.sound.choice import SoundChoice
from pano.media.sound.clip_sound import ClipSound
from pano.media.sound.hearing import Hearing
from pano.media.sound.track import FieldListener, Sound
from pano.media.stretch import Stretch, enter
from pano.projections.kinds import ProjectionChoice
from pano.projections.stored_sphere import StoredSphere

# Containers round times (Matroska to 1 ms); a picture due on a tick but stamped
# this much later still counts as on screen.
_MAX_ROUNDING_S = Fraction(1, 2000)

_SAY_THEIR_LENGTH = frozenset({"mp4", "matroska", "concat"})

_log = logging.getLogger(__name__)


class Media:
    """An open 360° video; made by `open_media` only, which also closes it.

    Attributes
    ----------
    info
        What the file says about itself.
    layout
        How its eyes are packed.
    projection
        How each eye holds the sphere, settled.
    sphere
        Where an eye's picture holds what; None if it is equirectangular.
    clip_sound
        What is listened to and written.
    """

    def __init__(
        self,
        info: MediaInfo,
        layout: StereoLayout,
        files: contextlib.ExitStack,
        sound: SoundChoice | None = None,
        projection: ProjectionChoice | None = None,
        sphere: StoredSphere | None = None,
    ) -> None:
        self.info = info
        self.layout = layout
        self.projection, self.sphere = projection or ProjectionChoice(), sphere
        self._files = files
        self._report = DecodingReport()
        self._screen: OnScreen | None = None
        self._filter = PictureFilter(info.time_base, info.black_rows_px, info.height_px)
        self.clip_sound = ClipSound(
            info.path,
            info.start_time,
            info.audio is not None,
            sound or SoundChoice(),
            info.sound_tracks,
            info.duration_from_header_s,
            self.projection.yaw_offset_deg,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what a user should know of the file, in sentences, after the passes."""
        woven = (INTERLACED_NOTE,) if self._filter.has_deinterlaced else ()
        screen = self._screen.notes if self._screen else ()
        return tuple(dict.fromkeys((*self.info.notes, *woven, *screen)))

    @property
    def n_corrupt_frames(self) -> int:
        """Return how many frames the latest pass had to skip."""
        return self._report.n_corrupt

    @property
    def bounds(self) -> SphereBounds:
        """Return the part of the sphere that the picture covers."""
        return self.info.bounds if self.sphere is None else self.sphere.bounds

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

    def planar_frames(self, stretch: Stretch | None = None) -> Iterator[PlanarFrame]:
        """Yield every frame at full resolution in Y'CbCr, not converted.

        Parameters
        ----------
        stretch
            Yield those of a stretch alone. How many of them are corrupt is for the
            caller to count, who knows which there are.

        Raises
        ------
        MediaError
            If too many frames are corrupt.
        """
        converter = self._converter()
        for pts, picture in self._pictures(stretch):
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
        screen = self._screen = OnScreen(self.info, self.clip_sound.sounding_s)
        for picture, shown, ends in screen.times(self._pictures()):
            start = shown if start is None else start
            convert = functools.partial(converter.scaled, picture)
            lazy = LazyPicture(convert, (width_px, height_px))
            while start + k * tick < ends - rounding:
                yield Frame(lazy, k, tick, start, shown)
                k += 1

    def equirect(self, frame: PlanarFrame) -> Image:
        """Convert a frame of `planar_frames` to an equirectangular picture, RGB."""
        return self._kept_converter.equirect(frame.planes)

    def equirect_luma(self, frame: PlanarFrame) -> Image:
        """Return the luma of a frame of `planar_frames`, equirectangular."""
        return self._kept_converter.equirect_luma(frame.planes)

    @functools.cached_property
    def _kept_converter(self) -> EquirectConverter:
        return self._converter()

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

    def _converter(self) -> EquirectConverter:
        return EquirectConverter(self.info, self.layout, self.sphere)

    def _pictures(
        self, stretch: Stretch | None = None
    ) -> Iterator[tuple[int, VideoFrame]]:
        whole = self._decode() if stretch is None else self._decode_stretch(stretch)
        pictures = PicturePass(whole)
        self._files.callback(pictures.close)
        return pictures

    def _decode(self) -> Generator[tuple[int, VideoFrame], None, None]:
        report = self._report = DecodingReport()
        info = self.info
        clock = PresentationClock(info.time_base, info.average_frame_rate)
        with open_input(info.path) as container:
            stream = first_track(container, info.path, info.companion)
            yield from self._timed(container, stream, clock, report)
        self._count_cut_off(report)
        report.check(info.path, n_expected=info.n_frames_from_header)
        clock.check(info.path)
        if report.n_corrupt:
            _log.warning(
                "%s: %d corrupt frames were skipped", info.path, report.n_corrupt
            )

    def _decode_stretch(
        self, stretch: Stretch
    ) -> Generator[tuple[int, VideoFrame], None, None]:
        report = self._report = DecodingReport()
        info = self.info
        clock = PresentationClock(info.time_base, info.average_frame_rate)
        with open_input(info.path) as container:
            stream = first_track(container, info.path, info.companion)
            if enter(container, stream, info, stretch):
                timed = self._timed(container, stream, clock, report)
                with contextlib.closing(timed):
                    yield from stretch.of(timed)
                return
        yield from self._decode_stretch(dataclasses.replace(stretch, is_entered=False))

    def _timed(
        self,
        container: InputContainer,
        stream: VideoStream,
        clock: PresentationClock,
        report: DecodingReport,
    ) -> Generator[tuple[int, VideoFrame], None, None]:
        info = self.info
        stream.thread_type = "AUTO"
        decoded = decode_pictures(container, stream, report)
        if info.companion is not None:
            decoded = complete_pictures(decoded, info.companion, report)
        timed = ((clock.pts(picture), picture) for picture in decoded)
        yield from self._filter.passing(timed)

    def _count_cut_off(self, report: DecodingReport) -> None:
        """Count the frames behind the end of a file that was cut short."""
        n_missing = n_missing_bytes(self.info)
        if n_missing == 0:
            return
        n_seen = report.n_good + report.n_corrupt
        n_expected = self.info.n_frames_from_header
        if n_expected is None:
            share = n_missing / self.info.n_bytes
            n_expected = round(n_seen * (1 + share))
        report.n_corrupt += max(0, n_expected - n_seen)


def n_missing_bytes(info: MediaInfo) -> int:
    """Return how many bytes a file, or its chapters, promise beyond their ends."""
    if _SAY_THEIR_LENGTH.isdisjoint(info.container.split(",")):
        return 0
    return sum(missing_bytes(path) for path in chapters_of(info.path))
