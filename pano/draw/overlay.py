"""Overlays on equirectangular pictures: heat map, view outline, rings.

The heat's scale is absolute – how many times denser than a uniform map – and never
stretched to each frame's own range: a map that knows nothing must paint nothing.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.saliency_maps.saliency_map import UNIFORM_DENSITY_PER_SR
from pano.sphere import Direction, angles_deg_to_pixel, to_angles_deg

Image = NDArray[np.uint8]

# Densities of 1 to 16 times uniform span the scale, in octaves.
_FULL_HEAT = 16.0
_MAX_OPACITY = 0.75
# The dark end of the map would shade the picture instead of tinting it.
_COOLEST = 64
_STRIP_PX = 32
_POINTS_PER_SIDE = 96
_SUBPIXEL_BITS = 4


def blend_heatmap(image: Image, density: NDArray[np.floating]) -> Image:
    """Paint a density per steradian, shape (h, w), over a copy of a picture (H, W, 3).

    Uniform density leaves the picture as it is; 16 times that is the hottest.
    """
    heat = _enlarged(heat_levels(density), image.shape[1], image.shape[0])
    tint, kept = _tables()
    painted = np.empty_like(image)
    # In strips that stay in the cache: 27 ms instead of 39 at 3840 × 1920.
    for top in range(0, len(image), _STRIP_PX):
        strip = slice(top, top + _STRIP_PX)
        if not heat[strip].any():
            painted[strip] = image[strip]
            continue
        levels = cv2.cvtColor(heat[strip], cv2.COLOR_GRAY2RGB)
        seen = cv2.multiply(image[strip], cv2.LUT(levels, kept), scale=1.0 / 255.0)
        painted[strip] = cv2.add(seen, cv2.LUT(levels, tint))
    return painted


def draw_view_outline(
    image: Image,
    pose: CameraPose,
    viewport: Viewport,
    *,
    color_rgb: tuple[int, int, int] = (255, 255, 255),
) -> Image:
    """Draw the border of a view into a copy of a picture (H, W, 3).

    Across the seam the border goes on at the other side; around a pole it runs through
    the whole width.
    """
    painted = np.ascontiguousarray(image).copy()
    height, width = painted.shape[:2]
    yaw_deg, pitch_deg = to_angles_deg(
        viewport.border(pose, n_per_side=_POINTS_PER_SIDE)
    )
    x, y = angles_deg_to_pixel(yaw_deg, pitch_deg, width, height)
    x = np.unwrap(x, period=width)
    thickness_px = max(1, round(height / 240))
    copies = [
        np.round((np.stack([x + shift, y], axis=1)) * 2**_SUBPIXEL_BITS).astype(
            np.int32
        )
        for shift in width * np.arange(-2, 3)
    ]
    # A dark line under the light one shows on bright and on dark ground.
    for line_rgb, line_px in (((0, 0, 0), 3 * thickness_px), (color_rgb, thickness_px)):
        cv2.polylines(
            painted,
            copies,
            isClosed=False,
            color=line_rgb,
            thickness=line_px,
            lineType=cv2.LINE_AA,
            shift=_SUBPIXEL_BITS,
        )
    return painted


def draw_ring(
    image: Image,
    direction: Direction,
    *,
    radius_px: int,
    color_rgb: tuple[int, int, int],
) -> Image:
    """Draw a ring around a direction, with a dark rim: visible on any ground.

    Across the seam the ring goes on at the other side.
    """
    painted = np.ascontiguousarray(image).copy()
    height, width = painted.shape[:2]
    x, y = angles_deg_to_pixel(direction.yaw_deg, direction.pitch_deg, width, height)
    for line_rgb, line_px in (((0, 0, 0), 4), (color_rgb, 2)):
        for shift in (-width, 0, width):
            place = (round(float(x)) + shift, round(float(y)))
            cv2.circle(painted, place, radius_px, line_rgb, line_px, cv2.LINE_AA)
    return painted


def heat_levels(density: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return the heat of each cell, 0 for uniform or less, 255 for the hottest."""
    times_uniform = np.maximum(density / UNIFORM_DENSITY_PER_SR, 1.0)
    octaves = np.log2(times_uniform) / np.log2(_FULL_HEAT)
    return np.asarray(np.round(255.0 * np.minimum(octaves, 1.0)), dtype=np.uint8)


def _enlarged(
    heat: NDArray[np.uint8], width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """Resize smoothly, without an edge at the seam."""
    n_cells = heat.shape[1]
    padded = np.pad(heat, ((0, 0), (2, 2)), mode="wrap")
    padded_px = round((n_cells + 4) * width_px / n_cells)
    large = cv2.resize(padded, (padded_px, height_px), interpolation=cv2.INTER_CUBIC)
    left_px = (padded_px - width_px) // 2
    return np.asarray(large[:, left_px : left_px + width_px], dtype=np.uint8)


def heat_palette() -> NDArray[np.uint8]:
    """Return the colour and opacity of each level of heat, RGBA, shape (256, 4)."""
    opacity = np.round(255.0 * _MAX_OPACITY * np.arange(256) / 255.0)
    palette = np.concatenate([_colors()[0], opacity[:, None]], axis=1)
    return np.asarray(palette, np.uint8)


@functools.cache
def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return tint times opacity, and what is kept of the picture, (1, 256, 3) each."""
    heat = np.arange(256)
    opacity = _MAX_OPACITY * (heat / 255.0)[None, :, None]
    tint = (_colors() * opacity).round().astype(np.uint8)
    kept = np.repeat((255.0 * (1.0 - opacity)).round().astype(np.uint8), 3, axis=2)
    for table in (tint, kept):
        table.setflags(write=False)
    return tint, kept


def _colors() -> NDArray[np.uint8]:
    """Return the colour of each level of heat, RGB, shape (1, 256, 3)."""
    heat = np.arange(256)
    levels = (_COOLEST + heat * (255 - _COOLEST) / 255.0).round().astype(np.uint8)
    colors = cv2.applyColorMap(levels[None, :], cv2.COLORMAP_INFERNO)[..., ::-1]
    return np.asarray(colors, np.uint8)
