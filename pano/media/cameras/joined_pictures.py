"""Two tracks' pictures, joined into one as they are stored.

What comes after sees one picture with one time and needs to know nothing of tracks.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from pano.media.reading import DecodingReport

# Pictures of the two tracks belong together if they are this near, in seconds: less
# than half of what lies between two pictures at 240 a second.
_TOGETHER_S = Fraction(1, 500)

_AS_STORED = frozenset({"yuv420p", "yuvj420p", "yuv420p10le"})


def join_pictures(
    first: Iterator[VideoFrame],
    second: Iterator[VideoFrame],
    *,
    is_below: bool,
    report: DecodingReport | None = None,
) -> Iterator[VideoFrame]:
    """Yield a joined picture for each time that both tracks have one for.

    Parameters
    ----------
    is_below
        Whether the second goes below the first, or else to its right.
    report
        Counts halves of two sizes, which are no picture, as corrupt.
    """
    reformatter = VideoReformatter()
    left, right = next(first, None), next(second, None)
    while left is not None and right is not None:
        apart = _time(left) - _time(right)
        if apart > _TOGETHER_S:
            right = next(second, None)
        elif apart < -_TOGETHER_S:
            left = next(first, None)
        else:
            if (left.width, left.height) == (right.width, right.height):
                yield _joined(left, right, is_below=is_below, reformatter=reformatter)
            elif report is not None:
                report.n_corrupt += 1
            left, right = next(first, None), next(second, None)


def _time(picture: VideoFrame) -> Fraction:
    if picture.pts is None or picture.time_base is None:
        return Fraction(0)
    return picture.pts * picture.time_base


def _joined(
    first: VideoFrame,
    second: VideoFrame,
    *,
    is_below: bool,
    reformatter: VideoReformatter,
) -> VideoFrame:
    name = first.format.name
    if name not in _AS_STORED or second.format.name != name:
        deep = first.format.components[0].bits > 8
        name = "yuv420p10le" if deep else "yuv420p"
        first = reformatter.reformat(first, format=name)
        second = reformatter.reformat(second, format=name)
    n_down, n_across = (2, 1) if is_below else (1, 2)
    n_bytes = -(-first.format.components[0].bits // 8)
    whole = VideoFrame(first.width * n_across, first.height * n_down, name)
    for target, *halves in zip(whole.planes, first.planes, second.planes, strict=True):
        pixels, a, b = (_bytes(plane, n_bytes) for plane in (target, *halves))
        height, width = a.shape
        pixels[:height, :width] = a
        pixels[-height:, -width:] = b
    whole.pts, whole.time_base = first.pts, first.time_base
    whole.colorspace = first.colorspace
    whole.color_range = first.color_range
    return whole


def _bytes(plane: VideoPlane, n_bytes: int) -> NDArray[np.uint8]:
    """Return a view of a plane's bytes without the padding of its rows."""
    rows: NDArray[np.uint8] = np.asarray(memoryview(plane))
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width * n_bytes]
