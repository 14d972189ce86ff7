"""Read from a decoded picture how its file codes colours."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import cast

from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from pano.equirect.planes import BT709, BT2020, HLG, PQ
from pano.media.colour.signal import MasteringDisplay, VideoSignal

_UNSPECIFIED = 2  # of primaries, transfer and matrix alike
_NO_MATRIX = frozenset({_UNSPECIFIED, 3})  # a reserved number as well
_SAY_NOTHING = _NO_MATRIX | {0}
# Untagged pictures up to this size are BT.601, say mpv and libplacebo; VLC and SDL
# look at the height alone.
_SD_HEIGHT_PX = 576
_HD_WIDTH_PX = 1280
_BT601 = 6
# FFmpeg's AVMasteringDisplayMetadata: x and y of red, green, blue and white, the least
# and the largest luminance, each a fraction; then which of both is known.
_MASTERING = struct.Struct("=20i2i")
_LIGHT_LEVEL = struct.Struct("=2I")


def signal_of(picture: VideoFrame) -> VideoSignal:
    """Return how a decoded picture codes its colours."""
    # PyAV declares side data as a dict of strings; it is a sequence of buffers.
    entries = cast("Iterable[SideData]", picture.side_data)
    found = {entry.type: bytes(entry) for entry in entries}
    cll, fall = _light_level(found.get(SideDataType.CONTENT_LIGHT_LEVEL))
    usual = BT2020 if _is_hdr(picture) else BT709
    return VideoSignal(
        bit_depth=max(part.bits for part in picture.format.components),
        primaries=_or(usual, int(picture.color_primaries)),
        transfer=_or(BT709, int(picture.color_trc)),
        matrix=matrix_of(picture),
        is_full_range=is_full_range(picture),
        mastering=_mastering(found.get(SideDataType.MASTERING_DISPLAY_METADATA)),
        max_cll_nit=cll,
        max_fall_nit=fall,
    )


def matrix_of(picture: VideoFrame) -> int:
    """Return the Y'CbCr matrix, by the size where the file does not say.

    Of RGB it is the one that its planes get.
    """
    if picture.format.is_rgb:
        return BT2020 if _is_hdr(picture) else BT709
    if picture.colorspace not in _NO_MATRIX:
        return int(picture.colorspace)
    if _is_hdr(picture):
        return BT2020
    is_hd = picture.height > _SD_HEIGHT_PX or picture.width >= _HD_WIDTH_PX
    return BT709 if is_hd else _BT601


def assumed_colorspace(picture: VideoFrame) -> int | None:
    """Return swscale's number for the matrix of a picture that does not say its own."""
    if picture.format.is_rgb or picture.colorspace not in _NO_MATRIX:
        return None
    return swscale_number(matrix_of(picture))


def swscale_number(matrix: int) -> int:
    """Return swscale's number for a matrix of H.273, which is another for BT.601."""
    return int(Colorspace.ITU601) if matrix == _BT601 else matrix


def is_full_range(picture: VideoFrame) -> bool:
    """Tell whether black is 0 and white the largest code; of RGB, of its planes."""
    if picture.format.is_rgb:
        return False
    is_tagged = picture.color_range == ColorRange.JPEG
    return is_tagged or picture.format.name.startswith("yuvj")


def _is_hdr(picture: VideoFrame) -> bool:
    return int(picture.color_trc) in (PQ, HLG)


def _or(usual: int, code: int) -> int:
    return usual if code in _SAY_NOTHING else code


def _mastering(data: bytes | None) -> MasteringDisplay | None:
    """Return the display where all of it is known."""
    if data is None or len(data) < _MASTERING.size:
        return None
    *parts, has_primaries, has_luminance = _MASTERING.unpack_from(data)
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    if not (has_primaries and has_luminance) or any(n <= 0 for _, n in pairs):
        return None
    values = [top / bottom for top, bottom in pairs]
    points = list(zip(values[:8:2], values[1:8:2], strict=True))
    if min(values) < 0.0 or values[9] <= 0.0:
        return None
    red, green, blue, white = points
    return MasteringDisplay(
        red, green, blue, white, max_nit=values[9], min_nit=values[8]
    )


def _light_level(data: bytes | None) -> tuple[int | None, int | None]:
    """Return MaxCLL and MaxFALL; a zero means that it is not known."""
    if data is None or len(data) < _LIGHT_LEVEL.size:
        return None, None
    cll, fall = _LIGHT_LEVEL.unpack_from(data)
    return cll or None, fall or None
