"""Real spherical harmonics, ACN and SN3D, orders 0 to 3.

A plane wave from a direction u with pressure s has the channels s·Y(u). Closed forms
of Nachbar, Zotter, Deleflie and Sontacchi, "ambiX – a suggested ambisonics format",
2011; the axes are x ahead, y left, z up.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pano.sphere import ArrayLike, Direction

FloatArray = NDArray[np.float64]

MAX_ORDER = 3


def n_channels(order: int) -> int:
    """Return how many channels a full-sphere field of an order has."""
    return (order + 1) ** 2


def order_of(channels: int) -> int | None:
    """Return the order whose number of channels this is; None for other numbers."""
    order = math.isqrt(max(channels, 0)) - 1
    is_full = n_channels(order) == channels and 1 <= order <= MAX_ORDER
    return order if is_full else None


def spherical_harmonics(units: ArrayLike, order: int) -> FloatArray:
    """Evaluate the harmonics in directions.

    Parameters
    ----------
    units
        Unit vectors of `pano.sphere` (right, up, ahead), shape (..., 3).
    order
        In 0 to 3.

    Returns
    -------
    FloatArray
        Shape (..., (order + 1)²), channels in ACN order.
    """
    if not 0 <= order <= MAX_ORDER:
        raise ValueError(f"order must be in 0 to {MAX_ORDER}, got {order}")
    right, up, ahead = np.moveaxis(np.asarray(units, dtype=np.float64), -1, 0)
    x, y, z = ahead, -right, up
    channels = [np.ones_like(x)]
    if order >= 1:
        channels += [y, z, x]
    if order >= 2:
        channels += [
            math.sqrt(3.0) * x * y,
            math.sqrt(3.0) * y * z,
            (3.0 * z * z - 1.0) / 2.0,
            math.sqrt(3.0) * x * z,
            math.sqrt(3.0) / 2.0 * (x * x - y * y),
        ]
    if order >= 3:
        channels += [
            math.sqrt(5.0 / 8.0) * y * (3.0 * x * x - y * y),
            math.sqrt(15.0) * x * y * z,
            math.sqrt(3.0 / 8.0) * y * (5.0 * z * z - 1.0),
            z * (5.0 * z * z - 3.0) / 2.0,
            math.sqrt(3.0 / 8.0) * x * (5.0 * z * z - 1.0),
            math.sqrt(15.0) / 2.0 * z * (x * x - y * y),
            math.sqrt(5.0 / 8.0) * x * (x * x - 3.0 * y * y),
        ]
    return np.stack(channels, axis=-1)


def encode(
    signal: NDArray[np.floating], direction: Direction, order: int = 1
) -> NDArray[np.float32]:
    """Place a mono signal (n,) in a direction: an ambiX field ((order + 1)², n)."""
    gains = spherical_harmonics(direction.unit(), order)
    return np.asarray(gains[:, None] * signal[None, :], dtype=np.float32)


def degrees_of_channels(order: int) -> NDArray[np.intp]:
    """Return the degree n of each ACN channel, shape ((order + 1)²,)."""
    return np.repeat(np.arange(order + 1), 2 * np.arange(order + 1) + 1)
