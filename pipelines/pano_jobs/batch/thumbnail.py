"""A small picture of a film's middle, for a page of thousands."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2

from pano.errors import MediaError
from pano.media.inspection.samples import middle_picture

WIDTH_PX, HEIGHT_PX = 128, 72
# 2 to 3 kB each: a page of ten thousand is of the size of a photo album.
_QUALITY = 50


def thumbnail(film: Path) -> str:
    """Return a JPEG in base64; nothing of a film that shows no picture."""
    try:
        picture = middle_picture(film)
    except MediaError:
        return ""
    if picture is None:
        return ""
    height, width = picture.shape[:2]
    scale = min(WIDTH_PX / width, HEIGHT_PX / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    is_written, data = cv2.imencode(
        ".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    return base64.b64encode(data.tobytes()).decode("ascii") if is_written else ""
