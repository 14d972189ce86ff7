"""The two strongest places of a saliency map that do not fit into one view.

A place counts by the saliency in a view's middle around it, not by one bright cell, and
by what exceeds a uniform map: a map that knows nothing has no best place. The second
must lie outside a usual view of the first; otherwise both are seen at once and nobody
has to choose.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.saliency_maps.saliency_map import UNIFORM_DENSITY_PER_SR
from pano.sphere import Direction, cell_solid_angles_sr, grid_unit_vectors

RADIUS_DEG = 15.0
# Half of AutoCam's 65.5° and the radius: beyond, a view on the one misses the other.
APART_DEG = 48.0
# A second place with so much of the first one's share is a close call.
CLOSE_SHARE = 0.7

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rivals:
    """The strongest place of a map and the strongest one far from it.

    Parameters
    ----------
    best_share, second_share
        Of all that exceeds a uniform map, in [0, 1]; 0 where nothing does.
    """

    best: Direction
    best_share: float
    second: Direction
    second_share: float

    @property
    def is_close(self) -> bool:
        """Tell whether the second place would have been nearly as good."""
        return self.second_share > 0.0 and (
            self.second_share >= CLOSE_SHARE * self.best_share
        )


def find_rivals(density: NDArray[np.floating]) -> Rivals:
    """Find the two best places of a map per steradian, shape (h, w)."""
    height, width = density.shape
    excess = np.maximum(density.astype(np.float64) - UNIFORM_DENSITY_PER_SR, 0.0)
    masses = (excess * cell_solid_angles_sr(height, width)).ravel()
    shares = _caps(height, width) @ masses / max(float(masses.sum()), 1e-12)
    units = grid_unit_vectors(height, width).reshape(-1, 3)
    best = int(np.argmax(shares))
    is_apart = units @ units[best] < np.cos(np.radians(APART_DEG))
    second = int(np.argmax(np.where(is_apart, shares, -1.0)))
    return Rivals(
        best=Direction.from_unit(units[best]),
        best_share=float(shares[best]),
        second=Direction.from_unit(units[second]),
        second_share=float(shares[second]),
    )


@functools.lru_cache(maxsize=2)
def _caps(height: int, width: int) -> NDArray[np.float32]:
    """Return which cells lie around each cell, shape (h·w, h·w), with a soft rim."""
    units = grid_unit_vectors(height, width).reshape(-1, 3)
    softness_rad = np.pi / height
    off_rad = np.arccos(np.clip(units @ units.T, -1.0, 1.0)) - np.radians(RADIUS_DEG)
    caps = np.asarray(np.clip(0.5 - off_rad / softness_rad, 0.0, 1.0), np.float32)
    caps.setflags(write=False)
    return caps
