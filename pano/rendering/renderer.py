"""Render the viewport of a camera pose from an equirectangular picture.

Only the rows and columns in view are cut out of the source, wrapped at the seam and
continued over the poles, so a 4K source costs no more than the part looked at. Videos
are filmed plane by plane as they are stored (`render_planes`); 1280×720 out of
3840×1920 takes 8 ms, of which OpenCV's reading of the source is six.

Where one output pixel would step over more than one source pixel, several samples are
averaged, from a halved source where the step is large: see `pano.rendering.view_map`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.equirect.planes import CENTRE, LEFT, Plane, Planes, Siting
from pano.projections.stored_sphere import StoredSphere
from pano.rendering.part_film import film_parts
from pano.rendering.patch import Patch, cut_patch
from pano.rendering.view_map import CELL_PX, Block, Maps, ViewMap, draw_lines

Image = NDArray[np.uint8]


class Interpolation(StrEnum):
    """How the source is read between its pixels, fastest first."""

    LINEAR = "linear"
    CUBIC = "cubic"
    LANCZOS = "lanczos"


_CV2_FLAGS = {
    Interpolation.LINEAR: cv2.INTER_LINEAR,
    Interpolation.CUBIC: cv2.INTER_CUBIC,
    Interpolation.LANCZOS: cv2.INTER_LANCZOS4,
}


# Of planes of limited range, where nothing is shown.
_BLACK, _GREY = 16, 128

# The eye resolves colour half as finely as brightness. Of a film's chroma linear
# reading keeps 50.7 dB where cubic reading keeps 51.4 (bench_render.py, out of
# 3840×1920), in a quarter of the time.
_OF_CHROMA = {
    Interpolation.LINEAR: Interpolation.LINEAR,
    Interpolation.CUBIC: Interpolation.LINEAR,
    Interpolation.LANCZOS: Interpolation.LANCZOS,
}


class ViewportRenderer:
    """Render views of one size through one lens.

    Parameters
    ----------
    width_px, height_px
        Size of the pictures, any parity and aspect.
    interpolation
        Cubic is sharper than linear where a view magnifies, the usual case; of planes
        the chroma is then read linearly.
    antialias
        Average where a view minifies. Off is faster and shimmers.
    sphere
        How the pictures hold the sphere; None if they are equirectangular.
    """

    def __init__(
        self,
        width_px: int,
        height_px: int,
        *,
        lens: Lens = Lens.RECTILINEAR,
        interpolation: Interpolation = Interpolation.CUBIC,
        antialias: bool = True,
        sphere: StoredSphere | None = None,
    ) -> None:
        self.sphere = sphere
        self.viewport = Viewport(width_px, height_px, lens)
        self.interpolation = interpolation
        self.antialias = antialias

    def render(self, image: Image, pose: CameraPose) -> Image:
        """Return what the camera sees, uint8 (height_px, width_px, 3).

        Parameters
        ----------
        image
            Equirectangular, shape (H, W, 3); only read.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.shape[1] < 2:
            raise ValueError(f"an equirectangular picture is (H, W, 3): {image.shape}")
        (view,) = self._film([image], self.viewport, CENTRE, pose, self.interpolation)
        return view.astype(np.uint8, copy=False)

    def render_planes(self, planes: Planes, pose: CameraPose) -> Planes:
        """Return what the camera sees of an equirectangular picture in Y'CbCr planes.

        The view must have even sides.
        """
        whole = self.viewport
        half = Viewport(whole.width_px // 2, whole.height_px // 2, whole.lens)
        fine, coarse = self.interpolation, _OF_CHROMA[self.interpolation]
        deeper = 1 << (planes.bit_depth - 8)
        black = 0 if planes.is_full_range else _BLACK * deeper
        grey = _GREY * deeper
        (y,) = self._film([planes.y], whole, CENTRE, pose, fine, black)
        u, v = self._film([planes.u, planes.v], half, LEFT, pose, coarse, grey)
        if planes.bit_depth > 8:
            # OpenCV stops overshoot beside edges at 16 bits, not at these.
            y, u, v = (_limited(part, planes.bit_depth) for part in (y, u, v))
        return dataclasses.replace(planes, y=y, u=u, v=v)

    def expose_planes(self, planes: Planes, poses: Sequence[CameraPose]) -> Planes:
        """Return the mean of what the camera sees from several poses: motion blur."""
        if len(poses) == 1:
            return self.render_planes(planes, poses[0])
        # 257 poses of 8 bits fit into 16, but only 64 of 10 bits.
        wide = np.dtype(np.uint16 if planes.bit_depth == 8 else np.uint32)
        sums: list[Plane] = []
        for pose in poses:
            view = self.render_planes(planes, pose)
            parts = [part.astype(wide) for part in (view.y, view.u, view.v)]
            sums = [a + b for a, b in zip(sums, parts, strict=True)] if sums else parts
        n = len(poses)
        y, u, v = (((total + n // 2) // n).astype(planes.y.dtype) for total in sums)
        return dataclasses.replace(planes, y=y, u=u, v=v)

    def _film(
        self,
        images: Sequence[Plane],
        viewport: Viewport,
        siting: Siting,
        pose: CameraPose,
        interpolation: Interpolation,
        background: int = 0,
    ) -> list[Plane]:
        """Film pictures of one size and siting, whose map is computed once."""
        if self.sphere is not None:
            return film_parts(
                images,
                self.sphere,
                viewport,
                siting,
                pose,
                flags=_CV2_FLAGS[interpolation],
                antialias=self.antialias,
                background=background,
            )
        size = images[0].shape[0], images[0].shape[1]
        view_map = ViewMap(
            viewport, pose, size, siting=siting, antialias=self.antialias
        )
        shape = viewport.height_px, viewport.width_px
        views: list[Plane] = [
            np.empty(shape + image.shape[2:], image.dtype) for image in images
        ]
        meshes = [(block, view_map.nodes(block)) for block in view_map.blocks()]
        for level in sorted({block.level for block, _ in meshes}):
            part = [(block, nodes) for block, nodes in meshes if block.level == level]
            box = _box(nodes for _, nodes in part)
            patches = [
                cut_patch(
                    image,
                    box,
                    view_map.column,
                    level=level,
                    smooth_poles=self.antialias,
                )
                for image in images
            ]
            for block, nodes in part:
                for view, patch in zip(
                    views, _sample(patches, block, nodes, interpolation), strict=True
                ):
                    _paste(view, patch, block)
        return views


def _sample(
    patches: Sequence[Patch], block: Block, nodes: Maps, interpolation: Interpolation
) -> list[Plane]:
    """Read a block out of each patch, at the size of its cells."""
    on_patch = nodes * patches[0].scale + patches[0].offset
    columns, rows = draw_lines(on_patch, block)
    # Where samples are averaged, reading linearly is enough: 55 dB from the
    # supersampled reference, in two thirds of the time.
    is_plain = block.factor == 1
    flags = _CV2_FLAGS[interpolation if is_plain else Interpolation.LINEAR]
    parts = [
        cv2.remap(patch.pixels, columns, rows, flags, borderMode=cv2.BORDER_REPLICATE)
        for patch in patches
    ]
    if not is_plain:
        size = rows.shape[1] // block.factor, rows.shape[0] // block.factor
        parts = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in parts]
    return [np.asarray(part, patches[0].pixels.dtype) for part in parts]


def _limited(part: Plane, bit_depth: int) -> Plane:
    return np.minimum(part, (1 << bit_depth) - 1, dtype=part.dtype)


def _box(meshes: Iterable[Maps]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of all places."""
    ends = [(nodes.min(axis=(1, 2)), nodes.max(axis=(1, 2))) for nodes in meshes]
    left, top = np.min([low for low, _ in ends], axis=0)
    right, bottom = np.max([high for _, high in ends], axis=0)
    return float(left), float(top), float(right), float(bottom)


def _paste(view: Plane, part: Plane, block: Block) -> None:
    """Put a block into its place; what its cells show beyond the view is dropped."""
    rows, columns = (
        slice(first * CELL_PX, last * CELL_PX)
        for first, last in (block.rows, block.columns)
    )
    target = view[rows, columns]
    target[:] = part[: target.shape[0], : target.shape[1]]
