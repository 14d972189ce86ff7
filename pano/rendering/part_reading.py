"""Reading of pictures that are stored in parts, blended where the parts overlap.

Everything is read straight from the stored pixels, once, and no part from those of its
neighbours in the picture, which are none in the world.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.equirect.planes import CENTRE, Siting
from pano.projections.stored_sphere import FloatArray, StoredSphere
from pano.rendering.part_map import PartMap, map_parts
from pano.sphere import grid_unit_vectors

Plane = NDArray[Any]  # uint8, or uint16 of more bits

_MARGIN_PX = 8


def read_parts(
    image: Plane,
    maps: Sequence[PartMap],
    size: tuple[int, int],
    picture_px: tuple[int, int],
    *,
    flags: int,
    siting: Siting = CENTRE,
    level: int = 0,
    background: int = 0,
) -> Plane:
    """Read a picture through the maps of all parts and blend them.

    Parameters
    ----------
    image
        A plane or an RGB picture of what is stored, of any size.
    size
        Height and width of what is read.
    picture_px
        Width and height that the maps' places count in.
    level
        How often the picture is halved first.
    background
        Where no part shows anything.
    """
    shape = size + image.shape[2:]
    if len(maps) == 1 and maps[0].weight is None and _fills(maps[0], size):
        return _read(image, maps[0], picture_px, flags, siting, level)
    total = np.zeros(shape, np.float32)
    weights = np.zeros(size, np.float32)
    for part_map in maps:
        read = _read(image, part_map, picture_px, flags, siting, level)
        place = part_map.rows, part_map.columns
        if part_map.weight is None:
            total[place] += read
            weights[place] += 1.0
            continue
        weight = part_map.weight
        total[place] += read * (weight if read.ndim == 2 else weight[..., None])
        weights[place] += weight
    beyond = np.maximum(weights, 1.0)
    missing = np.maximum(1.0 - weights, 0.0) * background
    if image.ndim == 3:
        beyond, missing = beyond[..., None], missing[..., None]
    total = total / beyond + missing
    return np.asarray(np.rint(total), image.dtype)


def _fills(part_map: PartMap, size: tuple[int, int]) -> bool:
    return part_map.places.shape[1:] == size


def _read(
    image: Plane,
    part_map: PartMap,
    picture_px: tuple[int, int],
    flags: int,
    siting: Siting,
    level: int,
) -> Plane:
    """Read a part's own pixels, and none of its neighbours'."""
    scales = image.shape[1] / picture_px[0], image.shape[0] / picture_px[1]
    edges = part_map.part.rectangle_px
    left, right = (round(edge * scales[0]) for edge in edges[0::2])
    top, bottom = (round(edge * scales[1]) for edge in edges[1::2])
    columns = part_map.places[0] * np.float32(scales[0]) - np.float32(left)
    rows = part_map.places[1] * np.float32(scales[1]) - np.float32(top)
    left, columns, right = _narrowed(columns, left, right)
    top, rows, bottom = _narrowed(rows, top, bottom)
    pixels = image[top:bottom, left:right]
    if level:
        # Halving keeps the corner, so that places only shrink.
        size = (-(-pixels.shape[1] >> level), -(-pixels.shape[0] >> level))
        scale = size[0] / pixels.shape[1], size[1] / pixels.shape[0]
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        columns, rows = columns * np.float32(scale[0]), rows * np.float32(scale[1])
    return np.asarray(
        cv2.remap(
            pixels,
            columns - np.float32(siting.x),
            rows - np.float32(siting.y),
            flags,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _narrowed(places: FloatArray, first: int, last: int) -> tuple[int, FloatArray, int]:
    """Leave out pixels of a part that the view is far from."""
    low = int(np.clip(np.floor(places.min()) - _MARGIN_PX, 0, last - first - 1))
    high = int(np.clip(np.ceil(places.max()) + _MARGIN_PX, low + 1, last - first))
    return first + low, places - np.float32(low), first + high


class EquirectReader:
    """Turns stored pictures of one sphere into equirectangular ones, RGB."""

    def __init__(self, sphere: StoredSphere) -> None:
        self._sphere = sphere
        self._maps = functools.lru_cache(maxsize=2)(self._map)

    def read(
        self, image: Plane, width_px: int, height_px: int, *, background: int = 0
    ) -> Plane:
        """Return the sphere of a stored picture, (h, w) or (h, w, 3) as that."""
        return read_parts(
            image,
            self._maps(height_px, width_px),
            (height_px, width_px),
            self._sphere.size_px,
            flags=cv2.INTER_LINEAR,
            background=background,
        )

    def _map(self, height: int, width: int) -> list[PartMap]:
        rays = np.moveaxis(grid_unit_vectors(height, width), -1, 0).astype(np.float32)
        return map_parts(self._sphere, rays, (height, width), 1) or []
