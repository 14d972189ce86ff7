"""Baseline directors of the field: a still camera, the smoothed centroid, Kang & Cho.

Any director must beat them. None keeps limits of motion; their paths are not meant to
be filmed.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import scipy
from numpy.typing import NDArray

from pano.camera.path import DEFAULT_HFOV_DEG, CameraPath, PathSource
from pano.camera.pose import DEFAULT_ASPECT
from pano.director.published.kang_cho import kang_cho
from pano.director.smoothing.smooth_path import unwrap_deg
from pano.saliency_maps.saliency_map import SaliencyMap, mean_direction
from pano.sphere import to_angles_deg

# Pano2Vid's eye-level baseline looks in one of 18 directions and stays (Su et al.).
EYE_LEVEL_YAWS_DEG = tuple(range(-180, 180, 20))
CENTROID_SIGMA_S = 1.0

FloatArray = NDArray[np.float64]


def still(
    time_s: FloatArray, yaw_deg: float, *, hfov_deg: float = DEFAULT_HFOV_DEG
) -> CameraPath:
    """Look in one direction on the horizon: centre (0°) and eye level (the others)."""
    yaws_deg = np.full(len(time_s), yaw_deg)
    return _path(time_s, yaws_deg, np.zeros(len(time_s)), hfov_deg, "still")


def centroid(
    maps: Iterable[SaliencyMap],
    *,
    hfov_deg: float = DEFAULT_HFOV_DEG,
    sigma_s: float = CENTROID_SIGMA_S,
) -> CameraPath:
    """Look at the mean direction of each map (Senocak et al., §6), smoothed in time.

    The Gaussian smooths vectors, each as long as its map agrees on it and is trusted,
    so that yaw is never averaged as a number and a flat map counts little.
    """
    times_s, vectors = [], []
    for item in maps:
        direction, length = mean_direction(item.masses())
        times_s.append(item.time_s)
        vectors.append(item.confidence * length * direction.unit())
    time_s = np.array(times_s)
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else sigma_s
    smoothed = scipy.ndimage.gaussian_filter1d(
        np.array(vectors), sigma_s / step_s, axis=0
    )
    # Where all cancels, the last direction that meant something stays.
    means_something = np.linalg.norm(smoothed, axis=1) > 1e-9
    last = np.maximum.accumulate(np.where(means_something, np.arange(len(time_s)), -1))
    kept = np.where(last[:, None] >= 0, smoothed[last], [0.0, 0.0, 1.0])
    yaw_deg, pitch_deg = to_angles_deg(kept)
    yaw_deg = unwrap_deg(yaw_deg, start_deg=float(yaw_deg[0]))
    return _path(time_s, yaw_deg, pitch_deg, hfov_deg, "centroid")


def kang_cho_path(
    maps: Iterable[SaliencyMap],
    *,
    hfov_deg: float = DEFAULT_HFOV_DEG,
    aspect: float = DEFAULT_ASPECT,
) -> CameraPath:
    """Direct as Kang & Cho did, from the same maps."""
    time_s, angles_deg = kang_cho(maps, hfov_deg=hfov_deg, aspect=aspect)
    return _path(time_s, angles_deg[:, 0], angles_deg[:, 1], hfov_deg, "kang-cho")


def _path(
    time_s: FloatArray,
    yaw_deg: FloatArray,
    pitch_deg: FloatArray,
    hfov_deg: float,
    name: str,
) -> CameraPath:
    n = len(time_s)
    return CameraPath(
        time_s=time_s,
        yaw_deg=yaw_deg,
        pitch_deg=np.clip(pitch_deg, -90.0, 90.0),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, hfov_deg),
        cut=np.zeros(n, dtype=np.bool_),
        trust=np.ones(n),
        confidence=np.full(n, np.nan),
        source=PathSource(director=name),
    )
