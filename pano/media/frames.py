"""Frames of the sphere, RGB or planar, with the file's own times."""

from __future__ import annotations

import functools
from collections.abc import Callable
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


Image = NDArray[np.uint8]


class LazyPicture:
    """A picture that is converted when it is first asked for: most never are.

    Parameters
    ----------
    convert
        Makes the picture of a width and a height, RGB.
    size_px
        Width and height of the picture itself.
    """

    def __init__(
        self, convert: Callable[[int, int], Image], size_px: tuple[int, int]
    ) -> None:
        self._convert, self._size_px = convert, size_px

    @functools.cached_property
    def image(self) -> Image:
        """Return the picture, the same array each time: do not write into it."""
        return self._convert(*self._size_px)

    def thumbnail(self, width_px: int, height_px: int) -> Image:
        """Return it small, averaged by area."""
        return self._convert(width_px, height_px)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the sphere and when it is shown.

    Parameters
    ----------
    picture
        RGB, shape (h, 2·h, 3): mono equirectangular, square pixels, upright. A picture
        that is shown again is the same object.
    pts
        Presentation time in units of `time_base`, counted from `origin`.
    origin
        Seconds; 0 for frames of the file, the clock's start on the analysis clock.
    shown_from
        Since when the picture is on screen, in seconds; None: since this very time.
    """

    picture: Image | LazyPicture
    pts: int
    time_base: Fraction
    origin: Fraction = Fraction(0)
    shown_from: Fraction | None = None

    @property
    def image(self) -> Image:
        """Return the picture as an array."""
        picture = self.picture
        return picture.image if isinstance(picture, LazyPicture) else picture

    def thumbnail(self, width_px: int, height_px: int) -> Image:
        """Return the picture small, averaged by area."""
        if isinstance(self.picture, LazyPicture):
            return self.picture.thumbnail(width_px, height_px)
        import cv2  # `pano --help` names frames, and needs none of it

        size = width_px, height_px
        small = cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

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
