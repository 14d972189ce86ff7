"""Show HDR pictures as ordinary ones: the tone map as a table, looked up by FFmpeg.

Neither zscale nor libplacebo is in PyAV's FFmpeg, its `tonemap` wants linear light that
only they make, and swscale's own map takes seconds to prepare and shows 203 nit of a
10,000 nit signal at luma 149. `lut3d` looks colours up in any table, between its
entries too, quicker than a view is filmed and encoded.
"""

from __future__ import annotations

import functools
import tempfile
import threading
from pathlib import Path

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorRange,
    Colorspace,
    Interpolation,
    VideoReformatter,
)
from numpy.typing import NDArray

from pano.equirect.planes import Light
from pano.media.colour.read_signal import assumed_colorspace
from pano.media.colour.tone_curve import to_sdr

_FORMAT = "gbrp16le"
# Where swscale puts white in it: 255 · 256, not 65535.
_WHITE = 65_280 / 65_535
# Along each side of the table: they leave about half a level of 8 bits on average.
_N_ENTRIES = 49
_EXACT = Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND


class ToneMapper:
    """Turns pictures of one kind of HDR into SDR, BT.709, for any thread."""

    def __init__(self, light: Light) -> None:
        self._light = light
        self._lock = threading.Lock()
        self._deep, self._shallow = VideoReformatter(), VideoReformatter()
        self._tables: dict[tuple[int, int], _Table] = {}

    def rgb(
        self, picture: VideoFrame, width_px: int, height_px: int
    ) -> NDArray[np.uint8]:
        """Return a picture as RGB, shape (height_px, width_px, 3), scaled by area."""
        with self._lock:
            mapped = self._mapped(picture, width_px, height_px)
            rgb = self._shallow.reformat(
                mapped, format="rgb24", dst_color_range=ColorRange.JPEG
            )
        return np.asarray(rgb.to_ndarray(), dtype=np.uint8)

    def frame(self, picture: VideoFrame, pixel_format: str) -> VideoFrame:
        """Return a picture in Y'CbCr of BT.709 and limited range."""
        with self._lock:
            mapped = self._mapped(picture, picture.width, picture.height)
            return self._shallow.reformat(
                mapped,
                format=pixel_format,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation=Interpolation.BICUBIC
                | Interpolation.FULL_CHR_H_INP
                | Interpolation.ACCURATE_RND,
            )

    def _mapped(self, picture: VideoFrame, width_px: int, height_px: int) -> VideoFrame:
        shrinks = width_px < picture.width or height_px < picture.height
        deep = self._deep.reformat(
            picture,
            width=width_px,
            height=height_px,
            format=_FORMAT,
            src_colorspace=assumed_colorspace(picture),
            dst_color_range=ColorRange.JPEG,
            interpolation=_EXACT
            | (Interpolation.AREA if shrinks else Interpolation.BILINEAR),
        )
        size = width_px, height_px
        if size not in self._tables:
            self._tables[size] = _Table(self._light, *size)
        return self._tables[size].look_up(deep)


class _Table:
    """A filter graph that looks up pictures of one size."""

    def __init__(self, light: Light, width_px: int, height_px: int) -> None:
        self._n_pictures = 0
        graph = self._graph = Graph()
        self._source = graph.add(
            "buffer",
            width=str(width_px),
            height=str(height_px),
            pix_fmt=_FORMAT,
            time_base="1/30",
            colorspace="gbr",
            range="pc",
        )
        self._sink = graph.add("buffersink")
        with tempfile.TemporaryDirectory(prefix="pano-") as folder:
            cube = Path(folder) / "table.cube"
            cube.write_text(_cube(light), encoding="ascii")
            lookup = graph.add("lut3d", file=str(cube), interp="tetrahedral")
        graph.link_nodes(self._source, lookup, self._sink).configure()

    def look_up(self, picture: VideoFrame) -> VideoFrame:
        picture.pts = self._n_pictures
        self._n_pictures += 1
        self._source.push(picture)
        mapped = self._sink.pull()
        if not isinstance(mapped, VideoFrame):
            raise TypeError("the filter gave no picture")
        return mapped


@functools.lru_cache(maxsize=4)
def _cube(light: Light) -> str:
    """Write the table as the text that `lut3d` reads, red running fastest."""
    axis = np.arange(_N_ENTRIES) / (_N_ENTRIES - 1) / _WHITE
    blue, green, red = np.meshgrid(*[np.minimum(axis, 1.0)] * 3, indexing="ij")
    codes = to_sdr(np.stack([red, green, blue], axis=-1), light) * _WHITE
    rows = "\n".join(
        f"{red:.6f} {green:.6f} {blue:.6f}"
        for red, green, blue in codes.reshape(-1, 3).tolist()
    )
    return f"LUT_3D_SIZE {_N_ENTRIES}\n{rows}\n"
