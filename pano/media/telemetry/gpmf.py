"""Read GPMF, GoPro's metadata format: gravity vector and accelerometer.

Format: github.com/gopro/gpmf-parser, README.md. Key, length and value, big-endian, each
padded to four bytes; a packet holds devices (DEVC), these hold streams (STRM), and a
stream ends with its data, which its SCAL divides.

Axes of the README's drawing are x right, y back, z up. GoPro's answers there: GRAV is
stored as x, -z, -y (issue 170), the direction gravity pulls to; a resting accelerometer
reads +9.81 m/s² on z (issue 132); ORIN names the axes of ACCL as they are stored, in
lower case where they are negative (issue 165). So GRAV is right, down, ahead, which a
fit of a MAX 2 to exports of GoPro's own player confirms
(github.com/Sean-McConnachie/max2-reframe-resolve, proto/stab.py). A HERO8 writes zeros
(issue 110), which are refused. ACCL without ORIN is not read, its axes differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pano.errors import MediaError
from pano.media.telemetry.gravity import (
    FloatArray,
    Readings,
    Sensor,
    up_of_camera_axes,
)
from pano.media.telemetry.harvest import Harvest

_NUMBERS = {
    "b": ">i1",
    "B": ">u1",
    "s": ">i2",
    "S": ">u2",
    "l": ">i4",
    "L": ">u4",
    "f": ">f4",
    "d": ">f8",
}
_NESTED = "\0"


@dataclass(frozen=True, slots=True)
class _Klv:
    key: bytes
    kind: str
    sample_size: int
    value: bytes


def read_gpmf(packets: Iterable[bytes]) -> Harvest:
    """Gather the readings of the packets, gravity first."""
    gravity, felt = [np.empty((0, 3))], [np.empty((0, 3))]
    n_packets = n_broken = 0
    for packet in packets:
        n_packets += 1
        try:
            for stream in _streams(packet):
                if b"GRAV" in stream:
                    gravity.append(-_vectors(stream, b"GRAV"))
                elif b"ACCL" in stream and b"ORIN" in stream:
                    felt.append(_in_camera_axes(stream))
        except MediaError:
            n_broken += 1
    readings = (
        Readings(Sensor.GPMF_GRAVITY, up_of_camera_axes(np.concatenate(gravity))),
        Readings(Sensor.GPMF_ACCELEROMETER, up_of_camera_axes(np.concatenate(felt))),
    )
    return Harvest.of(readings, n_packets=n_packets, n_broken=n_broken)


def _streams(packet: bytes) -> Iterator[dict[bytes, _Klv]]:
    devices = list(_entries(packet))
    if not devices or any(d.key != b"DEVC" or d.kind != _NESTED for d in devices):
        raise MediaError("a packet of GPMF holds something else than devices")
    for device in devices:
        for stream in _entries(device.value):
            if (stream.key, stream.kind) == (b"STRM", _NESTED):
                yield {entry.key: entry for entry in _entries(stream.value)}


def _entries(data: bytes) -> Iterator[_Klv]:
    """Walk the entries of one level.

    Raises
    ------
    MediaError
        If one reaches beyond the end.
    """
    start, end = 0, len(data.rstrip(b"\0"))  # zeros pad
    while start < end:
        header = data[start : start + 8]
        size = header[5] * int.from_bytes(header[6:8]) if len(header) == 8 else 0
        value = data[start + 8 : start + 8 + size]
        if len(header) < 8 or len(value) < size:
            raise MediaError("an entry of GPMF reaches beyond its end")
        yield _Klv(header[:4], chr(header[4]), header[5], value)
        start += 8 + -(-size // 4) * 4


def _vectors(stream: dict[bytes, _Klv], key: bytes) -> FloatArray:
    """Return scaled samples of three numbers, shape (n, 3)."""
    values = _numbers(stream[key])
    if stream[key].sample_size * values.size != 3 * len(stream[key].value):
        raise MediaError(f"{key!r} of GPMF has not three numbers a sample")
    scale = _numbers(stream[b"SCAL"]) if b"SCAL" in stream else np.ones(1)
    if scale.size not in (1, 3) or not np.all(np.isfinite(scale) & (scale != 0.0)):
        raise MediaError(f"{key!r} of GPMF has a scale that is none")
    with np.errstate(over="ignore"):  # an absurd scale shows in the lengths
        return np.asarray(values.reshape(-1, 3) / scale)


def _numbers(entry: _Klv) -> FloatArray:
    number = _NUMBERS.get(entry.kind)
    if number is None or len(entry.value) % np.dtype(number).itemsize:
        raise MediaError(f"{entry.key!r} of GPMF holds no numbers")
    return np.asarray(np.frombuffer(entry.value, number), np.float64)


def _in_camera_axes(stream: dict[bytes, _Klv]) -> FloatArray:
    """Sort the accelerometer's axes by ORIN into right, down, ahead."""
    order = stream[b"ORIN"].value.decode("latin-1").rstrip("\0")
    if sorted(order.lower()) != ["x", "y", "z"]:
        raise MediaError(f"ORIN of GPMF is {order!r}, which names no axes")
    stored = _vectors(stream, b"ACCL")
    axes = {
        letter.lower(): stored[:, k] * (1.0 if letter.isupper() else -1.0)
        for k, letter in enumerate(order)
    }
    return np.stack([axes["x"], -axes["z"], -axes["y"]], axis=1)
