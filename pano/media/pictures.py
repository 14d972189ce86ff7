"""FFmpeg pictures to equirectangular arrays: colour, rotation, size, left eye.

Full-size pictures are converted first and scaled after, so that nothing bleeds
between two eyes; small ones are scaled by swscale while converting, several times
cheaper than converting millions of pixels to throw most of them away. Planes are taken
as they are stored wherever the renderer can read them so.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import (
    ColorRange,
    Colorspace,
    Interpolation,
    VideoReformatter,
)
from numpy.typing import NDArray

from pano.equirect.conversion import equirect_size, left_eye, place_on_sphere
from pano.equirect.layouts import StereoLayout
from pano.equirect.planes import BT709, Planes
from pano.media.media_info import MediaInfo

_COLORSPACE_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
_HD_HEIGHT_PX = 720  # below, untagged video is BT.601, as players assume
_HD_WIDTH_PX = 1280
_BT601 = 6
_PLANAR = frozenset({"yuv420p", "yuvj420p"})
# Without these swscale writes every second column's colour twice: measured on 4:2:0
# noise, the mean error falls from 3.3 to 0.8 levels (at 480×960 from 8.7 to 0.6) and
# a 3840×1920 frame takes 59 ms in place of 20.
_EXACT = Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


class EquirectConverter:
    """Converts the pictures of one file; keeps swscale's tables between calls."""

    def __init__(self, info: MediaInfo, layout: StereoLayout) -> None:
        self._layout = layout
        self._bounds = info.bounds
        self._n_quarter_turns = info.rotation_deg // 90
        self._stored = (info.width_px, info.height_px)
        self._full = VideoReformatter()
        # One for each size: changing it would make the tables anew.
        self._scaled: dict[tuple[int, int], VideoReformatter] = {}
        self._planar = VideoReformatter()

    @functools.cached_property
    def full_size_px(self) -> tuple[int, int]:
        """Return (width, height) of the sphere at full resolution."""
        width_px, height_px = self._turned(*self._stored)
        return equirect_size(
            width_px // self._layout.n_columns,
            height_px // self._layout.n_rows,
            self._bounds,
        )

    def full(self, picture: VideoFrame) -> NDArray[np.uint8]:
        """Convert at full resolution, shape (h, 2·h, 3)."""
        rgb = _to_rgb(self._full, picture, picture.width, picture.height)
        eye = left_eye(self._upright(rgb), self._layout)
        return place_on_sphere(eye, *self.full_size_px, self._bounds)

    def scaled(
        self, picture: VideoFrame, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Convert and scale by area, shape (height_px, width_px, 3)."""
        x0, y0, x1, y1 = self._bounds.rectangle(width_px, height_px)
        packed = self._turned(
            (x1 - x0) * self._layout.n_columns, (y1 - y0) * self._layout.n_rows
        )
        reformatter = self._scaled.setdefault(packed, VideoReformatter())
        rgb = _to_rgb(reformatter, picture, *packed)
        eye = left_eye(self._upright(rgb), self._layout)
        return place_on_sphere(eye, width_px, height_px, self._bounds)

    def planes(self, picture: VideoFrame) -> Planes:
        """Return the left eye in planes, not copied where the file stores it so.

        A stereo eye may be squeezed: the sphere's width and height in pixels need not
        be 2:1.
        """
        n_columns, n_rows = self._layout.n_columns, self._layout.n_rows
        is_even = picture.width % (2 * n_columns) == picture.height % (2 * n_rows) == 0
        is_upright = not self._n_quarter_turns and self._bounds.is_full
        if picture.format.is_rgb or not (is_even and is_upright):
            filmed = rgb_to_frame(self._planar, self.full(picture))
            return dataclasses.replace(
                frame_planes(filmed), matrix=BT709, is_full_range=False
            )
        if picture.format.name not in _PLANAR:
            matrix, is_full = _matrix(picture), _is_full_range(picture)
            picture = self._planar.reformat(
                picture, format="yuv420p", interpolation=_EXACT
            )
            stored = dataclasses.replace(
                frame_planes(picture), matrix=matrix, is_full_range=is_full
            )
        else:
            stored = frame_planes(picture)
        y, u, v = (left_eye(p, self._layout) for p in (stored.y, stored.u, stored.v))
        return dataclasses.replace(stored, y=y, u=u, v=v)

    def _turned(self, width_px: int, height_px: int) -> tuple[int, int]:
        return (
            (height_px, width_px)
            if self._n_quarter_turns % 2
            else (width_px, height_px)
        )

    def _upright(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.rot90(rgb, self._n_quarter_turns) if self._n_quarter_turns else rgb


def frame_planes(picture: VideoFrame) -> Planes:
    """Return views of the planes of an 8-bit 4:2:0 picture, which they keep alive."""
    y, u, v = map(_values, picture.planes)
    return Planes(y, u, v, _matrix(picture), _is_full_range(picture))


def planes_to_frame(planes: Planes) -> VideoFrame:
    """Copy planes into a picture for FFmpeg, tagged with matrix and range."""
    height, width = planes.y.shape
    picture = VideoFrame(width, height, "yuv420p")
    picture.colorspace = planes.matrix
    picture.color_range = ColorRange.JPEG if planes.is_full_range else ColorRange.MPEG
    for plane, values in zip(
        picture.planes, (planes.y, planes.u, planes.v), strict=True
    ):
        _values(plane)[:] = values
    return picture


def planes_to_rgb(
    planes: Planes, width_px: int | None = None, height_px: int | None = None
) -> NDArray[np.uint8]:
    """Convert planes to RGB, shape (h, w, 3), scaled by area where sides are given."""
    height, width = planes.y.shape
    return _to_rgb(
        VideoReformatter(),
        planes_to_frame(planes),
        width_px or width,
        height_px or height,
    )


def rgb_to_frame(reformatter: VideoReformatter, image: NDArray[np.uint8]) -> VideoFrame:
    """Convert RGB, shape (h, w, 3), to a BT.709 picture of limited range, 4:2:0."""
    return reformatter.reformat(
        VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.BICUBIC
        | Interpolation.FULL_CHR_H_INP
        | Interpolation.ACCURATE_RND,
    )


def rgb_to_planes(image: NDArray[np.uint8]) -> Planes:
    """Convert RGB, shape (h, w, 3), both even, to BT.709 planes of limited range."""
    picture = rgb_to_frame(VideoReformatter(), image)
    return dataclasses.replace(frame_planes(picture), matrix=BT709, is_full_range=False)


def _values(plane: VideoPlane) -> NDArray[np.uint8]:
    """Return a view of a plane without the padding of its rows."""
    rows: NDArray[np.uint8] = np.asarray(memoryview(plane))
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]


def _matrix(picture: VideoFrame) -> int:
    """Return the Y'CbCr matrix, by the size where the file does not say."""
    if picture.colorspace != _COLORSPACE_UNSPECIFIED:
        return int(picture.colorspace)
    is_hd = picture.height >= _HD_HEIGHT_PX or picture.width >= _HD_WIDTH_PX
    return BT709 if is_hd else _BT601


def _is_full_range(picture: VideoFrame) -> bool:
    is_tagged = picture.color_range == ColorRange.JPEG
    return is_tagged or picture.format.name.startswith("yuvj")


def _to_rgb(
    reformatter: VideoReformatter, picture: VideoFrame, width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """Convert any pixel format to RGB, shape (height_px, width_px, 3)."""
    source_colorspace: int | None = None
    if not picture.format.is_rgb and picture.colorspace == _COLORSPACE_UNSPECIFIED:
        is_hd = picture.height >= _HD_HEIGHT_PX or picture.width >= _HD_WIDTH_PX
        source_colorspace = Colorspace.ITU709 if is_hd else Colorspace.ITU601
    shrinks = width_px < picture.width or height_px < picture.height
    rgb = reformatter.reformat(
        picture,
        width=width_px,
        height=height_px,
        format="rgb24",
        src_colorspace=source_colorspace,
        dst_color_range=ColorRange.JPEG,
        interpolation=_EXACT
        | (Interpolation.AREA if shrinks else Interpolation.BILINEAR),
    )
    return np.asarray(rgb.to_ndarray(), dtype=np.uint8)
