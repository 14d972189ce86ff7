"""Views of spheres that are stored in parts.

Where a view steps over source pixels, samples are averaged, as many as the widest step
of the whole view needs.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pano.camera.pose import CameraPose
from pano.camera.viewport import Viewport
from pano.equirect.planes import Siting
from pano.projections.stored_sphere import FloatArray, StoredSphere
from pano.rendering.part_map import map_parts
from pano.rendering.part_reading import Plane, read_parts
from pano.rendering.sampling import choose_sampling

_CELL_PX = 8
_MAX_FACTOR = 4


def film_parts(
    images: Sequence[Plane],
    sphere: StoredSphere,
    viewport: Viewport,
    siting: Siting,
    pose: CameraPose,
    *,
    flags: int,
    antialias: bool,
    background: int,
) -> list[Plane]:
    """Return what the camera sees of stored pictures of one size and siting."""
    size = viewport.height_px, viewport.width_px
    x, y = _on_plane(viewport, siting, pose, _CELL_PX)
    scale = images[0].shape[1] / sphere.size_px[0]
    level, factor = 0, 1
    if antialias:
        px_per_rad = sphere.px_per_rad * scale / _CELL_PX
        level, factor = choose_sampling(viewport.lens, x, y, px_per_rad)
        factor = min(factor, _MAX_FACTOR)
    fine = size[0] * factor, size[1] * factor
    nodes = _rays(viewport, pose, x, y)
    maps = map_parts(sphere, nodes, fine, _CELL_PX * factor, precise=True)
    if maps is None:
        nodes = _rays(viewport, pose, *_on_plane(viewport, siting, pose, 1, factor))
        maps = map_parts(sphere, nodes, fine, 1) or []
    views = []
    for image in images:
        view = read_parts(
            image,
            maps,
            fine,
            sphere.size_px,
            flags=flags if factor == 1 else cv2.INTER_LINEAR,
            siting=siting,
            level=level,
            background=background,
        )
        if factor > 1:
            view = np.asarray(
                cv2.resize(view, size[::-1], interpolation=cv2.INTER_AREA)
            )
        views.append(view)
    return views


def _on_plane(
    viewport: Viewport, siting: Siting, pose: CameraPose, spacing: int, factor: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Return the nodes' places on the picture plane, shapes (1, w) and (h, 1)."""
    half_x, half_y = viewport.half_sides(pose.hfov_deg)
    sides = []
    for n_px, offset in ((viewport.width_px, siting.x), (viewport.height_px, siting.y)):
        if spacing > 1:
            places = _cell_places(n_px)
        else:
            steps = (np.arange(n_px * factor) + 0.5) / factor - 0.5
            places = steps.astype(np.float32)
        sides.append((places + offset) / n_px - 0.5)
    x, y = sides[0] * (2.0 * half_x), sides[1] * (-2.0 * half_y)
    return x[None, :].astype(np.float32), y[:, None].astype(np.float32)


def _rays(
    viewport: Viewport, pose: CameraPose, x: FloatArray, y: FloatArray
) -> FloatArray:
    right, up, forward = pose.axes().astype(np.float32)
    depth = viewport.lens.depth(x, y)
    rays = [x * right[i] + (y * up[i] + depth * forward[i]) for i in range(3)]
    return np.stack(np.broadcast_arrays(*rays)).astype(np.float32)


def _cell_places(n_px: int) -> FloatArray:
    """Return the pixel in the middle of each cell, one cell beyond each side."""
    n_cells = -(-n_px // _CELL_PX)
    return ((np.arange(-1, n_cells + 1) + 0.5) * _CELL_PX - 0.5).astype(np.float32)
