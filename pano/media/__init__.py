"""Reading and writing media; the only user of PyAV and ffmpeg."""

from pano.media.decode import Frame, Media, open_media
from pano.media.probe import AudioInfo, MediaInfo, probe
from pano.media.sound import Sound
from pano.media.spherical import Projection, SphericalMetadata
from pano.projection import SphereBounds, StereoLayout

__all__ = [
    "AudioInfo",
    "Frame",
    "Media",
    "MediaInfo",
    "Projection",
    "Sound",
    "SphereBounds",
    "SphericalMetadata",
    "StereoLayout",
    "open_media",
    "probe",
]
