"""Statistics of a clip's saliency maps over time, to explain its camera path.

Maps are looked at as they pass, a few a second, and reduced to some numbers each: an
hour is a few megabytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from pano.saliency_maps.rivals import Rivals, find_rivals
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, cell_solid_angles_sr

STEP_S = 0.2

FloatArray = NDArray[np.float64]


class MapTimeline:
    """Statistics of the maps that passed; every list has one entry per moment.

    Attributes
    ----------
    by_yaw, by_pitch
        The share of the saliency in each column and each row of the maps.
    """

    def __init__(self) -> None:
        self.time_s: list[float] = []
        self.level_db: list[float] = []
        self.confidence: list[float] = []
        self.field_share: list[float] = []
        self.heard_at: list[Direction | None] = []
        self.rivals: list[Rivals] = []
        self.by_yaw: list[FloatArray] = []
        self.by_pitch: list[FloatArray] = []

    def passing(self, maps: Iterable[SaliencyMap]) -> Iterator[SaliencyMap]:
        """Record the maps and yield them unchanged."""
        for found in maps:
            if not self.time_s or found.time_s - self.time_s[-1] > STEP_S - 1e-6:
                self._note(found)
            yield found

    def _note(self, found: SaliencyMap) -> None:
        masses = found.density * cell_solid_angles_sr(*found.density.shape)
        self.time_s.append(found.time_s)
        self.level_db.append(found.level_db)
        self.confidence.append(found.confidence)
        self.field_share.append(found.field_share)
        self.heard_at.append(found.heard_at)
        self.rivals.append(find_rivals(found.density))
        self.by_yaw.append(masses.sum(axis=0))
        self.by_pitch.append(masses.sum(axis=1))
