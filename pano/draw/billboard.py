"""Paint flat sprites into a 360° picture as billboards facing the viewer.

A billboard lies on the plane tangent to the sphere at its centre, so that a camera
looking straight at it sees the sprite undistorted, at the seam and at the poles too.
Only the rows and columns it can touch are computed, which keeps drawn worlds and
composed training scenes cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.sphere import Direction, angles_deg_to_pixel, to_angles_deg

# The centre is snapped to this fraction of a column. It makes rolling the picture
# by whole pixels change nothing but the place, bit for bit.
_COLUMN_STEPS = 4096
_EDGE_SAMPLES = 33


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """The tangent plane, in coordinates whose yaw 0 is the sprite's centre.

    `axes` holds right, up and ahead as rows; the sprite spans ±half_width and
    ±half_height on the plane at distance 1.
    """

    axes: NDArray[np.float64]
    half_width: float
    half_height: float


def paint_billboard(
    equirect: NDArray[np.uint8],
    sprite_rgba: NDArray[np.uint8],
    *,
    center: Direction,
    width_deg: float,
    roll_deg: float = 0.0,
) -> None:
    """Blend a sprite into an equirectangular picture, in place.

    Parameters
    ----------
    equirect
        Shape (H, W, 3); written to.
    sprite_rgba
        Shape (h, w, 4), straight (not premultiplied) alpha. Square pixels.
    center
        Where the middle of the sprite stands.
    width_deg
        Angle the sprite's width subtends, in (0, 180).
    roll_deg
        Turns the sprite clockwise, as the viewer sees it.

    Raises
    ------
    ValueError
        If the width is out of range or the sprite has no pixels.
    """
    if not 0.0 < width_deg < 180.0:
        raise ValueError(f"width_deg must be in (0, 180), got {width_deg}")
    if sprite_rgba.ndim != 3 or sprite_rgba.shape[2] != 4 or sprite_rgba.size == 0:
        raise ValueError(f"a sprite is (h, w, 4), got {sprite_rgba.shape}")
    height, width = equirect.shape[:2]
    plane = _tangent_plane(
        center.pitch_deg,
        width_deg,
        roll_deg,
        sprite_rgba.shape[0],
        sprite_rgba.shape[1],
    )
    column, fraction = _snap_column(center.yaw_deg, width)
    rows, columns = _bounding_box(plane, width, height)
    sprite = _prepared(sprite_rgba, plane, height)
    map_x, map_y = _sprite_maps(
        plane, rows, np.asarray(columns - fraction, np.float64), (height, width), sprite
    )
    layer = np.asarray(
        cv2.remap(
            sprite, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        ),
        np.uint8,
    )

    start = (column + int(columns[0])) % width
    first = min(len(columns), width - start)
    _blend(equirect[rows[0] : rows[-1] + 1, start : start + first], layer[:, :first])
    if first < len(columns):
        rest = len(columns) - first
        _blend(equirect[rows[0] : rows[-1] + 1, :rest], layer[:, first:])


def _tangent_plane(
    pitch_deg: float, width_deg: float, roll_deg: float, h: int, w: int
) -> _Plane:
    pitch_rad, roll_rad = np.radians(pitch_deg), np.radians(roll_deg)
    right = np.array([1.0, 0.0, 0.0])
    up = np.array([0.0, np.cos(pitch_rad), -np.sin(pitch_rad)])
    ahead = np.array([0.0, np.sin(pitch_rad), np.cos(pitch_rad)])
    cos, sin = np.cos(roll_rad), np.sin(roll_rad)
    axes = np.stack([cos * right - sin * up, sin * right + cos * up, ahead])
    half_width = float(np.tan(np.radians(width_deg) / 2.0))
    return _Plane(axes, half_width, half_width * h / w)


def _snap_column(yaw_deg: float, width: int) -> tuple[int, float]:
    x, _ = angles_deg_to_pixel(yaw_deg, 0.0, width, 1)
    steps = round(float(x) * _COLUMN_STEPS)
    return steps // _COLUMN_STEPS, (steps % _COLUMN_STEPS) / _COLUMN_STEPS


def _bounding_box(
    plane: _Plane, width: int, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the touched rows, and columns relative to the centre's column."""
    side = np.linspace(-1.0, 1.0, _EDGE_SAMPLES)
    one = np.ones_like(side)
    x = np.concatenate([side, side, -one, one]) * plane.half_width
    y = np.concatenate([-one, one, side, side]) * plane.half_height
    edge = np.stack([x, y, np.ones_like(x)], axis=1) @ plane.axes
    yaw_deg, pitch_deg = to_angles_deg(edge)
    pitch_deg = np.append(pitch_deg, _enclosed_poles_deg(plane))
    # An edge bulges between two samples by less than a sixteenth of its share.
    slack_deg = 180.0 / height * 2.0 + np.ptp(pitch_deg) / _EDGE_SAMPLES
    top = int(np.floor((0.5 - (pitch_deg.max() + slack_deg) / 180.0) * height))
    bottom = int(np.ceil((0.5 - (pitch_deg.min() - slack_deg) / 180.0) * height))
    rows = np.arange(max(top, 0), min(bottom, height))
    reach = int(
        np.ceil((np.abs(yaw_deg).max() * (1 + 2 / _EDGE_SAMPLES)) / 360.0 * width)
    )
    reach += 2
    near_pole = rows[0] == 0 or rows[-1] == height - 1
    if near_pole or 2 * reach + 1 >= width:
        return rows, np.arange(-(width // 2), width - width // 2)
    return rows, np.arange(-reach, reach + 1)


def _enclosed_poles_deg(plane: _Plane) -> list[float]:
    enclosed = []
    for sign in (1.0, -1.0):
        x, y, depth = plane.axes @ np.array([0.0, sign, 0.0])
        if (
            depth > 0.0
            and abs(x) <= plane.half_width * depth
            and abs(y) <= plane.half_height * depth
        ):
            enclosed.append(sign * 90.0)
    return enclosed


def _prepared(
    sprite: NDArray[np.uint8], plane: _Plane, height: int
) -> NDArray[np.uint8]:
    """Premultiply the sprite and shrink it to the picture's density if it is finer."""
    h, w = sprite.shape[:2]
    color = sprite.astype(np.float32)
    color[..., :3] *= color[..., 3:] / 255.0  # clear pixels carry no colour
    picture_px = 2.0 * plane.half_width * height / np.pi  # at the sprite's centre
    if picture_px < w:
        size = (max(1, round(picture_px)), max(1, round(picture_px * h / w)))
        color = np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA))
    return np.asarray(np.rint(color), np.uint8)


