"""Cubemap faces of the sphere, with cube padding.

Faces are front, right, back, left, up and down, each 90° wide and high and stored as
rows and columns of pixels like any picture. Cube padding (Cheng et al. 2018) continues
a face by the pixels of the face beyond its edge, as if the cube were unfolded there;
in the corners, where three faces meet and none lies beyond, by the nearest of those.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.equirect.cube_axes import FACE_AXES
from pano.sphere import angles_deg_to_pixel, grid_unit_vectors, to_angles_deg

N_FACES = 6
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def face_units(n: int) -> FloatArray:
    """Return the unit vectors of the pixels of all faces, shape (6, n, n, 3)."""
    across = (np.arange(n) + 0.5) / n * 2.0 - 1.0
    x, y = np.meshgrid(across, -across)
    return _unit(_points(x, y))


def to_faces(image: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """Resample an equirectangular picture (h, w, 3) to the faces: (6, n, n, 3)."""
    columns, rows = _places(image.shape[0], image.shape[1], n)
    beyond = np.pad(image, ((0, 0), (1, 1), (0, 0)), "wrap")
    faces = [
        cv2.remap(beyond, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for x, y in zip(columns + 1.0, rows, strict=True)
    ]
    return np.stack(faces).astype(np.uint8)


def from_faces(values: NDArray[np.float32], height: int, width: int) -> FloatArray:
    """Resample values on the faces, shape (6, n, n), to an equirectangular grid."""
    n = values.shape[1]
    padded = values.ravel()[pad_indices(n, 1, 1)]
    units = grid_unit_vectors(height, width)
    found = np.zeros((height, width))
    which = np.argmax(units @ FACE_AXES[:, 2].T, axis=-1)
    for face, axes in enumerate(FACE_AXES):
        mine = which == face
        x, y, z = (units[mine] @ axes.T).T
        column, row = (x / z + 1.0) / 2.0 * n + 0.5, (1.0 - y / z) / 2.0 * n + 0.5
        found[mine] = cv2.remap(
            padded[face],
            column.astype(np.float32)[:, None],
            row.astype(np.float32)[:, None],
            cv2.INTER_LINEAR,
        )[:, 0]
    return found


@functools.lru_cache(maxsize=32)
def pad_indices(n: int, before: int, after: int) -> IntArray:
    """Return which pixel of all faces, flattened, continues each face where.

    Shape (6, before + n + after, before + n + after), read-only.
    """
    across = (np.arange(-before, n + after) + 0.5) / n * 2.0 - 1.0
    x, y = np.meshgrid(across, -across)
    inner = 1.0 - 1.0 / n
    # In a corner only the edge that is farther off is folded over.
    is_beside = np.abs(x) >= np.abs(y)
    x = np.where(is_beside, x, np.clip(x, -inner, inner))
    y = np.where(is_beside, np.clip(y, -inner, inner), y)
    depth = 1.0 - np.maximum(np.maximum(np.abs(x), np.abs(y)) - 1.0, 0.0)
    points = _points(np.clip(x, -1.0, 1.0), np.clip(y, -1.0, 1.0), depth)
    indices = _indices_of(points, n)
    indices.setflags(write=False)
    return indices


def _points(
    x: FloatArray, y: FloatArray, depth: FloatArray | None = None
) -> FloatArray:
    """Return points of all faces, shape (6, …, 3), from those in a face's own axes."""
    local = np.stack([x, y, np.ones_like(x) if depth is None else depth], axis=-1)
    return np.asarray(np.einsum("...a,fac->f...c", local, FACE_AXES))


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _indices_of(points: FloatArray, n: int) -> IntArray:
    """Return the flat index of the pixel that each point of the cube lies in."""
    # Inside a face, depth 1; folded over its edge, the edge's side is 1.
    towards = points @ FACE_AXES[:, 2].T
    face = np.argmax(np.round(towards, 9), axis=-1)
    x = np.einsum("...c,...c->...", points, FACE_AXES[face, 0])
    y = np.einsum("...c,...c->...", points, FACE_AXES[face, 1])
    column = np.clip(np.floor((x + 1.0) / 2.0 * n + 1e-9), 0, n - 1).astype(np.int64)
    row = np.clip(np.floor((1.0 - y) / 2.0 * n + 1e-9), 0, n - 1).astype(np.int64)
    return np.asarray((face * n + row) * n + column, dtype=np.int64)


@functools.lru_cache(maxsize=4)
def _places(
    height: int, width: int, n: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    yaw_deg, pitch_deg = to_angles_deg(face_units(n))
    x, y = angles_deg_to_pixel(yaw_deg, pitch_deg, width, height)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)
