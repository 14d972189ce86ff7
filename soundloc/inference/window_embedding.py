"""The embedding of one window of sound, as it crosses to the jobs; without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class WindowEmbedding:
    """The embedding of one window of sound.

    Parameters
    ----------
    h
        (D,) of length 1: where to look. All zero for digital silence, to which the
        response is 0 everywhere.
    presence
        In [0, 1]: the probability that the sound has a place in any picture at all; 0
        for digital silence.
    """

    h: NDArray[np.float32]
    presence: float
