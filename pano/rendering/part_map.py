"""Where the parts of a stored sphere show a view: cube faces and fisheye pictures.

Where in a part a ray lies is found for every eighth pixel; lines are drawn in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.projections.stored_sphere import FAR_OUTSIDE, FloatArray, Part, StoredSphere

# As in `pano.rendering.view_map`: OpenCV rounds places to 1/32 pixel.
_MAX_ERROR_PX = 1.0 / 64.0


@dataclass(frozen=True, slots=True, eq=False)
class PartMap:
    """Where a part shows a rectangle of a view.

    Parameters
    ----------
    rows, columns
        The rectangle in the view.
    places
        Columns and rows of the stored picture, shape (2, h, w).
    weight
        How much each pixel counts, shape (h, w); None where all count in full.
    """

    part: Part
    rows: slice
    columns: slice
    places: FloatArray
    weight: FloatArray | None


def map_parts(
    sphere: StoredSphere,
    nodes: FloatArray,
    size: tuple[int, int],
    spacing: int,
    *,
    precise: bool = False,
) -> list[PartMap] | None:
    """Find what each part shows of a view.

    Parameters
    ----------
    nodes
        Rays in the middle of cells of `spacing` pixels, one cell beyond each side,
        shape (3, h, w); with a spacing of 1 the rays of the pixels themselves.
    size
        Height and width of the view.
    precise
        Return None where lines between nodes would miss by more than OpenCV rounds.
    """
    maps = []
    rays = sphere.local(nodes)
    lengths = np.sqrt(np.einsum("kij,kij->ij", rays, rays))
    for part in sphere.parts:
        answers = _ask(part, rays, lengths)
        if answers is None:
            continue
        if precise and not _are_lines_enough(answers):
            return None
        found = _map_part(part, answers, size, spacing)
        if found is not None:
            maps.append(found)
    return maps


def _ask(part: Part, rays: FloatArray, lengths: FloatArray) -> FloatArray | None:
    """Ask a part for the rays near it: columns, rows and cover, (3, h, w), or None."""
    middle, radius_rad = part.cone
    ahead = np.einsum("k,kij->ij", middle, rays)
    near = ahead >= np.float32(np.cos(min(radius_rad, np.pi))) * lengths
    if not near.any():
        return None
    # Two nodes more, for the lines and their second differences.
    (top, bottom), (left, right) = (
        (max(0, first - 2), last + 2)
        for first, last in (_span(near.any(axis=axis)) for axis in (1, 0))
    )
    answers = np.full(rays.shape, FAR_OUTSIDE, np.float32)
    box = np.s_[:, top:bottom, left:right]
    answers[box] = part.project(np.ascontiguousarray(rays[box]))
    return answers


def _map_part(
    part: Part, answers: FloatArray, size: tuple[int, int], spacing: int
) -> PartMap | None:
    """Cut out where a part counts and draw lines between its nodes."""
    shown = answers[2] > -0.5
    if spacing > 1:
        # Between two nodes a part may reach further than at either.
        shown = _grown(shown)[1:-1, 1:-1]
    if not shown.any():
        return None
    (top, bottom), (left, right) = (_span(shown.any(axis=axis)) for axis in (1, 0))
    beyond = 2 if spacing > 1 else 0
    answers = answers[:, top : bottom + beyond, left : right + beyond]
    rows, columns = (
        slice(first * spacing, min(last * spacing, side))
        for first, last, side in ((top, bottom, size[0]), (left, right, size[1]))
    )
    height, width = rows.stop - rows.start, columns.stop - columns.start
    places = np.stack(
        [_drawn(plane, spacing)[:height, :width] for plane in answers[:2]]
    )
    if answers[2].min() >= 1.0:
        return PartMap(part, rows, columns, places, None)
    if spacing > 1:
        # A line would round the cover's corner off, and leave a hole where faces meet.
        cover = part.cover(*places)
        # Far from the part lines may cross it: behind a lens all rims are neighbours.
        cells = np.kron(
            shown[top:bottom, left:right], np.ones((spacing,) * 2, np.bool_)
        )
        cover[~cells[:height, :width]] = FAR_OUTSIDE
    else:
        cover = answers[2]
    weight = np.clip(cover + np.float32(0.5), 0.0, 1.0)
    return PartMap(part, rows, columns, places, None if weight.min() >= 1.0 else weight)


def _drawn(nodes: FloatArray, spacing: int) -> FloatArray:
    if spacing == 1:
        return nodes
    lines = cv2.resize(
        np.ascontiguousarray(nodes),
        None,
        fx=spacing,
        fy=spacing,
        interpolation=cv2.INTER_LINEAR,
    )
    return np.asarray(lines, np.float32)[spacing:-spacing, spacing:-spacing]


def _are_lines_enough(answers: FloatArray) -> bool:
    """Tell whether lines between nodes miss the map by less than OpenCV rounds."""
    inside = _grown(answers[2] > -0.5)[1:-1, 1:-1]
    for plane in answers[:2]:
        middle = 2.0 * plane[1:-1, 1:-1]
        bend = np.abs(plane[2:, 1:-1] - middle + plane[:-2, 1:-1])
        bend += np.abs(plane[1:-1, 2:] - middle + plane[1:-1, :-2])
        if np.any(bend[inside] > 8.0 * _MAX_ERROR_PX):
            return False
    return True


def _grown(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Set what is beside a true place, too."""
    grown = cv2.dilate(flags.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(grown > 0, np.bool_)


def _span(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first true place and the one behind the last."""
    places = np.flatnonzero(flags)
    return int(places[0]), int(places[-1]) + 1
