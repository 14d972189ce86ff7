"""Turn a sound field: what a camera that looks elsewhere would hear.

The harmonics of one degree stay among themselves under a rotation, so its matrix is
found exactly from the harmonics of a few directions before and after.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.harmonics import spherical_harmonics

FloatArray = NDArray[np.float64]

_N_DIRECTIONS = 40


def rotation_matrix(rotation: FloatArray, order: int) -> FloatArray:
    """Return the matrices that turn ambiX fields.

    Parameters
    ----------
    rotation
        Rotations of `pano.sphere`'s unit vectors, shape (..., 3, 3). The axes of a
        camera (`CameraPose.axes`) make the field that this camera hears: what lies
        along its forward axis comes from ahead.
    order
        In 1 to 3.

    Returns
    -------
    FloatArray
        Shape (..., c, c) for c = (order + 1)² channels; block by block orthogonal.
    """
    units, inverse = _basis(order)
    turned = spherical_harmonics(units @ np.swapaxes(rotation, -1, -2), order)
    return np.asarray(np.swapaxes(inverse @ turned, -1, -2))


@functools.lru_cache(maxsize=4)
def _basis(order: int) -> tuple[FloatArray, FloatArray]:
    """Return directions spread over the sphere and what inverts their harmonics."""
    k = np.arange(_N_DIRECTIONS) + 0.5
    height = 1.0 - 2.0 * k / _N_DIRECTIONS
    angle = np.pi * (1.0 + np.sqrt(5.0)) * k
    radius = np.sqrt(1.0 - height**2)
    units = np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=-1)
    inverse = np.linalg.pinv(spherical_harmonics(units, order))
    return np.asarray(units), np.asarray(inverse, dtype=np.float64)
