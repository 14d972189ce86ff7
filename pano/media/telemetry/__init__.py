"""Telemetry of cameras: which way is up, by the sensors whose axes are documented.

- CAMM, Google's Camera Motion Metadata: orientation and accelerometer.
- GPMF, GoPro's metadata format: gravity vector and accelerometer.

The trailer of Insta360's files is left out: the axes of its accelerometer are
documented nowhere and differ from camera to camera.
"""

from pano.media.telemetry.find_gravity import Telemetry, read_telemetry
from pano.media.telemetry.gravity import Gravity, Sensor

__all__ = ["Gravity", "Sensor", "Telemetry", "read_telemetry"]
