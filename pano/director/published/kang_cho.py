"""The director of Kang & Cho (SIGGRAPH 2019) on saliency maps, for comparison.

A dynamic program over the pixels of a small panorama, a search for the view that
shows most around each of its points, and a quadratic smoothing; all constants are the
paper's. Its optical flow is taken to be zero: maps come without pictures, and the
camera, unlike theirs, is on a tripod.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import pixel_to_angles_deg

KEY_FRAME_STRIDE = 4
MAP_SHAPE = (90, 180)
_OMEGA_O, _REACH_PX = 0.1, 15  # of the initial path, in a neighbourhood of 31 × 31
_OMEGA_P, _SEARCH_PX = 1e-4, 10  # of the view's search, in 21 × 21
_OMEGA_V, _OMEGA_A = 200.0, 2e4
# Saliency is in [0, 1] there; this part of all cells of a clip lies below 1.
_WHITE = 0.9995

FloatArray = NDArray[np.float64]
Layer = NDArray[np.float32]


def kang_cho(
    maps: Iterable[SaliencyMap], *, hfov_deg: float, aspect: float
) -> tuple[FloatArray, FloatArray]:
    """Return the times of all maps (n,) and unwrapped yaw and pitch there, (n, 2)."""
    times_s: list[float] = []
    layers: list[Layer] = []
    for index, item in enumerate(maps):
        times_s.append(item.time_s)
        if index % KEY_FRAME_STRIDE == 0:
            layers.append(_enlarged(item.density * np.float32(item.confidence)))
    saliency = np.stack(layers)
    saliency /= max(float(np.quantile(saliency, _WHITE)), 1e-9)
    saliency = np.minimum(saliency, 1.0)
    rows, columns = initial_path(saliency)
    rows, columns = view_aware_path(
        saliency, rows, columns, hfov_deg=hfov_deg, aspect=aspect
    )
    # The short way between columns: pixels unwrap with the period of the map.
    unwrapped = np.unwrap(columns.astype(np.float64), period=MAP_SHAPE[1])
    _, pitch_deg = pixel_to_angles_deg(0, rows, MAP_SHAPE[1], MAP_SHAPE[0])
    yaw_deg = ((unwrapped + 0.5) / MAP_SHAPE[1] - 0.5) * 360.0
    frames = np.arange(len(times_s))
    keys = frames[::KEY_FRAME_STRIDE]
    angles_deg = np.stack(
        [np.interp(frames, keys, axis_deg) for axis_deg in (yaw_deg, pitch_deg)], axis=1
    )
    return np.array(times_s), smoothed(angles_deg)


def initial_path(saliency: Layer) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Minimise Σ |1 - s(p)| + ω_o |v|₁ over key-frames; rows and columns, each (t,).

    With zero flow the L1 norm lets columns and rows be searched one after the other.
    """
    n_keys = len(saliency)
    from_row = np.zeros(saliency.shape, dtype=np.int8)
    from_column = np.zeros(saliency.shape, dtype=np.int8)
    energy = 1.0 - saliency[0]
    for key in range(1, n_keys):
        across, from_column[key] = _least(energy, axis=1)
        energy, from_row[key] = _least(across, axis=0)
        energy += 1.0 - saliency[key]
    row, column = np.unravel_index(int(np.argmin(energy)), energy.shape)
    rows, columns = np.empty(n_keys, np.intp), np.empty(n_keys, np.intp)
    rows[-1], columns[-1] = row, column
    for key in range(n_keys - 1, 0, -1):
        rows[key - 1] = rows[key] + from_row[key, rows[key], columns[key]]
        # The rows were searched last, so the columns' origin is in the row before.
        step = from_column[key, rows[key - 1], columns[key]]
        columns[key - 1] = (columns[key] + step) % MAP_SHAPE[1]
    return rows, columns


def view_aware_path(
    saliency: Layer,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    *,
    hfov_deg: float,
    aspect: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Move each point to the view about it with the largest mean saliency.

    The view is a rectangle of the panorama, as in the paper.
    """
    height, width = MAP_SHAPE
    vfov_deg = 2.0 * np.degrees(np.arctan(np.tan(np.radians(hfov_deg) / 2.0) / aspect))
    size_px = round(vfov_deg * height / 180.0), round(hfov_deg * width / 360.0)
    offsets = np.arange(-_SEARCH_PX, _SEARCH_PX + 1)
    far = _OMEGA_P * np.hypot(offsets[:, None], offsets[None, :])
    found = []
    for layer, row, column in zip(saliency, rows, columns, strict=True):
        mean = scipy.ndimage.uniform_filter(layer, size_px, mode=("nearest", "wrap"))
        near_rows = np.clip(row + offsets, 0, height - 1)
        near_columns = (column + offsets) % width
        cost = np.abs(1.0 - mean[np.ix_(near_rows, near_columns)]) + far
        down, right = np.unravel_index(int(np.argmin(cost)), cost.shape)
        found.append((near_rows[down], near_columns[right]))
    found_rows, found_columns = np.array(found, dtype=np.intp).T
    return found_rows, found_columns


def smoothed(angles_deg: FloatArray) -> FloatArray:
    """Minimise Σ |p̂ - p|² + ω_v |Δp̂|² + ω_a |Δ²p̂|² over all frames, shape (n, 2)."""
    n = len(angles_deg)
    bands = np.zeros((3, n))  # main diagonal last, as solveh_banded has it
    bands[2] = 1.0
    for order, weight in ((1, _OMEGA_V), (2, _OMEGA_A)):
        kernel = np.array([1.0, -1.0] if order == 1 else [1.0, -2.0, 1.0])
        n_rows = max(n - order, 0)
        for one in range(order + 1):
            for other in range(one, order + 1):
                band = bands[2 - (other - one), other : other + n_rows]
                band += weight * kernel[one] * kernel[other]
    return np.asarray(scipy.linalg.solveh_banded(bands, angles_deg))


def _least(energy: Layer, *, axis: int) -> tuple[Layer, NDArray[np.int8]]:
    """Return min over steps of energy there + ω_o |step|, and the step, per pixel."""
    mode = "wrap" if axis == 1 else "constant"
    margin = [(_REACH_PX, _REACH_PX) if axis == other else (0, 0) for other in (0, 1)]
    if mode == "wrap":
        padded = np.pad(energy, margin, mode="wrap")
    else:
        padded = np.pad(energy, margin, constant_values=np.inf)
    n = energy.shape[axis]
    best = energy.copy()
    origin = np.zeros(energy.shape, dtype=np.int8)
    for step in range(-_REACH_PX, _REACH_PX + 1):
        window = [slice(None), slice(None)]
        window[axis] = slice(step + _REACH_PX, step + _REACH_PX + n)
        there = padded[tuple(window)] + np.float32(_OMEGA_O * abs(step))
        is_less = there < best
        best = np.where(is_less, there, best)
        origin[is_less] = step
    return best, origin


def _enlarged(layer: Layer) -> Layer:
    """Resize a map to the paper's size without a seam."""
    wrapped = np.concatenate([layer[:, -1:], layer, layer[:, :1]], axis=1)
    height, width = MAP_SHAPE
    margin = width // layer.shape[1]
    size = width + 2 * margin, height
    enlarged = cv2.resize(wrapped, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged[:, margin : margin + width], dtype=np.float32)
