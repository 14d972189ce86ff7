"""Pictures to look at: the map over the picture, the right place, and the peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.draw.overlay import blend_heatmap
from pano.saliency_maps.saliency_map import UNIFORM_DENSITY_PER_SR
from soundloc.data.pairs import Box
from soundloc.inference.localizer import Localization

_RIGHT_RGB, _OTHER_RGB, _PEAK_RGB = (80, 255, 80), (160, 160, 160), (80, 200, 255)
_PANEL_WIDTH_PX, _PANEL_HEIGHT_PX = 640, 360
_CAPTION_PX, _GAP_PX = 24, 4

Picture = NDArray[np.uint8]


@dataclass
class Sheet:
    """Panels in rows; each panel is a picture under its map."""

    columns: int
    panels: list[Picture] = field(default_factory=list)

    def add(
        self,
        picture: Picture,
        found: Localization,
        words: str,
        *,
        right: Sequence[Box] = (),
        others: Sequence[Box] = (),
    ) -> None:
        """Paint an answer: the right place green, other objects grey, the peak blue."""
        # Densities as on the sphere, where the softmax counts all cells alike.
        density = found.attention * found.attention.size * UNIFORM_DENSITY_PER_SR
        panel = _fitted(blend_heatmap(picture, np.asarray(density, np.float32)))
        height, width = panel.shape[:2]
        for boxes, color in ((others, _OTHER_RGB), (right, _RIGHT_RGB)):
            for box in boxes:
                _draw_box(panel, box, color)
        y, x = np.unravel_index(found.response.argmax(), found.response.shape)
        rows, cells = found.response.shape
        spot = (round((x + 0.5) / cells * width), round((y + 0.5) / rows * height))
        cv2.drawMarker(panel, spot, (0, 0, 0), cv2.MARKER_CROSS, 18, 5)
        cv2.drawMarker(panel, spot, _PEAK_RGB, cv2.MARKER_CROSS, 16, 2)
        self.panels.append(_captioned(panel, words))

    def write(self, target: Path) -> None:
        """Write the panels as one picture; nothing if there is none."""
        if not self.panels:
            return
        rows = [
            _side_by_side(self.panels[start : start + self.columns], self.columns)
            for start in range(0, len(self.panels), self.columns)
        ]
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _draw_box(painted: Picture, box: Box, color_rgb: tuple[int, int, int]) -> None:
    """Draw a box; one that crosses the seam is open there."""
    height, width = painted.shape[:2]
    x0, y0, x1, y1 = box
    parts = [(x0, x1)] if x0 <= x1 else [(x0, 1.01), (-0.01, x1)]
    for left, right in parts:
        corners = (round(left * width), round(y0 * height))
        opposite = (round(right * width), round(y1 * height))
        cv2.rectangle(painted, corners, opposite, color_rgb, 2)


def _fitted(picture: Picture) -> Picture:
    """Resize a picture to what a panel has room for."""
    height, width = picture.shape[:2]
    scale = min(_PANEL_WIDTH_PX / width, _PANEL_HEIGHT_PX / height)
    size = (round(width * scale), round(height * scale))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def _captioned(painted: Picture, words: str) -> Picture:
    height, width = painted.shape[:2]
    panel = np.zeros((height + _CAPTION_PX, _PANEL_WIDTH_PX, 3), np.uint8)
    panel[_CAPTION_PX:, :width] = painted
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(panel, words, (4, 17), font, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return panel


def _side_by_side(panels: Sequence[Picture], columns: int) -> Picture:
    height = max(len(panel) for panel in panels)
    row = np.zeros((height, columns * (_PANEL_WIDTH_PX + _GAP_PX), 3), np.uint8)
    for number, panel in enumerate(panels):
        left = number * (_PANEL_WIDTH_PX + _GAP_PX)
        row[: len(panel), left : left + _PANEL_WIDTH_PX] = panel
    return row
