"""Frames of the sphere, RGB or planar, with the file's own times."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pano.equirect.planes import Planes

# Senocak et al. 2018, section 6: what the localizer looks at, and how often.
ANALYSIS_RATE_HZ = Fraction(30)
ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX = 480, 960
# Of a video whose file does not say its rate.
ASSUMED_RATE_HZ = Fraction(30)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the sphere and when it is shown.

    Parameters
    ----------
    image
        RGB, shape (h, 2·h, 3): mono equirectangular, square pixels, upright.
    pts
        Presentation time in units of `time_base`, counted from `origin`.
    origin
        Seconds; 0 for frames of the file, the clock's start on the analysis clock.
    shown_from
        Since when the picture is on screen, in seconds; None: since this very time.
    """

    image: NDArray[np.uint8]
    pts: int
    time_base: Fraction
    origin: Fraction = Fraction(0)
    shown_from: Fraction | None = None

    @property
    def time(self) -> Fraction:
        """Return the presentation time in seconds, as the file says it."""
        return self.origin + self.pts * self.time_base

    @property
    def time_s(self) -> float:
        """Return the presentation time in seconds, rounded to a float."""
        return float(self.time)

    @property
    def appeared(self) -> Fraction:
        """Return when the picture came on screen, in seconds."""
        return self.time if self.shown_from is None else self.shown_from


@dataclass(frozen=True, slots=True, eq=False)
class PlanarFrame:
    """One picture of the sphere as the file stores it.

    Parameters
    ----------
    planes
        Mono equirectangular, upright; a squeezed eye stays squeezed. They may lie in
        FFmpeg's own memory: only read them.
    pts
        Presentation time in units of `time_base`.
    """

    planes: Planes
    pts: int
    time_base: Fraction

    @property
    def time_s(self) -> float:
        """Return the presentation time in seconds, rounded to a float."""
        return float(self.pts * self.time_base)
