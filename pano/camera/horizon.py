"""Level the horizon of a tilted 360° camera by the roll of the virtual one.

A 360° camera that stood askew shows every view askew, each by another angle. The path
stays what it is, because its directions are those of the picture; the camera is rolled
about its axis so that the world's up is up in every frame. It is a column of the path,
and every editor that reads one gets it.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from pano.camera.path import CameraPath
from pano.camera.pose import CameraPose
from pano.sphere import unit_vectors


@dataclass(frozen=True, slots=True)
class Tilt:
    """Roll and pitch of a 360° camera as it stood, as GPano and Spherical Video do.

    Parameters
    ----------
    roll_deg
        Clockwise about the axis through the middle of its picture: a horizon ahead
        is turned counter-clockwise.
    pitch_deg
        Up: the horizon ahead lies below the middle. In [-90, 90].
    """

    roll_deg: float = 0.0
    pitch_deg: float = 0.0

    def __post_init__(self) -> None:
        CameraPose(0.0, self.pitch_deg, self.roll_deg)  # which refuses nonsense

    @classmethod
    def of_metadata(cls, roll_deg: float, pitch_deg: float) -> Tilt:
        """Take what a file says of itself; nonsense is no tilt."""
        try:
            return cls(roll_deg, pitch_deg)
        except ValueError:
            return cls()

    @classmethod
    def from_up(cls, up: tuple[float, float, float]) -> Tilt:
        """Read the tilt off the direction of the world's up: right, up, ahead."""
        x, y, z = up
        pitch_rad = math.atan2(z, math.hypot(x, y))
        return cls(math.degrees(math.atan2(-x, y)), math.degrees(pitch_rad))

    def words(self) -> str:
        """Return both angles as text."""
        roll_deg, pitch_deg = (
            round(angle, 1) + 0.0 for angle in (self.roll_deg, self.pitch_deg)
        )  # no -0.0
        return f"roll {roll_deg:.1f}°, pitch {pitch_deg:.1f}°"

    def level(self, path: CameraPath) -> CameraPath:
        """Return the path with the roll that levels the horizon in every frame."""
        if self == Tilt():
            return path
        right, up, forward = CameraPose(0.0, self.pitch_deg, self.roll_deg).axes()
        world_up = np.array([right[1], up[1], forward[1]])
        yaw_rad = np.radians(path.yaw_deg)
        level = np.stack([np.cos(yaw_rad), 0.0 * yaw_rad, -np.sin(yaw_rad)], axis=1)
        upright = np.cross(unit_vectors(path.yaw_deg, path.pitch_deg), level)
        roll_rad = np.arctan2(level @ world_up, upright @ world_up)
        roll_deg = np.degrees(np.unwrap(roll_rad))
        return dataclasses.replace(path, roll_deg=roll_deg)
