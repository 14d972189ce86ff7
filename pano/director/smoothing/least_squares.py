"""Least-squares path smoothing: for previews, or when the linear program gives up.

In the manner of Kang & Cho (2019) it trades the distance to the targets against
squared speed, acceleration and jerk, a banded system that is solved in milliseconds.
Squares know no limits, so wherever one is broken the price of breaking it is raised
there and the system solved again; a path that never moves is the last resort. It is
never quite still and cuts corners: the linear program's path is the better one.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from pano.camera.motion_limits import MotionLimits
from pano.director.smoothing.linear_program import MAX_PITCH_DEG, yaw_scale

# Motions quicker than this are smoothed away even where no limit asks for it.
_SMOOTHED_S = 0.5
_N_ROUNDS = 200
_LIMIT_MARGIN = 1e-3
# A raised price is raised for neighbours, too: a motion spreads over a second.
_NEIGHBOURS = 5
# A little more than in proportion, so that a limit is not approached for ever.
_OVERRELAXATION = 1.1
_BASIS = (1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0)
_DIFFERENCES = ((-1.0, 1.0), (1.0, -2.0, 1.0), (-1.0, 3.0, -3.0, 1.0))

FloatArray = NDArray[np.float64]


def least_squares(
    wanted_deg: FloatArray, weight: FloatArray, step_s: float, limits: MotionLimits
) -> FloatArray:
    """Return control points of a path within limits, shape (n + 2, 2).

    `wanted_deg` are unwrapped yaw and pitch at the knots, shape (n, 2).
    """
    n_control = len(wanted_deg) + 2
    wanted_deg = wanted_deg.copy()
    wanted_deg[:, 1] = np.clip(wanted_deg[:, 1], -MAX_PITCH_DEG, MAX_PITCH_DEG)
    largest = (
        limits.max_speed_deg_per_s,
        limits.max_acceleration_deg_per_s2,
        limits.max_jerk_deg_per_s3,
    )
    bounds = [
        limit * step_s**order * (1.0 - _LIMIT_MARGIN)
        for order, limit in enumerate(largest, start=1)
    ]
    prices = [
        np.full(max(n_control - order, 0), (_SMOOTHED_S / step_s) ** (2 * order))
        for order in (1, 2, 3)
    ]
    for _ in range(_N_ROUNDS):
        control_deg = _solved(wanted_deg, weight, prices)
        breaches = _breaches(control_deg, bounds)
        if all(np.all(breach <= 1.0) for breach in breaches):
            return control_deg
        for price, breach in zip(prices, breaches, strict=True):
            if len(price):
                raised = scipy.ndimage.maximum_filter1d(
                    np.maximum(breach, 1.0), 2 * _NEIGHBOURS + 1
                )
                price *= np.where(raised > 1.0, _OVERRELAXATION * raised**2, 1.0)
    mean_deg = np.average(wanted_deg, axis=0, weights=np.maximum(weight, 1e-9))
    return np.tile(mean_deg, (n_control, 1))


def _breaches(control_deg: FloatArray, bounds: list[float]) -> list[FloatArray]:
    """Return how many times over its limit each difference is, order by order."""
    breaches = [
        np.linalg.norm(np.diff(control_deg, n=order, axis=0), axis=1) / bound
        for order, bound in enumerate(bounds, start=1)
    ]
    # A pole is overshot by moving towards it too fast.
    too_steep = np.abs(control_deg[:, 1]) > MAX_PITCH_DEG
    breaches[0] = np.where(too_steep[1:] | too_steep[:-1], 2.0, breaches[0])
    return breaches


def _solved(
    wanted_deg: FloatArray, weight: FloatArray, prices: list[FloatArray]
) -> FloatArray:
    """Solve the normal equations of both axes, whose bands are four wide."""
    n_control = len(wanted_deg) + 2
    scale = yaw_scale(wanted_deg[:, 1])
    solved = np.empty((n_control, 2))
    motion = np.zeros((4, n_control))
    for kernel, price in zip(_DIFFERENCES, prices, strict=True):
        _add(motion, kernel, price)
    for axis, weights in enumerate((weight * scale**2, weight)):
        bands = motion.copy()
        _add(bands, _BASIS, weights)
        # Nothing else says where the outermost points of a short path are.
        bands[3] += 1e-9
        right = np.zeros(n_control)
        for offset, share in enumerate(_BASIS):
            right[offset : offset + len(weights)] += (
                share * weights * wanted_deg[:, axis]
            )
        right += 1e-9 * np.pad(wanted_deg[:, axis], 1, mode="edge")
        solved[:, axis] = scipy.linalg.solveh_banded(bands, right)
    return solved


def _add(bands: FloatArray, kernel: tuple[float, ...], weights: FloatArray) -> None:
    """Add Σ weight · (kernel * c)² to the upper bands, main diagonal last."""
    n_rows = len(weights)
    for one in range(len(kernel)):
        for other in range(one, len(kernel)):
            band = bands[3 - (other - one), other : other + n_rows]
            band += kernel[one] * kernel[other] * weights
