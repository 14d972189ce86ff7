"""Keep to eye level where evidence is weak.

People look along the horizon, and what they came for stands there: of all cameras that
know nothing, one that stays at eye level is the hardest to beat (Pano2Vid's baseline).
A map that is unsure has its peak as easily in the sky or on the tripod, so it may still
say which way to turn, but not how far up or down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath

# Confidence below the first says nothing about the place; from the second on, enough.
# The best moment of a clip in which all are unsure is no surer for that: unlike trust,
# this is judged by itself, not within the clip.
_UNSURE, _SURE = 0.1, 0.25
_REACH_S = 1.0
# Deviation of where things that sound lie, up and down, when nothing else is known.
_SPREAD_DEG = 20.0
# The camera's pitch when nothing is sure; it is free when all is.
_REACH_DEG = 15.0

FloatArray = NDArray[np.float64]


def sureness(
    confidence: FloatArray, weight: FloatArray, *, step_s: float
) -> FloatArray:
    """Judge how far maps tell a place at all, shape (t,), in [0, 1].

    By the confidence of a second before and after, as far as it has weight; both of
    shape (t,).
    """
    reach = round(_REACH_S / step_s)
    around = np.ones(2 * reach + 1)
    counted = np.convolve(confidence * weight, around)[reach : reach + len(weight)]
    weights = np.convolve(weight, around)[reach : reach + len(weight)]
    return np.interp(counted / np.maximum(weights, 1e-9), (_UNSURE, _SURE), (0.0, 1.0))


def leaning(height: int, sureness: FloatArray) -> FloatArray:
    """Return what the rows of maps count when they are so sure, shape (t, h, 1).

    A normal density of pitch, in [0, 1], to the power of what sureness, shape (t,) in
    [0, 1], lacks.
    """
    pitch_deg = 90.0 - (np.arange(height) + 0.5) * 180.0 / height
    log_prior = -0.5 * (pitch_deg / _SPREAD_DEG) ** 2
    return np.asarray(np.exp(np.multiply.outer(1.0 - sureness, log_prior))[..., None])


def near_eye_level(pitch_deg: FloatArray, sureness: FloatArray) -> FloatArray:
    """Clamp pitches, shape (t,), to what is allowed when so sure, shape (t,)."""
    reach_deg = _REACH_DEG + (90.0 - _REACH_DEG) * sureness
    return np.asarray(np.clip(pitch_deg, -reach_deg, reach_deg))


def unsure_share(path: CameraPath) -> float:
    """Return for how much of a path the camera kept to eye level, for want of better.

    That is where maps counted, but told no place; other directors do not heed it.
    """
    if path.source.director != "follow":
        return 0.0
    return float(np.mean((path.trust > 0.0) & (path.confidence < _UNSURE)))
