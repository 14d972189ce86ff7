"""Pictures to look at: the map over the picture, the right place, and the peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.overlay import blend_heatmap
from pano.saliency import UNIFORM_DENSITY_PER_SR
from soundloc.localizer import Localization
from soundloc.pairs import Box

_RIGHT_RGB, _OTHER_RGB, _PEAK_RGB = (80, 255, 80), (160, 160, 160), (80, 200, 255)
_PANEL_WIDTH_PX = 640

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
        painted = blend_heatmap(picture, np.asarray(density, np.float32))
        height, width = painted.shape[:2]
        for boxes, color in ((others, _OTHER_RGB), (right, _RIGHT_RGB)):
            for box in boxes:
                _draw_box(painted, box, color)
        y, x = np.unravel_index(found.response.argmax(), found.response.shape)
        rows, cells = found.response.shape
        spot = (round((x + 0.5) / cells * width), round((y + 0.5) / rows * height))
        size_px = max(8, width // 40)
        cv2.drawMarker(painted, spot, (0, 0, 0), cv2.MARKER_CROSS, size_px, 5)
        cv2.drawMarker(painted, spot, _PEAK_RGB, cv2.MARKER_CROSS, size_px, 2)
        self.panels.append(_captioned(painted, words))

    def write(self, target: Path) -> None:
        """Write the panels as one picture; nothing if there is none."""
        if not self.panels:
            return
        height = max(len(panel) for panel in self.panels)
        cells = [
            cv2.copyMakeBorder(p, 0, height - len(p), 0, 4, cv2.BORDER_CONSTANT)
            for p in self.panels
        ]
        while len(cells) % self.columns:
            cells.append(np.zeros_like(cells[0]))
        rows = [
            np.hstack(cells[start : start + self.columns])
            for start in range(0, len(cells), self.columns)
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


def _captioned(painted: Picture, words: str) -> Picture:
    scale = _PANEL_WIDTH_PX / painted.shape[1]
    size = (_PANEL_WIDTH_PX, round(painted.shape[0] * scale))
    panel = np.zeros((size[1] + 24, size[0], 3), np.uint8)
    panel[24:] = cv2.resize(painted, size, interpolation=cv2.INTER_AREA)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(panel, words, (4, 17), font, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return panel
