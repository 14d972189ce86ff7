"""How long each picture stays on screen, as far as a file can be believed.

A slide show holds a picture for minutes, and so does a talk over one still: a picture
with sound under it may stay as long as that. Without, one damaged time makes a second
of video last for years, and whoever looks thirty times a second never ends.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from av.video.frame import VideoFrame

from pano.errors import MediaError
from pano.media.frames import ASSUMED_RATE_HZ
from pano.media.media_info import MediaInfo

# A change of pictures that is no stutter of a camera's, but a slide's.
_STILL_S = Fraction(10)
# Of all stills but the last that have no sound under them.
_MAX_SILENT_STILLS_S = Fraction(1200)
# The last picture's duration is the number that goes wrong most often: a longer one
# ends with the sound, or stays like the picture before.
_MAX_LAST_S = Fraction(600)


class OnScreen:
    """Tells for how long the pictures of one pass are shown.

    Parameters
    ----------
    sounding_s
        Measures how long the clip sounds, in seconds from the first picture; asked
        only if a picture stays long.

    Attributes
    ----------
    notes
        What was not believed, in sentences; complete after the last picture.
    """

    def __init__(self, info: MediaInfo, sounding_s: Callable[[], float]) -> None:
        self.notes: list[str] = []
        self._info = info
        self._sounding_s = functools.cache(sounding_s)
        self._silent_s = Fraction(0)

    def times(
        self, pictures: Iterable[tuple[int, VideoFrame]]
    ) -> Iterator[tuple[VideoFrame, Fraction, Fraction]]:
        """Yield each picture with the times it appears and disappears.

        Raises
        ------
        MediaError
            If pictures stay for hours without a sound.
        """
        time_base = self._info.time_base
        interval = 1 / (self._info.average_frame_rate or ASSUMED_RATE_HZ)
        before: tuple[Fraction, VideoFrame] | None = None
        for pts, picture in pictures:
            appears = pts * time_base
            if before is not None:
                interval = appears - before[0]
                self._check(before[0], appears)
                yield before[1], before[0], appears
            before = appears, picture
        if before is not None:
            duration = before[1].duration
            stays = duration * time_base if duration and duration > 0 else interval
            stays = self._last(before[0], stays, interval)
            yield before[1], before[0], before[0] + stays

    def _check(self, appears: Fraction, disappears: Fraction) -> None:
        if disappears - appears <= _STILL_S:
            return
        silent_from = max(appears, self._sound_ends())
        self._silent_s += max(disappears - silent_from, Fraction(0))
        if self._silent_s > _MAX_SILENT_STILLS_S:
            hours = float(self._silent_s) / 3600.0
            raise MediaError(
                f"{self._info.path} shows still pictures for {hours:.3g} hours without "
                "a sound, up to a picture whose time must be damaged; cut the clip "
                "there, or convert it first"
            )

    def _last(self, appears: Fraction, stays: Fraction, interval: Fraction) -> Fraction:
        if stays <= _MAX_LAST_S:
            return stays
        longest = max(self._sound_ends() - appears, interval)
        if stays <= longest:
            return stays
        self.notes.append(
            f"the last picture states to stay for {float(stays):.6g} s, which is not "
            f"believed; it was analysed for {float(longest):.6g} s"
        )
        return longest

    def _sound_ends(self) -> Fraction:
        return self._info.start_time + Fraction(self._sounding_s())
