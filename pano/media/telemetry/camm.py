"""Read CAMM, Google's Camera Motion Metadata: orientation and accelerometer.

Specification: developers.google.com/streetview/publish/camm-spec. A packet is a
reserved uint16, the uint16 of its type and its values, little-endian. The camera's axes
are x right, y down, z ahead; the y axis of the world points down along gravity.

- Type 0, orientation: angle times axis in radians. Its matrix takes a ray from camera
  to world. It is the pose of the picture itself: google/spatial-media, docs/vr180.md.
- Type 3, accelerometer: m/s² as Android's TYPE_ACCELEROMETER, which reads +g along the
  axis that points up. Aligning it with the camera is recommended, not required, and
  there are cameras that do not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from pano.media.telemetry.gravity import (
    FloatArray,
    Readings,
    Sensor,
    up_of_camera_axes,
)
from pano.media.telemetry.harvest import Harvest

_ORIENTATION, _ACCELEROMETER = 0, 3
# Bytes of the values of each type.
_SIZES = {0: 12, 1: 8, 2: 12, 3: 12, 4: 12, 5: 24, 6: 56, 7: 12}
# A rotation needs no more than half a turn; writers that unwrap need not stop there.
_MAX_ANGLE_RAD = 4.0 * np.pi


def read_camm(packets: Iterable[bytes]) -> Harvest:
    """Gather the readings of the packets, orientation first."""
    found: dict[int, list[tuple[float, ...]]] = {_ORIENTATION: [], _ACCELEROMETER: []}
    n_packets = n_broken = 0
    for packet in packets:
        n_packets += 1
        kind = int.from_bytes(packet[2:4], "little")
        if len(packet) < 4 or len(packet) - 4 < _SIZES.get(kind, 0):
            n_broken += 1
        elif kind in found:
            found[kind].append(struct.unpack_from("<3f", packet, 4))
    turns = np.array(found[_ORIENTATION], np.float64).reshape(-1, 3)
    felt = np.array(found[_ACCELEROMETER], np.float64).reshape(-1, 3)
    readings = (
        Readings(Sensor.CAMM_ORIENTATION, up_of_camera_axes(_up_of(turns))),
        Readings(Sensor.CAMM_ACCELEROMETER, up_of_camera_axes(felt)),
    )
    return Harvest.of(readings, n_packets=n_packets, n_broken=n_broken)


def _up_of(turns_rad: FloatArray) -> FloatArray:
    """Turn the world's up, (0, -1, 0), back into the camera, by Rodrigues' formula."""
    angle_rad = np.linalg.norm(turns_rad, axis=1, keepdims=True)
    angle_rad = np.where(angle_rad <= _MAX_ANGLE_RAD, angle_rad, np.nan)
    axis = turns_rad / np.maximum(angle_rad, np.finfo(np.float64).tiny)
    up = np.array([0.0, -1.0, 0.0])
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    along = axis * (axis @ up)[:, None]
    turned: FloatArray = cos * up - sin * np.cross(axis, up) + (1.0 - cos) * along
    return turned
