"""Which frames of a clip are written as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pano.errors import SettingsError
from pano.media.frames import PlanarFrame

PictureFormat = Literal["png", "jpg"]
# Containers round times; a frame so much of a tick early is on time.
_EARLY_TICKS = 0.01
MAX_RATE_HZ = 1000.0


@dataclass(frozen=True, slots=True)
class PictureChoice:
    """Which frames are written as pictures, and how.

    Parameters
    ----------
    every
        Each so manieth frame, from the first.
    rate_hz
        The first frame at or after each tick of this clock, in place of `every`.
    """

    format: PictureFormat
    every: int = 1
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise SettingsError(f"every must be at least 1, got {self.every}")
        if self.rate_hz is not None and not 0.0 < self.rate_hz <= MAX_RATE_HZ:
            raise SettingsError(
                f"picture-rate must be in (0, {MAX_RATE_HZ:.0f}] Hz, got {self.rate_hz}"
            )

    def chosen(self, frames: Iterable[PlanarFrame]) -> Iterator[PlanarFrame]:
        """Pass the frames on that are written."""
        start_s, tick = None, 0
        for index, frame in enumerate(frames):
            if self.rate_hz is None:
                if index % self.every == 0:
                    yield frame
                continue
            start_s = frame.time_s if start_s is None else start_s
            passed = (frame.time_s - start_s) * self.rate_hz + _EARLY_TICKS
            if passed >= tick:
                yield frame
                tick = int(passed) + 1
