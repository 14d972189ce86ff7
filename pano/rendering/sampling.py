"""Antialiasing of views: source pyramid level and supersampling factor of each part.

From the middle to the corner a wide picture may go from skipping every other source
pixel to repeating each, and a little planet much further. One factor or one level of
detail for all would waste or blur the rest, so that each part of a view has its own:
the source is halved while even the smallest step allows it, and of what is left
`factor` × `factor` samples are averaged into a pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens

MAX_FACTOR = 16
_MAX_LEVEL = 5
# A source step this little over one pixel aliases nothing that the eye finds.
_SLACK = 1.1
# Halving blurs what a step of less than this many pixels would still show.
_MIN_STEP_ON_LEVEL = 2.0

Plane = NDArray[np.float32]


def choose_sampling(
    lens: Lens, x: Plane, y: Plane, px_per_rad: float
) -> tuple[int, int]:
    """Return how often to halve the source, and the samples per pixel and side.

    Parameters
    ----------
    x, y
        Points of the picture plane, shapes (1, n) and (m, 1).
    px_per_rad
        Steps between two of the points times this are source pixels.
    """
    low_rad, high_rad = _steps_rad(lens, x, y)
    low_px, high_px = low_rad * px_per_rad, high_rad * px_per_rad
    level = int(np.log2(max(low_px / _MIN_STEP_ON_LEVEL, 1.0)))
    level = min(level, _MAX_LEVEL)
    factor = int(np.ceil(high_px / (1 << level) / _SLACK))
    return level, int(np.clip(factor, 1, MAX_FACTOR))


def _steps_rad(lens: Lens, x: Plane, y: Plane) -> tuple[float, float]:
    """Return the least and the largest angle between neighbouring points."""
    rays = np.stack(np.broadcast_arrays(x, y, lens.depth(x, y))).astype(np.float64)
    rays /= np.linalg.norm(rays, axis=0)
    chords = [np.linalg.norm(np.diff(rays, axis=axis), axis=0) for axis in (1, 2)]
    steps = [2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)) for chord in chords]
    low = min(float(step.min()) for step in steps)
    return low, max(float(step.max()) for step in steps)
