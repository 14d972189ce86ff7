"""One clip of footage: its pictures at chosen times and the sound around each.

A window that reaches over an end of the clip is cut off there. Filling it up would
teach silence that nobody recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pano.media import Media, StereoLayout, open_media, probe
from pano.media.frames import ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX
from pano.media.sound.track import decode_sound
from pano_jobs.datasets.sources.fields import HeardTrack, hear_clip
from soundloc.audit.inspection import is_silent
from soundloc.data.pairs import SAMPLE_RATE_HZ

Picture = NDArray[np.uint8]
Waveform = NDArray[np.float32]

# What the localizer sees of a sphere: paper section 6.
# Twice the paper's 320: enough for any network here, small enough for thousands.
MAX_SIDE_PX = 640
# Less than SoundNet's first frame of features needs says nothing.
MIN_SOUND_S = 0.25
FLAT = "flat"


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The sound around a moment, as far as there is any.

    Parameters
    ----------
    samples
        Mono float32 at 22,050 Hz.
    start_s, stop_s
        Where it lies in its clip.
    """

    samples: Waveform
    start_s: float
    stop_s: float

    @property
    def fault(self) -> str:
        """Say why it cannot be used; "" if it can."""
        if self.stop_s - self.start_s < MIN_SOUND_S:
            return "no sound around the picture"
        return "silent" if is_silent(self.samples) else ""


def cut_window(track: Waveform, center_s: float, window_s: float) -> Window:
    """Cut the window centred on a moment out of a track at 22,050 Hz."""
    first = round((center_s - window_s / 2.0) * SAMPLE_RATE_HZ)
    last = first + round(window_s * SAMPLE_RATE_HZ)
    first, last = np.clip([first, last], 0, len(track)).tolist()
    return Window(track[first:last], first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ)


def cut_stretch(track: Waveform, start_s: float, stop_s: float) -> Window:
    """Cut a stretch of time out of a track at 22,050 Hz, as far as there is any."""
    edges = [round(start_s * SAMPLE_RATE_HZ), round(stop_s * SAMPLE_RATE_HZ)]
    first, last = np.clip(edges, 0, len(track)).tolist()
    return Window(track[first:last], first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ)


def middle_window(track: Waveform, window_s: float) -> Window:
    """Cut the window in the middle of a track whose picture has no known time."""
    return cut_window(track, len(track) / SAMPLE_RATE_HZ / 2.0, window_s)


def read_track(path: Path) -> Waveform:
    """Decode a file's sound: mono at 22,050 Hz.

    Raises
    ------
    NoAudioError, MediaError
        If it has none, or cannot be read.
    """
    return decode_sound(path, start=Fraction(0), sample_rate_hz=SAMPLE_RATE_HZ).samples


class Clip:
    """An open clip; made by `open_clip`."""

    def __init__(self, media: Media, *, is_sphere: bool) -> None:
        self.is_sphere = is_sphere
        self._media = media

    def track(self) -> Waveform:
        """Decode the sound track; sample 0 is at the first picture.

        Raises
        ------
        NoAudioError
            If there is none.
        """
        return self._media.sound(sample_rate_hz=SAMPLE_RATE_HZ).samples

    def heard_track(self) -> HeardTrack:
        """Decode the sound track, of a sphere with the directions in its field.

        Raises
        ------
        NoAudioError
            If there is none.
        """
        return hear_clip(self._media) if self.is_sphere else HeardTrack(self.track())

    def frames_every(self, every_s: float) -> Iterator[tuple[float, Picture]]:
        """Yield pictures with their times, counted from the first picture.

        The first comes after half the spacing, so that each stands in the middle of
        its part of the clip; a clip that is shorter gives the one in its middle.
        """
        length_s = self._media.info.duration_from_header_s or every_s
        yield from self._odd_ticks(min(every_s, length_s) / 2.0)

    def frame_at(self, time_s: float) -> Picture | None:
        """Return what is on screen at a time; None behind the end."""
        for _, picture in self._odd_ticks(time_s):
            return picture
        return None

    def _odd_ticks(self, first_s: float) -> Iterator[tuple[float, Picture]]:
        tick = Fraction(first_s).limit_denominator(10_000)
        height, width = self._size_px()
        for number, frame in enumerate(
            self._media.analysis_frames(
                rate_hz=1 / tick, height_px=height, width_px=width
            )
        ):
            if number % 2:
                yield float(number * tick), frame.image

    def _size_px(self) -> tuple[int, int]:
        if self.is_sphere:
            return ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX
        info = self._media.info
        aspect = info.displayed_aspect
        stored = (info.width_px, info.height_px)
        height = stored[0] if info.rotation_deg % 180 else stored[1]
        scale = min(1.0, MAX_SIDE_PX / (height * max(aspect, 1.0)))
        return max(1, round(height * scale)), max(1, round(height * scale * aspect))


@contextmanager
def open_clip(path: Path, *, layout: str | None = None) -> Iterator[Clip]:
    """Open an ordinary or a 360° video.

    Parameters
    ----------
    layout
        How the sphere is packed, or "flat" for an ordinary video; None believes the
        file: metadata, or a picture of 2:1.

    Raises
    ------
    MediaError
        If it cannot be read as video, or its sphere is not equirectangular.
    """
    said = probe(path).layout() if layout is None else None
    if layout not in (None, FLAT):
        said = StereoLayout(layout)
    # What is no sphere is decoded as one eye of any shape.
    with open_media(path, layout=said or StereoLayout.MONO) as media:
        yield Clip(media, is_sphere=said is not None)
