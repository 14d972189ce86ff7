"""Some pictures of a file, spread over its length or of its middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pano.equirect.layouts import StereoLayout
from pano.media.colour.read_signal import is_full_range
from pano.media.media_info import MediaInfo
from pano.media.pictures import EquirectConverter, planes_to_rgb
from pano.media.probing import probe
from pano.media.reading import (
    DecodingReport,
    decode_pictures,
    find_video_stream,
    open_input,
)

Brightness = NDArray[np.uint8]

_BLACK, _WHITE = 16.0, 235.0  # of limited range
_N_SAMPLES = 5
# Key pictures may lie seconds apart: then what follows one is decoded, up to here.
_MAX_DECODED = 120


def sample_brightness(info: MediaInfo) -> Iterator[Brightness]:
    """Yield pictures spread over a file, the first one first, shape (h, w), 0 black.

    Each is decoded when it is asked for: who has seen enough pays for no more.
    """
    reformatter = VideoReformatter()
    with open_input(info.path) as container:
        stream = find_video_stream(container, info.path)
        stream.thread_type = "AUTO"
        duration_s = info.duration_from_header_s or 0.0
        latest: int | None = None
        for k in range(_N_SAMPLES):
            behind = k * duration_s / (_N_SAMPLES * float(info.time_base))
            due = info.start_pts + round(behind)
            picture = _picture_at(container, stream, due, is_first=k == 0)
            if picture is None or (picture.pts is not None and picture.pts == latest):
                continue
            latest = picture.pts
            yield _brightness(reformatter, picture)


def middle_picture(path: Path) -> NDArray[np.uint8] | None:
    """Return a picture about the middle of a film, RGB in SDR; None without any.

    Raises
    ------
    MediaError
        If the file cannot be read.
    """
    info = probe(path)
    converter = EquirectConverter(info, StereoLayout.MONO)
    with open_input(path) as container:
        stream = find_video_stream(container, path)
        stream.thread_type = "AUTO"
        middle_s = (info.duration_from_header_s or 0.0) / 2.0
        due = info.start_pts + round(middle_s / float(info.time_base))
        picture = _picture_at(container, stream, due, is_first=False)
        return None if picture is None else planes_to_rgb(converter.planes(picture))


def _picture_at(
    container: InputContainer, stream: VideoStream, due: int, *, is_first: bool
) -> VideoFrame | None:
    """Return the picture due at a time, or the last one before patience ends."""
    try:
        if not is_first:
            container.seek(due, stream=stream)
    except FFmpegError:
        return None
    found: VideoFrame | None = None
    for n_decoded, picture in enumerate(
        decode_pictures(container, stream, DecodingReport())
    ):
        found = picture
        if is_first or picture.pts is None or picture.pts >= due:
            break
        if n_decoded == _MAX_DECODED:
            break
    return found


def _brightness(reformatter: VideoReformatter, picture: VideoFrame) -> Brightness:
    planar = reformatter.reformat(picture, format="yuv420p")
    plane = planar.planes[0]
    # Not by `frame_planes`: it takes even sides, and a file may have odd ones.
    rows: Brightness = np.asarray(memoryview(plane), np.uint8)
    luma = rows.reshape(plane.height, plane.line_size)[:, : plane.width]
    if is_full_range(planar):
        return luma.copy()
    levels = (luma.astype(np.float32) - _BLACK) * (255.0 / (_WHITE - _BLACK))
    return np.clip(np.round(levels), 0.0, 255.0).astype(np.uint8)
