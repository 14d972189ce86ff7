"""How far the values of a plane spread, told by its batch norms, without any data.

A batch norm makes values of mean β and deviation γ of whatever comes: so it is known
between which bounds they lie (Nagel et al. 2019, "Data-free quantization through weight
equalization and bias correction", section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundloc.inference.compiled.operations import Bounds, Tensors

_N_DEVIATIONS = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Mean and variance of every channel of a plane (c,)."""

    mean: NDArray[Any]
    variance: NDArray[Any]

    @classmethod
    def none(cls) -> Spread:
        """Return that of a plane of zeros."""
        return cls(np.zeros(1), np.zeros(1))

    def behind(self, tensors: Tensors, norm: str, *, is_added: bool) -> Spread:
        """Return that behind a batch norm, which may be added to this plane."""
        mean = tensors[f"{norm}.bias"]
        variance = np.square(tensors[f"{norm}.weight"])
        if is_added:
            return Spread(self.mean + mean, self.variance + variance)
        return Spread(mean, variance)

    @property
    def bounds(self) -> Bounds:
        """Return between which values hardly any lies beyond."""
        furthest = np.abs(self.mean) + _N_DEVIATIONS * np.sqrt(self.variance)
        return -float(furthest.max()), float(furthest.max())
