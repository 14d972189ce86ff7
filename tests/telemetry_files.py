"""Writes clips with telemetry whose truth is known, for the tests.

A tilted camera's gravity follows from `pano.camera.pose`, not from what is tested.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pano.camera.pose import CameraPose
from tests.synthetic import Clip, write_clip

TINY = Clip(n_pictures=2)
GRAVITY_SCALE = 32_767
ACCELERATION_SCALE = 417


def up_in_camera(roll_deg: float, pitch_deg: float) -> NDArray[np.float64]:
    """Return the world's up along the camera's right, up and ahead."""
    return CameraPose(0.0, pitch_deg, roll_deg).axes()[:, 1]


def gravity(roll_deg: float, pitch_deg: float) -> NDArray[np.float64]:
    """Return where gravity pulls to: right, down, ahead."""
    return -up_in_camera(roll_deg, pitch_deg) * [1, -1, 1]


def turn_rad(roll_deg: float, pitch_deg: float) -> NDArray[np.float64]:
    """Return CAMM's angle times axis of a tilted camera."""
    flip = np.diag([1.0, -1.0, 1.0])
    to_world = CameraPose(0.0, pitch_deg, roll_deg).axes().T
    return Rotation.from_matrix(flip @ to_world @ flip).as_rotvec()


def camm_packet(kind: int, values: Sequence[float] | NDArray[np.float64]) -> bytes:
    return struct.pack("<HH3f", 0, kind, *values)


def klv(key: bytes, kind: str, sample_size: int, value: bytes) -> bytes:
    n_samples = len(value) // max(sample_size, 1)
    header = struct.pack(">4scBH", key, kind.encode(), sample_size, n_samples)
    return header + value + bytes(-len(value) % 4)


def nest(key: bytes, *parts: bytes) -> bytes:
    return klv(key, "\0", 4, b"".join(parts))


def gpmf_packet(*streams: bytes) -> bytes:
    name = klv(b"DVNM", "c", 1, b"Camera")
    return nest(b"DEVC", name, *streams)


def gravity_stream(
    vectors: NDArray[np.float64], *, scale: int = GRAVITY_SCALE
) -> bytes:
    stored = np.round(np.atleast_2d(vectors) * GRAVITY_SCALE).astype(">i2")
    return nest(
        b"STRM",
        klv(b"STNM", "c", 1, b"Gravity Vector"),
        klv(b"SCAL", "s", 2, struct.pack(">h", scale)),
        klv(b"GRAV", "s", 6, stored.tobytes()),
    )


def accelerometer_stream(vectors: NDArray[np.float64], *, order: bytes) -> bytes:
    stored = np.round(np.atleast_2d(vectors) * ACCELERATION_SCALE).astype(">i2")
    return nest(
        b"STRM",
        klv(b"ORIN", "c", 1, order),
        klv(b"SCAL", "s", 2, struct.pack(">h", ACCELERATION_SCALE)),
        klv(b"ACCL", "s", 6, stored.tobytes()),
    )


def write_telemetry(
    path: Path,
    kind: str,
    packets: Sequence[bytes],
    *,
    clip: Clip = TINY,
    handler: bytes = b"meta",
) -> Path:
    """Write a clip with a data track of a kind: `gpmd`, `camm` or another."""
    plain = write_clip(path.with_suffix(".plain.mp4"), clip)
    options = {"movflags": clip.movflags} if clip.movflags else {}
    return add_telemetry(plain, path, kind, packets, handler=handler, options=options)


def add_telemetry(
    source: Path,
    target: Path,
    kind: str,
    packets: Sequence[bytes],
    *,
    handler: bytes = b"meta",
    options: dict[str, str] | None = None,
) -> Path:
    """Copy a clip and give it a data track."""
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", options=options or {}) as made,
    ):
        copies = {s.index: made.add_stream_from_template(s) for s in given.streams}
        data = made.add_data_stream("bin_data")
        for packet in given.demux():
            if packet.size:
                packet.stream = copies[packet.stream.index]
                made.mux(packet)
        for k, content in enumerate(packets):
            packet = av.Packet(content)
            packet.stream, packet.time_base = data, Fraction(1, 1000)
            packet.pts, packet.dts, packet.duration = k, k, 1
            made.mux(packet)
    # FFmpeg writes GoPro's kind of data track only; names of four letters are swapped.
    whole = target.read_bytes().replace(b"gpmd", kind.encode())
    target.write_bytes(whole.replace(b"meta" + bytes(12), handler + bytes(12)))
    return target
