"""Uniform cubic B-splines: the curves of planned paths, read at any time.

A cubic B-spline has continuous acceleration and piecewise constant jerk, and lies in
the convex hull of its control points, which lets a finite program bound it everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SplinePath:
    """A uniform cubic B-spline of (yaw, pitch) in degrees.

    `control_deg` has shape (n + 2, 2) for n knots, `step_s` apart, the first at 0.
    """

    step_s: float
    control_deg: FloatArray

    def at(self, offset_s: FloatArray) -> FloatArray:
        """Evaluate at times since the first knot, shape (m,), to shape (m, 2)."""
        position = np.clip(offset_s / self.step_s, 0.0, len(self.control_deg) - 3.0)
        knot = np.minimum(position.astype(int), max(len(self.control_deg) - 4, 0))
        u = position - knot
        weights = np.stack(
            [
                (1.0 - u) ** 3,
                3.0 * u**3 - 6.0 * u**2 + 4.0,
                -3.0 * u**3 + 3.0 * u**2 + 3.0 * u + 1.0,
                u**3,
            ]
        )
        # With a single knot the fourth point does not exist, and has no weight.
        indices = np.minimum(knot + np.arange(4)[:, None], len(self.control_deg) - 1)
        return np.asarray(
            np.einsum("km,kmc->mc", weights / 6.0, self.control_deg[indices])
        )