def _sprite_maps(
    plane: _Plane,
    rows: NDArray[np.int64],
    columns: NDArray[np.float64],
    size: tuple[int, int],
    sprite: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return for each touched pixel its place in the sprite, in sprite pixels.

    Yaw and pitch separate: each axis of the plane is a product of a row and a column
    factor, so that three small matrix products replace trigonometry per pixel.
    """
    height, width = size
    yaw_rad = columns * (2.0 * np.pi / width)
    pitch_rad = (0.5 - (rows + 0.5) / height) * np.pi
    of_row = np.stack([np.cos(pitch_rad), np.sin(pitch_rad)], axis=1)
    place = []
    for axis in plane.axes:
        of_column = np.stack(
            [
                axis[0] * np.sin(yaw_rad) + axis[2] * np.cos(yaw_rad),
                np.full_like(yaw_rad, axis[1]),
            ]
        )
        place.append(of_row.astype(np.float32) @ of_column.astype(np.float32))
    x, y, depth = place
    behind = depth <= 1e-3
    inverse = 1.0 / np.where(behind, np.float32(1.0), depth)
    h, w = sprite.shape[:2]
    map_x = (x * inverse) * np.float32(w / 2 / plane.half_width) + np.float32(
        w / 2 - 0.5
    )
    map_y = np.float32(h / 2 - 0.5) - (y * inverse) * np.float32(
        h / 2 / plane.half_height
    )
    map_x[behind] = -2.0 * w
    return np.asarray(map_x, np.float32), np.asarray(map_y, np.float32)


def _blend(target: NDArray[np.uint8], layer: NDArray[np.uint8]) -> None:
    """Lay a premultiplied layer over a picture; the sum cannot overflow."""
    rest = 255 - layer[..., 3:].astype(np.uint16)
    product = target * rest + 128
    target[:] = ((product + (product >> 8)) >> 8).astype(np.uint8) + layer[..., :3]
