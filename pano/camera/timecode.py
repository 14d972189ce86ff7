"""SMPTE timecode: hours, minutes, seconds and frames, counted at a nominal rate.

At 29.97 and 59.94 Hz two, or four, numbers are left out at the start of every minute
but each tenth (drop-frame, written with a semicolon), so that the clock stays right;
no picture is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_WRITTEN = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d{2,3})")
_DROPPED_PER_30_HZ = 2


@dataclass(frozen=True, slots=True)
class Timecode:
    """A number of frames since midnight, and how it is written.

    Parameters
    ----------
    rate_hz
        At which pictures follow each other; numbers count its nearest whole.
    """

    n_frames: int
    rate_hz: Fraction
    is_drop_frame: bool = False

    def __post_init__(self) -> None:
        if not 1 <= round(self.rate_hz) <= 1000:
            raise ValueError(f"a timecode has a rate to 1000 Hz, got {self.rate_hz}")
        if self.n_frames < 0:
            raise ValueError(f"n_frames must not be negative, got {self.n_frames}")
        if self.is_drop_frame and round(self.rate_hz) % 30:
            raise ValueError(f"there is no drop-frame timecode at {self.rate_hz} Hz")

    @classmethod
    def read(cls, written: str, rate_hz: Fraction) -> Timecode:
        """Read HH:MM:SS:FF; a semicolon or dot before the frames means drop-frame.

        Raises
        ------
        ValueError
            If it is not written so, or has no such frame at this rate.
        """
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError(f"{written!r} is not a timecode")
        hour, minute, second, frame = (int(found[k]) for k in (1, 2, 3, 5))
        base, is_drop_frame = round(rate_hz), found[4] != ":"
        if minute > 59 or second > 59 or frame >= base:
            raise ValueError(f"{written!r} is not a timecode at {rate_hz} Hz")
        n_minutes = 60 * hour + minute
        n_frames = (60 * n_minutes + second) * base + frame
        if is_drop_frame:
            n_frames -= _n_dropped(base) * (n_minutes - n_minutes // 10)
        return cls(n_frames, rate_hz, is_drop_frame)

    def plus(self, n_frames: int) -> Timecode:
        """Return the timecode so many frames later."""
        return Timecode(self.n_frames + n_frames, self.rate_hz, self.is_drop_frame)

    def __str__(self) -> str:
        base, number = round(self.rate_hz), self.n_frames
        if self.is_drop_frame:
            dropped = _n_dropped(base)
            tens, rest = divmod(number, 600 * base - 9 * dropped)
            later = max(rest - dropped, 0) // (60 * base - dropped)
            number += dropped * (9 * tens + later)
        seconds, frame = divmod(number, base)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        mark = ";" if self.is_drop_frame else ":"
        return f"{hour % 24:02d}:{minute:02d}:{second:02d}{mark}{frame:02d}"


def _n_dropped(base: int) -> int:
    return _DROPPED_PER_30_HZ * base // 30
