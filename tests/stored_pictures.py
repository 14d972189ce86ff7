"""Paints a sphere the way cameras store it: every stored pixel by its own direction.

The formulas here are the inverse of those under test, written on their own.
"""

import numpy as np

from pano.equirect.cube_axes import FACE_AXES

FRONT, RIGHT, BACK, LEFT, UP, DOWN = range(6)
EAC_ROWS = (((LEFT, 0), (FRONT, 0), (RIGHT, 0)), ((DOWN, 3), (BACK, 1), (UP, 3)))
CUBE_ROWS = (((RIGHT, 0), (LEFT, 0), (UP, 0)), ((DOWN, 0), (FRONT, 0), (BACK, 0)))


def colours(units):
    """Paint smooth colours on directions of shape (..., 3)."""
    waves = [
        np.sin(units @ np.array([3.0, 5.0, -2.0])),
        np.sin(units @ np.array([-4.0, 2.0, 3.0]) + 1.0),
        np.sin(units @ np.array([2.0, -3.0, 5.0]) + 2.0),
    ]
    return np.clip(127.0 + 110.0 * np.stack(waves, -1), 0, 255).astype(np.uint8)


def middles(n):
    """Return the places of pixel centres, in (-1, 1)."""
    return (np.arange(n) + 0.5) / n * 2.0 - 1.0


def equirect(width, height, bounds=(0.0, 0.0, 0.0, 0.0)):
    """Return an equirectangular picture; bounds are missing shares l, t, r, b."""
    left, top, right, bottom = bounds
    across = (middles(width) + 1.0) / 2.0 * (1.0 - left - right) + left
    down = (middles(height) + 1.0) / 2.0 * (1.0 - top - bottom) + top
    yaw, pitch = (across - 0.5) * 2.0 * np.pi, (0.5 - down) * np.pi
    yaw, pitch = np.meshgrid(yaw, pitch)
    side, ahead = np.cos(pitch) * np.sin(yaw), np.cos(pitch) * np.cos(yaw)
    return colours(np.stack([side, np.sin(pitch), ahead], -1))


def face(which, n_turns, across, down, *, equal_angles):
    """Return a face at places of (-1, 1); n_turns clockwise quarter turns."""
    x, y = np.meshgrid(across, down)
    for _ in range(n_turns):  # back to the upright face
        x, y = y, -x
    if equal_angles:
        x, y = np.tan(np.pi / 4.0 * x), np.tan(np.pi / 4.0 * y)
    rays = np.stack([x, -y, np.ones_like(x)], -1) @ FACE_AXES[which]
    return colours(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def cubemap(n, rows=CUBE_ROWS, *, n_columns=3):
    """Return a cubemap of faces of n pixels."""
    faces = [
        face(which, n_turns, middles(n), middles(n), equal_angles=False)
        for row in rows
        for which, n_turns in row
    ]
    rows_of_faces = [
        np.concatenate(faces[first : first + n_columns], axis=1)
        for first in range(0, 6, n_columns)
    ]
    return np.concatenate(rows_of_faces)


def eac(width, height, padding=2.0):
    """Return an equi-angular cubemap whose outer pixels are padding, as FFmpeg's."""
    wide = (width - 2.0 * padding) / 3.0
    high = height / 2.0 - 2.0 * padding
    strips = []
    for cells in EAC_ROWS:
        columns = (np.arange(width) + 0.5 - padding) / wide
        rows = (np.arange(height // 2) + 0.5 - padding) / high
        which = np.clip(np.floor(columns), 0, 2).astype(int)
        parts = []
        for k, (cube_face, n_turns) in enumerate(cells):
            across = (columns[which == k] - k) * 2.0 - 1.0
            down = rows * 2.0 - 1.0
            parts.append(face(cube_face, n_turns, across, down, equal_angles=True))
        strips.append(np.concatenate(parts, axis=1))
    return np.concatenate(strips)


def gopro(width, height, overlap):
    """Return a GoPro's two strips, one below the other, after Bourke's description.

    The outer faces are squeezed to half of width - height, less the overlap, and are
    made of two halves which both hold `overlap` columns around the middle.
    """
    side = (width - height) // 2
    inner = np.arange(side - overlap)
    # Which column of the squeezed face each stored column shows.
    outer = np.concatenate([inner[: side // 2], inner[side // 2 - overlap :]])
    squeezed = (outer + 0.5) / (side - overlap) * 2.0 - 1.0
    across = (squeezed, middles(height), squeezed)
    strips = []
    for cells in EAC_ROWS:
        parts = [
            face(which, n_turns, columns, middles(height), equal_angles=True)
            for (which, n_turns), columns in zip(cells, across, strict=True)
        ]
        strips.append(np.concatenate(parts, axis=1))
    return np.concatenate(strips)


def lens(n, fov_deg, *, behind=False):
    """Return the round picture of one equidistant lens, black around it."""
    x, y = np.meshgrid(middles(n), middles(n))
    radius = np.hypot(x, y)
    angle = radius * np.radians(fov_deg / 2.0)
    stretch = np.sin(angle) / np.maximum(radius, 1e-9)
    rays = np.stack([x * stretch, -y * stretch, np.cos(angle)], -1)
    if behind:
        rays = rays * np.array([-1.0, 1.0, -1.0])
    picture = colours(rays)
    picture[radius > 1.0] = 0
    return picture


def dual_fisheye(n, fov_deg):
    """Return two lenses side by side, the one that looks ahead at the right."""
    return np.concatenate([lens(n, fov_deg, behind=True), lens(n, fov_deg)], axis=1)
