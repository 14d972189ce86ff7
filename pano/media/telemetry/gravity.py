"""The mean direction of gravity over a clip, and how far it can be relied on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pano.errors import MediaError

FloatArray = NDArray[np.float64]

STANDARD_GRAVITY_M_PER_S2 = 9.80665
# A resting accelerometer reads 1 g; calibration and the place on earth make 1 or 2 %.
LENGTH_TOLERANCE = 0.1
# Consumer sensors end at 32 g; a larger number is no measurement.
MAX_ACCELERATION_M_PER_S2 = 32 * STANDARD_GRAVITY_M_PER_S2
MAX_BROKEN_SHARE = 0.1
MIN_SAMPLES = 3
# Vibration averages out over a part of the clip, a turn of the camera does not.
_N_PARTS = 32


class Sensor(StrEnum):
    """What told the direction, in the words for a user."""

    CAMM_ORIENTATION = "CAMM orientation"
    GPMF_GRAVITY = "GPMF gravity"
    GPMF_ACCELEROMETER = "GPMF accelerometer"
    CAMM_ACCELEROMETER = "CAMM accelerometer"

    @property
    def is_accelerometer(self) -> bool:
        """Tell whether it measures acceleration, of which gravity is a part."""
        return self in (Sensor.GPMF_ACCELEROMETER, Sensor.CAMM_ACCELEROMETER)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What one sensor read: up, in the camera's axes.

    Parameters
    ----------
    up
        Shape (n, 3), in the axes of `pano.sphere`: right, up, ahead. In m/s² where
        the sensor is an accelerometer, else of length 1. Not yet checked.
    """

    sensor: Sensor
    up: FloatArray


@dataclass(frozen=True, slots=True)
class Gravity:
    """The mean direction of up in the camera's axes.

    Parameters
    ----------
    up
        Unit vector: right, up, ahead.
    scatter_deg
        Root mean square of the angles between the readings and their mean.
    n_samples
        The readings that were good.
    """

    sensor: Sensor
    up: tuple[float, float, float]
    scatter_deg: float
    n_samples: int

    def words(self) -> str:
        """Name the sensor and how much it read."""
        return f"{self.sensor}, {self.n_samples} samples"


def up_of_camera_axes(vectors: FloatArray) -> FloatArray:
    """Turn x right, y down, z ahead, as CAMM and GPMF have them, into our axes."""
    return np.asarray(vectors * np.array([1.0, -1.0, 1.0]))


def mean_gravity(readings: Readings) -> Gravity:
    """Average the good readings of a sensor.

    Raises
    ------
    MediaError
        If too few are good, or an accelerometer felt more than gravity.
    """
    sensor, lengths = readings.sensor, np.linalg.norm(readings.up, axis=1)
    if sensor.is_accelerometer:
        is_good = lengths <= MAX_ACCELERATION_M_PER_S2  # false for nan
    else:
        is_good = np.abs(lengths - 1.0) <= LENGTH_TOLERANCE
    good, n_all = readings.up[is_good], len(lengths)
    if len(good) < MIN_SAMPLES or len(good) < (1.0 - MAX_BROKEN_SHARE) * n_all:
        raise MediaError(f"{sensor}: {n_all - len(good)} of {n_all} samples are no use")
    mean = good.mean(axis=0)
    if sensor.is_accelerometer:
        _require_rest(sensor, float(np.linalg.norm(mean)))
        parts = np.array_split(good, min(_N_PARTS, len(good)))
        good_parts = np.stack([part.mean(axis=0) for part in parts])
    else:
        good_parts = good
    up = mean / max(float(np.linalg.norm(mean)), np.finfo(np.float64).tiny)
    return Gravity(
        sensor=sensor,
        up=(float(up[0]), float(up[1]), float(up[2])),
        scatter_deg=_scatter_deg(good_parts, up),
        n_samples=len(good),
    )


def _require_rest(sensor: Sensor, mean_m_per_s2: float) -> None:
    least, most = (
        STANDARD_GRAVITY_M_PER_S2 * (1.0 + sign * LENGTH_TOLERANCE) for sign in (-1, 1)
    )
    if not least <= mean_m_per_s2 <= most:
        raise MediaError(
            f"{sensor}: {mean_m_per_s2:.2f} m/s² in the mean are not gravity alone"
        )


def _scatter_deg(vectors: FloatArray, up: FloatArray) -> float:
    along = vectors @ up
    across = np.linalg.norm(vectors - along[:, None] * up, axis=1)
    angles_deg = np.degrees(np.arctan2(across, along))
    return float(np.sqrt(np.mean(angles_deg**2)))
