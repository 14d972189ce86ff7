"""FFmpeg pictures to equirectangular arrays: colour, rotation, size, left eye.

Full-size pictures are converted first and scaled after, so that nothing bleeds
between two eyes; small ones are scaled by swscale while converting, several times
cheaper than converting millions of pixels to throw most of them away. Planes are taken
as they are stored wherever the renderer can read them so. RGB is always an ordinary
picture: HDR is tone-mapped on the way, planes keep it.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, TypeVar

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
from pano.equirect.planes import BT709, DEEP_BITS, SDR, Light, Plane, Planes
from pano.media.colour.read_signal import (
    assumed_colorspace,
    is_full_range,
    matrix_of,
    swscale_number,
)
from pano.media.colour.tone_mapping import ToneMapper
from pano.media.media_info import MediaInfo
from pano.projections.stored_sphere import StoredSphere
from pano.rendering.part_reading import EquirectReader

_PLANAR = frozenset({"yuv420p", "yuvj420p"})
_DEEP_PLANAR = "yuv420p10le"
# Without these swscale writes every second column's colour twice: measured on 4:2:0
# noise, the mean error falls from 3.3 to 0.8 levels (at 480×960 from 8.7 to 0.6) and
# a 3840×1920 frame takes 59 ms in place of 20.
_EXACT = Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND
# Parts are read between their pixels: so much finer than what is made of them.
_FINER = 1.5
_RGB_TO_PLANES = (
    Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND
)
Value = TypeVar("Value", bound=np.unsignedinteger[Any])


class EquirectConverter:
    """Converts the pictures of one file; keeps swscale's tables between calls.

    Parameters
    ----------
    sphere
        How one eye holds the sphere; None if it is equirectangular.
    """

    def __init__(
        self,
        info: MediaInfo,
        layout: StereoLayout,
        sphere: StoredSphere | None = None,
    ) -> None:
        self._layout = layout
        self._sphere = sphere
        self._reader = None if sphere is None else EquirectReader(sphere)
        self._bounds = info.bounds
        self._n_quarter_turns = info.rotation_deg // 90
        self._stored = (info.width_px, info.height_px)
        self._full = VideoReformatter()
        # One for each size: changing it would make the tables anew.
        self._scaled: dict[tuple[int, int], VideoReformatter] = {}
        self._planar = VideoReformatter()
        self._signal = info.signal
        self._tone_mapper = (
            ToneMapper(info.signal.light) if info.signal.is_hdr else None
        )

    @functools.cached_property
    def full_size_px(self) -> tuple[int, int]:
        """Return (width, height) of the sphere at full resolution."""
        if self._sphere is not None:
            return self._sphere.equirect_size_px
        width_px, height_px = self._turned(*self._stored)
        return equirect_size(
            width_px // self._layout.n_columns,
            height_px // self._layout.n_rows,
            self._bounds,
        )

    def full(self, picture: VideoFrame) -> NDArray[np.uint8]:
        """Convert at full resolution, shape (h, 2·h, 3)."""
        rgb = self._rgb(self._full, picture, picture.width, picture.height)
        eye = left_eye(self._upright(rgb), self._layout)
        return self._on_sphere(eye, *self.full_size_px)

    def scaled(
        self, picture: VideoFrame, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Convert and scale by area, shape (height_px, width_px, 3)."""
        packed = self._packed_size(width_px, height_px)
        reformatter = self._scaled.setdefault(packed, VideoReformatter())
        rgb = self._rgb(reformatter, picture, *packed)
        eye = left_eye(self._upright(rgb), self._layout)
        return self._on_sphere(eye, width_px, height_px)

    def _packed_size(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Return the size of the whole stored picture for a sphere of a size."""
        if self._sphere is None:
            x0, y0, x1, y1 = self._bounds.rectangle(width_px, height_px)
            size = (x1 - x0) * self._layout.n_columns, (y1 - y0) * self._layout.n_rows
            return self._turned(*size)
        share = min(1.0, _FINER * height_px / self._sphere.equirect_size_px[1])
        width, height = self._stored
        return round(width * share), round(height * share)

    def _on_sphere(
        self, eye: NDArray[Value], width_px: int, height_px: int
    ) -> NDArray[Value]:
        """Make an eye's picture equirectangular, of a size."""
        if self._reader is not None:
            return self._reader.read(eye, width_px, height_px)
        return place_on_sphere(eye, width_px, height_px, self._bounds)

    def equirect(self, planes: Planes) -> NDArray[np.uint8]:
        """Convert what `planes` returned to an equirectangular picture, RGB."""
        rgb = planes_to_rgb(planes)
        if self._reader is None:
            return rgb
        return self._reader.read(rgb, *self.full_size_px)

    def equirect_luma(self, planes: Planes) -> NDArray[np.uint8]:
        """Return the luma of what `planes` returned, equirectangular."""
        luma = planes.luma_8bit()
        if self._reader is None:
            return luma
        return self._reader.read(luma, *self.full_size_px)

    def planes(self, picture: VideoFrame) -> Planes:
        """Return the left eye in planes, not copied where the file stores it so.

        A stereo eye may be squeezed: the sphere's width and height in pixels need not
        be 2:1. Faces and lenses stay as they are stored.
        """
        n_columns, n_rows = self._layout.n_columns, self._layout.n_rows
        is_even = picture.width % (2 * n_columns) == picture.height % (2 * n_rows) == 0
        is_whole = self._sphere is not None or self._bounds.is_full
        is_upright = not self._n_quarter_turns and is_whole
        is_deep = self._signal.bit_depth > 8
        if picture.format.is_rgb or not (is_even and is_upright):
            is_rgb_enough = not (is_deep or self._signal.is_hdr)
            return (self._rgb_planes if is_rgb_enough else self._deep_planes)(picture)
        light = self._signal.light
        stored_as = {_DEEP_PLANAR} if is_deep else _PLANAR
        if picture.format.name not in stored_as:
            matrix, is_full = matrix_of(picture), is_full_range(picture)
            picture = self._planar.reformat(
                picture,
                format=_DEEP_PLANAR if is_deep else "yuv420p",
                interpolation=_EXACT,
            )
            stored = dataclasses.replace(
                frame_planes(picture, light), matrix=matrix, is_full_range=is_full
            )
        else:
            stored = frame_planes(picture, light)
        y, u, v = (left_eye(p, self._layout) for p in (stored.y, stored.u, stored.v))
        return dataclasses.replace(stored, y=y, u=u, v=v)

    def _rgb_planes(self, picture: VideoFrame) -> Planes:
        rgb = self._rgb(self._full, picture, picture.width, picture.height)
        eye = left_eye(self._upright(rgb), self._layout)
        filmed = rgb_to_frame(self._planar, self._to_film(eye))
        return dataclasses.replace(
            frame_planes(filmed), matrix=BT709, is_full_range=False
        )

    def _deep_planes(self, picture: VideoFrame) -> Planes:
        """Return planes by way of RGB of 16 bits, which stays what it was, HDR too."""
        rgb = self._full.reformat(
            picture,
            format="rgb48le",
            src_colorspace=assumed_colorspace(picture),
            dst_color_range=ColorRange.JPEG,
            # With BILINEAR swscale makes garbage of 10 bits here.
            interpolation=_EXACT | Interpolation.BICUBIC,
        )
        eye = left_eye(
            self._upright(np.asarray(rgb.to_ndarray(), np.uint16)), self._layout
        )
        matrix = self._signal.matrix
        filmed = self._planar.reformat(
            VideoFrame.from_ndarray(self._to_film(eye), format="rgb48le"),
            format=_DEEP_PLANAR,
            dst_colorspace=swscale_number(matrix),
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_RGB_TO_PLANES,
        )
        return dataclasses.replace(
            frame_planes(filmed, self._signal.light), matrix=matrix, is_full_range=False
        )

    def _to_film(self, eye: NDArray[Value]) -> NDArray[Value]:
        """Return what is filmed of an eye: its sphere, or its faces and lenses."""
        if self._sphere is None:
            return place_on_sphere(eye, *self.full_size_px, self._bounds)
        height, width = (side // 2 * 2 for side in eye.shape[:2])
        return np.ascontiguousarray(eye[:height, :width])

    def _rgb(
        self,
        reformatter: VideoReformatter,
        picture: VideoFrame,
        width_px: int,
        height_px: int,
    ) -> NDArray[np.uint8]:
        if self._tone_mapper is not None:
            return self._tone_mapper.rgb(picture, width_px, height_px)
        return _to_rgb(reformatter, picture, width_px, height_px)

    def _turned(self, width_px: int, height_px: int) -> tuple[int, int]:
        return (
            (height_px, width_px)
            if self._n_quarter_turns % 2
            else (width_px, height_px)
        )

    def _upright(self, rgb: NDArray[Value]) -> NDArray[Value]:
        return np.rot90(rgb, self._n_quarter_turns) if self._n_quarter_turns else rgb


def frame_planes(picture: VideoFrame, light: Light = SDR) -> Planes:
    """Return views of the planes of a 4:2:0 picture, which they keep alive."""
    is_deep = picture.format.components[0].bits > 8
    y, u, v = (_values(plane, is_deep=is_deep) for plane in picture.planes)
    return Planes(y, u, v, matrix_of(picture), is_full_range(picture), light)


def planes_to_frame(planes: Planes) -> VideoFrame:
    """Copy planes into a picture for FFmpeg, tagged with matrix and range."""
    height, width = planes.y.shape
    is_deep = planes.bit_depth == DEEP_BITS
    picture = VideoFrame(width, height, _DEEP_PLANAR if is_deep else "yuv420p")
    picture.colorspace = planes.matrix
    picture.color_range = ColorRange.JPEG if planes.is_full_range else ColorRange.MPEG
    for plane, values in zip(
        picture.planes, (planes.y, planes.u, planes.v), strict=True
    ):
        _values(plane, is_deep=is_deep)[:] = values
    return picture


def planes_to_rgb(
    planes: Planes, width_px: int | None = None, height_px: int | None = None
) -> NDArray[np.uint8]:
    """Convert planes to RGB, shape (h, w, 3), scaled by area where sides are given."""
    height, width = planes.y.shape
    if planes.light.is_hdr:
        return _tone_mapper(planes.light).rgb(
            planes_to_frame(planes), width_px or width, height_px or height
        )
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
        interpolation=_RGB_TO_PLANES,
    )


def rgb_to_planes(image: NDArray[np.uint8]) -> Planes:
    """Convert RGB, shape (h, w, 3), both even, to BT.709 planes of limited range."""
    picture = rgb_to_frame(VideoReformatter(), image)
    return dataclasses.replace(frame_planes(picture), matrix=BT709, is_full_range=False)


@functools.lru_cache(maxsize=2)
def _tone_mapper(light: Light) -> ToneMapper:
    return ToneMapper(light)


def _values(plane: VideoPlane, *, is_deep: bool) -> Plane:
    """Return a view of a plane without the padding of its rows."""
    values: Plane = np.asarray(memoryview(plane))
    if is_deep:
        values = values.view(np.uint16)
    return values.reshape(plane.height, -1)[:, : plane.width]


def _to_rgb(
    reformatter: VideoReformatter, picture: VideoFrame, width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """Convert any pixel format to RGB, shape (height_px, width_px, 3)."""
    shrinks = width_px < picture.width or height_px < picture.height
    rgb = reformatter.reformat(
        picture,
        width=width_px,
        height=height_px,
        format="rgb24",
        src_colorspace=assumed_colorspace(picture),
        dst_color_range=ColorRange.JPEG,
        interpolation=_EXACT
        | (Interpolation.AREA if shrinks else Interpolation.BILINEAR),
    )
    return np.asarray(rgb.to_ndarray(), dtype=np.uint8)
