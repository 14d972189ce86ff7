"""Reading and writing media; the only user of PyAV and ffmpeg.

The names below load on first use: a caller that wants only `StereoLayout` should not
wait for FFmpeg.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pano.equirect.layouts import SphereBounds, StereoLayout
    from pano.media.decode import Media
    from pano.media.external_ffmpeg import convert, ffmpeg_program
    from pano.media.frames import Frame, PlanarFrame
    from pano.media.media_info import MediaInfo
    from pano.media.metadata.spherical import Projection, SphericalMetadata
    from pano.media.metadata.spherical_writer import write_spherical
    from pano.media.opening import open_media
    from pano.media.pictures import planes_to_rgb, rgb_to_planes
    from pano.media.probing import probe
    from pano.media.sound.hearing import Hearing
    from pano.media.sound.track import Sound
    from pano.media.sound.tracks import AudioInfo
    from pano.media.writing.encode import MediaWriter
    from pano.media.writing.encoders import DEFAULT_ENCODER, ENCODERS
    from pano.media.writing.target import check_target

__all__ = [
    "DEFAULT_ENCODER",
    "ENCODERS",
    "AudioInfo",
    "Frame",
    "Hearing",
    "Media",
    "MediaInfo",
    "MediaWriter",
    "PlanarFrame",
    "Projection",
    "Sound",
    "SphereBounds",
    "SphericalMetadata",
    "StereoLayout",
    "check_target",
    "convert",
    "ffmpeg_program",
    "open_media",
    "planes_to_rgb",
    "probe",
    "rgb_to_planes",
    "write_spherical",
]

_HOMES = {
    "AudioInfo": "pano.media.sound.tracks",
    "DEFAULT_ENCODER": "pano.media.writing.encoders",
    "ENCODERS": "pano.media.writing.encoders",
    "Frame": "pano.media.frames",
    "Hearing": "pano.media.sound.hearing",
    "Media": "pano.media.decode",
    "MediaInfo": "pano.media.media_info",
    "MediaWriter": "pano.media.writing.encode",
    "PlanarFrame": "pano.media.frames",
    "Projection": "pano.media.metadata.spherical",
    "Sound": "pano.media.sound.track",
    "SphereBounds": "pano.equirect.layouts",
    "SphericalMetadata": "pano.media.metadata.spherical",
    "StereoLayout": "pano.equirect.layouts",
    "check_target": "pano.media.writing.target",
    "convert": "pano.media.external_ffmpeg",
    "ffmpeg_program": "pano.media.external_ffmpeg",
    "open_media": "pano.media.opening",
    "planes_to_rgb": "pano.media.pictures",
    "probe": "pano.media.probing",
    "rgb_to_planes": "pano.media.pictures",
    "write_spherical": "pano.media.metadata.spherical_writer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
