"""Contact sheets: a PNG with some frames of a video side by side.

Only the moments that were asked for are kept, each already small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.draw.overlay import blend_heatmap, draw_ring, draw_view_outline
from pano.errors import MediaError
from pano.sphere import Direction
from pano_jobs.explain.frames_at import FramesAt
from pano_jobs.maps import Maps
from pano_jobs.outputs import written_whole

Image = NDArray[np.uint8]

Truth = Callable[[float], Sequence[Direction]]

N_ROWS = 5
_ROW_HEIGHT_PX = 216
_LABEL_HEIGHT_PX = 26
_GAP_PX = 6
_PAPER, _INK = 255, (20, 20, 20)
# Brightness in steps of 4 is seen by nobody and makes the file 40 % smaller.
_GRAIN = 4
_TRUTH_COLOR, _RING_PX = (80, 255, 80), 17
_HEARD_COLOR, _HEARD_PX = (90, 200, 255), 9


class ContactSheet:
    """A contact sheet: keeps some frames as they pass; `save` lays them out.

    Parameters
    ----------
    moments_s
        Rising presentation times; the first frame at or after each is taken.
    maps
        The evidence painted on the 360° pictures.
    truth
        Where the source really was, for clips whose maker knows.
    lens
        Of the view that is outlined.
    """

    def __init__(
        self,
        moments_s: Sequence[float],
        *,
        maps: Maps,
        truth: Truth | None = None,
        lens: Lens = Lens.RECTILINEAR,
    ) -> None:
        self._lens = lens
        self._rows = FramesAt[Image](moments_s)
        self._maps = maps
        self._truth = truth
        self._has_views = self._has_field = False

    @classmethod
    def over(
        cls,
        maps: Maps,
        *,
        n_rows: int = N_ROWS,
        truth: Truth | None = None,
        lens: Lens = Lens.RECTILINEAR,
    ) -> ContactSheet:
        """Spread the moments over the whole clip, each in the middle of its share."""
        start_s, end_s = float(maps.time_s[0]), float(maps.time_s[-1])
        moments_s = [
            start_s + (k + 0.5) / n_rows * (end_s - start_s) for k in range(n_rows)
        ]
        return cls(moments_s, maps=maps, truth=truth, lens=lens)

    def wants(self, time_s: float) -> bool:
        """Tell whether the frame of this time would be kept."""
        return self._rows.wants(time_s)

    def see(
        self,
        time_s: float,
        image: Image,
        *,
        pose: CameraPose | None = None,
        picture: Image | None = None,
    ) -> None:
        """Add a frame with the camera's pose and view, if it is wanted."""
        if not self.wants(time_s):
            return
        sphere = self._sphere(time_s, image, pose, picture)
        parts, label = [sphere], f"{time_s:.1f} s"
        if pose is not None and picture is not None:
            height, width = picture.shape[:2]
            parts.append(_resized(picture, round(_ROW_HEIGHT_PX * width / height)))
            self._has_views = True
            direction = pose.direction
            label += (
                f"   yaw {direction.yaw_deg:+.0f}  pitch {direction.pitch_deg:+.0f}"
            )
        self._rows.keep(time_s, _labelled(parts, label))

    def _sphere(
        self,
        time_s: float,
        image: Image,
        pose: CameraPose | None,
        picture: Image | None,
    ) -> Image:
        image = _resized(image, 2 * _ROW_HEIGHT_PX)
        image = blend_heatmap(image, self._maps.belief_at(time_s))
        if pose is not None and picture is not None:
            viewport = Viewport(picture.shape[1], picture.shape[0], self._lens)
            image = draw_view_outline(image, pose, viewport)
        heard = self._maps.heard_at(time_s)
        if heard is not None:
            self._has_field = True
            image = draw_ring(image, heard, radius_px=_HEARD_PX, color_rgb=_HEARD_COLOR)
        for direction in self._truth(time_s) if self._truth else ():
            image = draw_ring(
                image, direction, radius_px=_RING_PX, color_rgb=_TRUTH_COLOR
            )
        return image

    def save(self, target: Path) -> None:
        """Write the sheet as a PNG.

        Raises
        ------
        MediaError
            If no frame was seen or the file cannot be written.
        """
        rows = self._rows.kept
        if not rows:
            raise MediaError(f"cannot write {target}: the clip has no pictures")
        rows = [self._legend(rows[0].shape[1]), *map(_margin, rows)]
        write_png(target, np.concatenate(rows))

    def _legend(self, width_px: int) -> Image:
        """Say what the pictures show; ASCII is all OpenCV can write."""
        words = "Heat: where the sound seems to come from."
        if self._has_views:
            words += "  Frame: the view, filmed on the right."
        if self._truth is not None:
            words += "  Ring: the true source."
        lines = [words]
        if self._has_field:
            lines.append("Small blue ring: the direction in the sound field.")
        return np.concatenate([text_strip(width_px, line) for line in lines])


def write_png(target: Path, sheet: Image) -> None:
    """Write a sheet (h, w, 3) RGB, complete or not at all.

    Raises
    ------
    MediaError
        If the file cannot be written.
    """
    coarse = np.clip(_GRAIN * np.round(sheet / _GRAIN), 0, 255)
    bgr = cv2.cvtColor(coarse.astype(np.uint8), cv2.COLOR_RGB2BGR)
    done, png = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise MediaError(f"cannot write {target} as PNG")
    with written_whole(target) as part:
        part.write_bytes(png.tobytes())


def text_strip(width_px: int, words: str) -> Image:
    """Write a line of ASCII, all that OpenCV knows, on a strip of paper."""
    strip = np.full((_LABEL_HEIGHT_PX, width_px, 3), _PAPER, np.uint8)
    place = (_GAP_PX, _LABEL_HEIGHT_PX - 8)
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.5
    cv2.putText(strip, words, place, font, scale, _INK, 1, cv2.LINE_AA)
    return strip


def _resized(image: Image, width_px: int) -> Image:
    small = cv2.resize(image, (width_px, _ROW_HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _labelled(parts: Sequence[Image], label: str) -> Image:
    gap = np.full((_ROW_HEIGHT_PX, _GAP_PX, 3), _PAPER, np.uint8)
    spaced = [piece for part in parts for piece in (gap, part)]
    row = np.concatenate([*spaced, gap], axis=1)
    return np.concatenate([text_strip(row.shape[1], label), row], axis=0)


def _margin(row: Image) -> Image:
    return np.pad(row, ((0, _GAP_PX), (0, 0), (0, 0)), constant_values=_PAPER)
