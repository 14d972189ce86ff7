"""The times of a film's pictures, exact where the source's are rounded ones.

Matroska stamps pictures in whole milliseconds, so 59.94 a second arrive as 17, 16 and
17 ms. Where each stamp lies within that rounding of a constant rate, the rate is meant,
and MP4 can hold it exactly: players and editors then see a constant rate. The first
stamp that does not ends this for good, so a variable rate stays variable.
"""

from __future__ import annotations

import math
from fractions import Fraction

# A header's rate comes from a duration in nanoseconds, or from counting; broadcast
# rates differ from whole ones by a thousandth.
_RATE_TOLERANCE = Fraction(1, 100_000)
# Coarser stamps would lie near any rate.
_MIN_TICKS_PER_PICTURE = 4
# MP4 holds the time of a picture in 31 bits of these: 20 minutes in microseconds.
_FINEST_S = Fraction(1, 1_000_000)
_MAX_TICKS_PER_S = 10_000_000


def nominal_rate(rate: Fraction) -> Fraction:
    """Return the whole or broadcast rate (n · 1000/1001) that a header's rate means."""
    for unit in (Fraction(1), Fraction(1000, 1001)):
        nominal = round(rate / unit) * unit
        if abs(nominal - rate) < rate * _RATE_TOLERANCE:
            return nominal
    return rate


class FilmClock:
    """Turns the source's stamps into those of the film, from its first picture on.

    Parameters
    ----------
    time_base
        Of the source's stamps.
    frame_rate
        As the source's header says; None if it does not.

    Attributes
    ----------
    time_base
        Of the film's stamps; those of the source and of the rate are whole in it, but
        for finer ones than microseconds.
    frame_rate
        The rate that is meant.
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction | None) -> None:
        self.frame_rate = None if frame_rate is None else nominal_rate(frame_rate)
        self._source_base = self.time_base = time_base
        if time_base.denominator > _FINEST_S.denominator:
            self.time_base = _FINEST_S
        self._first: int | None = None
        self._last = -1
        self._interval: Fraction | None = None
        if self.frame_rate is None:
            return
        interval = 1 / self.frame_rate
        common = _common_measure(interval, self.time_base)
        is_fine = time_base * _MIN_TICKS_PER_PICTURE <= interval
        if is_fine and common.denominator <= _MAX_TICKS_PER_S:
            self._interval, self.time_base = interval, common

    def pts(self, source_pts: int) -> int:
        """Return the time of the next picture since the first, in `time_base`."""
        if self._first is None:
            self._first = source_pts
        elapsed = (source_pts - self._first) * self._source_base
        if self._interval is not None:
            meant = round(elapsed / self._interval) * self._interval
            is_new = meant > self._last * self.time_base
            if is_new and abs(meant - elapsed) <= self._source_base:
                elapsed = meant
            else:
                self._interval = None
        self._last = max(self._last + 1, round(elapsed / self.time_base))
        return self._last


def _common_measure(a: Fraction, b: Fraction) -> Fraction:
    """Return the longest time of which both are whole multiples."""
    numerator = math.gcd(a.numerator * b.denominator, b.numerator * a.denominator)
    return Fraction(numerator, a.denominator * b.denominator)
