"""Limits on the camera's speed, acceleration and jerk, and what a path reaches of them.

The director plans within `MotionLimits`; a `Certificate` holds what was measured of a
finished path.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class MotionLimits:
    """Upper limits of the camera's speed, acceleration and jerk.

    They bound the pan–tilt head: the Euclidean norm of the derivatives of
    (yaw, pitch). The first bounds the great-circle speed of the optical axis as well,
    √(λ'² cos² φ + φ'²) ≤ √(λ'² + φ'²), and near the poles also the spin of the
    picture, which the great circle does not see.

    The defaults are a calm operator's: full speed only after about one second, a half
    turn in about six; following a walker needs a tenth of it.
    """

    max_speed_deg_per_s: float = 40.0
    max_acceleration_deg_per_s2: float = 60.0
    max_jerk_deg_per_s3: float = 200.0

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if not (np.isfinite(value) and value > 0.0):
                raise ValueError(f"{item.name} must be positive, got {value}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Largest speed, acceleration and jerk measured of a path, cuts left out."""

    max_speed_deg_per_s: float
    max_acceleration_deg_per_s2: float
    max_jerk_deg_per_s3: float

    def is_within(self, limits: MotionLimits, *, tolerance: float = 1e-6) -> bool:
        """Tell whether no limit is exceeded by more than a relative tolerance."""
        return all(
            getattr(self, item.name) <= getattr(limits, item.name) * (1.0 + tolerance)
            for item in dataclasses.fields(self)
        )
