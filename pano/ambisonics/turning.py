"""Turn a field with the camera, sample by sample.

Rotations are computed fifty times a second and mixed in between. Where the camera
cuts, the same mixture is a cross-fade, so nothing clicks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.rotation import rotation_matrix

FloatArray = NDArray[np.float32]
AxesAt: TypeAlias = Callable[[float], NDArray[np.float64]]

KNOT_S = 0.02


@dataclass(slots=True, eq=False)
class FieldTurner:
    """Turns a field that arrives in pieces.

    Parameters
    ----------
    axes_at
        Gives the camera's axes (`CameraPose.axes`) at a time in seconds.
    sample_rate_hz, order
        Of the field.
    start_s
        Time of its sample 0.
    decoder
        Applied behind the turn, shape (c, (order + 1)²); all channels if None.
    """

    axes_at: AxesAt
    sample_rate_hz: int
    order: int = 1
    start_s: float = 0.0
    decoder: NDArray[np.float64] | None = None
    _n_before: int = 0

    def turn(self, block: FloatArray) -> FloatArray:
        """Turn the next samples, shape ((order + 1)², n), into (c, n)."""
        n_knot = max(round(KNOT_S * self.sample_rate_hz), 1)
        first, n = self._n_before, block.shape[1]
        self._n_before += n
        if n == 0:
            n_out = len(block) if self.decoder is None else len(self.decoder)
            return np.zeros((n_out, 0), np.float32)
        # Knots lie on multiples of their distance, however the field is cut up.
        first_knot = first // n_knot
        n_spans = (first + n - 1) // n_knot - first_knot + 1
        matrices = self._matrices(first_knot, n_spans + 1, n_knot)
        before = first - first_knot * n_knot
        padded = np.zeros((len(block), n_spans * n_knot), np.float32)
        padded[:, before : before + n] = block
        spans = padded.reshape(len(block), n_spans, n_knot).transpose(1, 0, 2)
        share = np.arange(n_knot, dtype=np.float32) / n_knot
        old, new = matrices[:-1] @ spans, matrices[1:] @ spans
        turned = (old + share * (new - old)).transpose(1, 0, 2)
        turned = turned.reshape(len(turned), -1)
        return np.asarray(turned[:, before : before + n])

    def _matrices(self, first_knot: int, n_knots: int, n_knot: int) -> FloatArray:
        times_s = self.start_s + (
            (first_knot + np.arange(n_knots)) * n_knot / self.sample_rate_hz
        )
        axes = np.stack([self.axes_at(float(time_s)) for time_s in times_s])
        matrices = rotation_matrix(axes, self.order)
        if self.decoder is not None:
            matrices = self.decoder @ matrices
        return matrices.astype(np.float32)
