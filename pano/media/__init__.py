"""Reading and writing media; the only user of PyAV and ffmpeg."""

from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.media.decode import Media, open_media
from pano.media.encode import MediaWriter
from pano.media.encoders import DEFAULT_ENCODER, ENCODERS
from pano.media.ffmpeg_program import convert, ffmpeg_program
from pano.media.frames import Frame, PlanarFrame
from pano.media.metadata.spherical import Projection, SphericalMetadata
from pano.media.metadata.spherical_writer import write_spherical
from pano.media.pictures import planes_to_rgb, rgb_to_planes
from pano.media.probe import AudioInfo, MediaInfo, probe
from pano.media.sound.track import Sound
from pano.media.target import check_target

__all__ = [
    "DEFAULT_ENCODER",
    "ENCODERS",
    "AudioInfo",
    "Frame",
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
