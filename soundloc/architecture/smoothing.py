"""The Gaussian that neighbouring cells are smoothed with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_REACH = 3  # of the Gaussian, in deviations


def gaussian(deviation: float) -> NDArray[np.float32]:
    """Return the weights of a Gaussian, an odd number of them that sum to 1."""
    reach = max(1, round(_REACH * deviation))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)
