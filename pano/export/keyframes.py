"""Thin a path of one pose a frame to few keyframes on monotone cubics.

Curves are monotone cubics (Fritsch and Carlson 1980): between two keyframes no angle
leaves the range of their values, so a camera at rest stays at rest and never swings
back. Cuts are steps. Errors are bounded in continuous time, not only at the frames.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath

FloatArray = NDArray[np.float64]

YAW, PITCH, ROLL, HFOV = range(4)


class Curve(StrEnum):
    """How values run between two keyframes."""

    LINEAR = "linear"
    MONOTONE = "monotone"


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """The keyframes of one shot, from a cut to the next.

    Parameters
    ----------
    time_s
        Strictly rising, shape (n,), n ≥ 1; the first is the shot's first pose.
    values_deg
        Yaw (unwrapped), pitch, roll and hfov, shape (n, 4).
    slopes_deg_per_s
        At the start and the end of each stretch between two keyframes, shape
        (n - 1, 2, 4). The two at one keyframe may differ: a corner.
    end_s
        When the next shot begins or the path ends; the last value is held until then.
    """

    time_s: FloatArray
    values_deg: FloatArray
    slopes_deg_per_s: FloatArray
    end_s: float

    def at(self, time_s: FloatArray) -> FloatArray:
        """Evaluate the curves at times of shape (m,), held at the ends: (m, 4)."""
        if len(self.time_s) == 1:
            return np.repeat(self.values_deg, len(time_s), axis=0)
        held_s = np.clip(time_s, self.time_s[0], self.time_s[-1])
        left = np.searchsorted(self.time_s, held_s, side="right") - 1
        left = np.clip(left, 0, len(self.time_s) - 2)
        step_s = (self.time_s[left + 1] - self.time_s[left])[:, None]
        share = (held_s - self.time_s[left])[:, None] / step_s
        return _cubic(_coefficients(self, left, step_s), share)


def keyframes(
    path: CameraPath, *, max_error_deg: float, curve: Curve = Curve.MONOTONE
) -> list[Shot]:
    """Choose keyframes whose curves stay within an error of the path, shot by shot.

    Parameters
    ----------
    max_error_deg
        Bound of the error of yaw, pitch, roll and hfov each, at any time.
    """
    if not max_error_deg > 0.0:
        raise ValueError(f"max_error_deg must be positive, got {max_error_deg}")
    return [
        _thin(time_s, values_deg, end_s, max_error_deg, curve)
        for time_s, values_deg, end_s in _shots(path)
    ]


def _shots(path: CameraPath) -> Iterator[tuple[FloatArray, FloatArray, float]]:
    values = np.stack(
        [path.yaw_deg, path.pitch_deg, path.roll_deg, path.hfov_deg], axis=1
    )
    edges = [0, *(np.flatnonzero(path.cut[1:]) + 1).tolist(), len(path)]
    for start, stop in itertools.pairwise(edges):
        end_s = float(path.time_s[min(stop, len(path) - 1)])
        yield path.time_s[start:stop], values[start:stop], end_s


def _thin(
    time_s: FloatArray,
    values: FloatArray,
    end_s: float,
    max_error_deg: float,
    curve: Curve,
) -> Shot:
    """Add the worst pose of each stretch until every stretch is good enough.

    A stretch between neighbouring poses is linear, as the path itself is there: so
    it ends, at the latest with every pose a keyframe.
    """
    chosen = np.unique([0, len(time_s) - 1])
    while True:
        shot = _join(time_s, values, chosen, end_s, curve)
        errors = _errors_deg(shot, time_s, values)
        worst = [
            left + 1 + int(np.argmax(_at_poses(errors[left:right])))
            for left, right in itertools.pairwise(chosen)
            if right - left > 1 and errors[left:right].max() > max_error_deg
        ]
        if not worst:
            return shot
        chosen = np.union1d(chosen, worst)


def _at_poses(errors: FloatArray) -> FloatArray:
    """Blame each pose inside a stretch for the errors to both sides of it.

    Rounded, so that of two equally bad poses always the first is taken.
    """
    return np.asarray(np.maximum(errors[:-1], errors[1:]).round(9))


def _join(
    time_s: FloatArray,
    values: FloatArray,
    chosen: NDArray[np.int64],
    end_s: float,
    curve: Curve,
) -> Shot:
    key_s, key_values = time_s[chosen], values[chosen]
    step_s = np.diff(key_s)[:, None]
    secants = np.diff(key_values, axis=0) / step_s
    slopes = np.stack([secants, secants], axis=1)
    if curve is Curve.MONOTONE and len(key_s) > 2:
        at_keys = _monotone_slopes(step_s, secants)
        smooth = np.stack([at_keys[:-1], at_keys[1:]], axis=1)
        is_single = np.diff(chosen) == 1
        slopes = np.where(is_single[:, None, None], slopes, smooth)
    return Shot(key_s, key_values, slopes, end_s)


def _monotone_slopes(step_s: FloatArray, secants: FloatArray) -> FloatArray:
    """Return slopes at the keyframes: the weighted harmonic mean of the secants.

    Fritsch and Butland (1984): zero at an extremum, and never so steep that the
    cubic leaves the range of its two values. The ends take their secant's.
    """
    before, after = step_s[:-1], step_s[1:]
    weight_before, weight_after = 2.0 * after + before, after + 2.0 * before
    left, right = secants[:-1], secants[1:]
    same_way = left * right > 0.0
    safe_left, safe_right = (
        np.where(same_way, left, 1.0),
        np.where(same_way, right, 1.0),
    )
    mean = (weight_before + weight_after) / (
        weight_before / safe_left + weight_after / safe_right
    )
    inner = np.where(same_way, mean, 0.0)
    return np.concatenate([secants[:1], inner, secants[-1:]])


def _coefficients(
    shot: Shot, left: NDArray[np.int64], step_s: FloatArray
) -> FloatArray:
    """Return cubics in the share of their stretch, highest power first: (4, m, 4)."""
    start, end = shot.values_deg[left], shot.values_deg[left + 1]
    start_slope = shot.slopes_deg_per_s[left, 0] * step_s
    end_slope = shot.slopes_deg_per_s[left, 1] * step_s
    rise = end - start
    return np.stack(
        [
            start_slope + end_slope - 2.0 * rise,
            3.0 * rise - 2.0 * start_slope - end_slope,
            start_slope,
            start,
        ]
    )


def _cubic(coefficients: FloatArray, share: FloatArray) -> FloatArray:
    a, b, c, d = coefficients
    return np.asarray(((a * share + b) * share + c) * share + d)


def _errors_deg(shot: Shot, time_s: FloatArray, values: FloatArray) -> FloatArray:
    """Return the largest error between each two neighbouring poses, shape (n - 1,).

    There the path is a line, so that its difference to a cubic is largest at an end
    or where the derivative of the difference, a parabola, is zero.
    """
    if len(time_s) == 1:
        return np.zeros(0)
    left = np.searchsorted(shot.time_s, time_s[:-1], side="right") - 1
    step_s = (shot.time_s[left + 1] - shot.time_s[left])[:, None]
    a, b, c, d = _coefficients(shot, left, step_s)
    start = (time_s[:-1] - shot.time_s[left])[:, None] / step_s
    length = np.diff(time_s)[:, None] / step_s
    line = np.diff(values, axis=0) / length
    origin = values[:-1] - line * start
    difference = np.stack([a, b, c - line, d - origin])
    errors = np.zeros(len(left))
    for share in _turning_points(a, b, c - line):
        inside = np.clip(share, start, start + length)
        found = np.abs(_cubic(difference, inside)).max(axis=1)
        errors = np.maximum(errors, found)
    return errors


def _turning_points(a: FloatArray, b: FloatArray, c: FloatArray) -> list[FloatArray]:
    """Return where 3a·s² + 2b·s + c may be zero; ±inf, an end, where it is not."""
    root = np.sqrt(np.maximum(b * b - 3.0 * a * c, 0.0))
    # Adding what has the same sign keeps the small root exact (Numerical Recipes 5.6).
    q = -(b + np.where(b < 0.0, -root, root))
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = q / (3.0 * a), c / q
    ends = [np.full_like(a, -np.inf), np.full_like(a, np.inf)]
    return [*ends, np.nan_to_num(first), np.nan_to_num(second)]
