"""The proxy: a small copy of a clip's sphere that every browser plays.

H.264 and AAC, the left eye's whole sphere, HDR tone-mapped, a sound field turned with
the path's camera, as in the film.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from pano.camera.path import CameraPath
from pano.media import Media, MediaWriter
from pano.media.external_ffmpeg import convert
from pano_jobs.progress import Progress
from pano_jobs.video.render_pass import axes_along

MAX_WIDTH_PX = 1920
MAX_BYTES = 20_000_000
_SOUND_BPS = 128_000
# Below, faces are no more than squares.
_MIN_PICTURE_BPS = 400_000
_CONTAINER_SHARE = 0.03


def make_proxy(
    media: Media, path: CameraPath, target: Path, *, progress: Progress
) -> None:
    """Write a proxy of at most `MAX_BYTES`, or of the lowest rate that shows anything.

    Parameters
    ----------
    target
        A name for it, `.mp4`.

    Raises
    ------
    PanoError
        If the clip cannot be read or the proxy not be written.
    """
    width_px, height_px = _size(*media.size_px)
    whole = target.with_stem(f"{target.stem}-whole")
    sound_from, route = media.clip_sound.written()
    writer = MediaWriter(
        whole,
        width_px=width_px,
        height_px=height_px,
        frame_rate=media.info.average_frame_rate,
        time_base=media.info.time_base,
        sound_from=sound_from,
        route=route,
    )
    writer.turn_sound(axes_along(path, None))
    frames = progress.follow(
        media.frames(),
        words="Copying",
        duration_s=media.info.duration_from_header_s,
    )
    first_s = last_s = 0.0
    with writer:
        for k, frame in enumerate(frames):
            small = cv2.resize(
                frame.image, (width_px, height_px), interpolation=cv2.INTER_AREA
            )
            writer.write(np.asarray(small, np.uint8), frame.pts)
            first_s, last_s = frame.time_s if k == 0 else first_s, frame.time_s
    convert(whole, target, output_options=_options(whole, last_s - first_s))
    whole.unlink()


def _size(width_px: int, height_px: int) -> tuple[int, int]:
    """Return an even size of the same shape, at most `MAX_WIDTH_PX` wide."""
    shrink = max(1.0, width_px / MAX_WIDTH_PX)

    def even(side_px: int) -> int:
        return max(2, 2 * round(side_px / shrink / 2))

    return even(width_px), even(height_px)


def _options(whole: Path, duration_s: float) -> dict[str, str]:
    sound = {"c:a": "aac", "b:a": str(_SOUND_BPS), "ac": "2", "movflags": "+faststart"}
    if whole.stat().st_size <= MAX_BYTES:
        return {"c:v": "copy", **sound}
    room_bits = 8 * MAX_BYTES * (1.0 - _CONTAINER_SHARE)
    picture_bps = room_bits / max(duration_s, 1.0) - _SOUND_BPS
    rate = str(math.floor(max(picture_bps, _MIN_PICTURE_BPS)))
    limits = {"b:v": rate, "maxrate": rate, "bufsize": rate}
    return {"c:v": "libx264", "preset": "medium", **limits, **sound}
