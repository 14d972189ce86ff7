"""Do the picture and the sound field agree on the axes? Told from the maps of a clip.

Channels get swapped, microphones hang upside down or stand turned, and nothing in the
sound alone tells. But where the picture shows what is heard, the field must point at
it: each way the axes could be wrong is scored by how likely the network's own maps hold
the directions that are heard, and named only if it wins clearly.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pano.camera.pose import CameraPose
from pano.sphere import (
    Direction,
    angles_deg_to_pixel,
    cell_solid_angles_sr,
    to_angles_deg,
)

FloatArray = NDArray[np.float64]

_BLOCK_S = 2.0
_MIN_BLOCKS = 6
# The winner's advantage in nats a block, and in its standard errors.
_MIN_ADVANTAGE = 0.5
_MIN_SIGMAS = 4.0
_FLOOR = 0.02  # of the uniform density: no map is certain of nothing


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """A way in which a field's axes may be wrong.

    Parameters
    ----------
    words
        What it would be, and what to do then.
    matrix
        Brings what is heard to where it is, shape (3, 3).
    """

    words: str
    matrix: FloatArray


@dataclass(slots=True, eq=False)
class FieldAudit:
    """Compares directions that are heard with maps of the picture alone."""

    _blocks: dict[int, FloatArray] = field(default_factory=dict)

    def note(
        self,
        time_s: float,
        direction: Direction,
        picture_mass: FloatArray,
        confidence: float,
    ) -> None:
        """Take a moment: the direction heard, and the picture's map (h, w) as masses.

        It counts as far as the localizer is confident.
        """
        height, width = picture_mass.shape
        omega = cell_solid_angles_sr(height, width) / (4.0 * np.pi)
        total = float(picture_mass.sum())
        if total <= 0.0 or confidence <= 0.0:
            return
        places = np.stack([h.matrix for h in hypotheses()]) @ direction.unit()
        x, y = angles_deg_to_pixel(*to_angles_deg(places), width, height)
        rows = np.clip(np.round(y).astype(int), 0, height - 1)
        ratio = picture_mass[rows, np.round(x).astype(int) % width] / total
        ratio = ratio / omega[rows, 0]
        number = int(time_s / _BLOCK_S)
        scores = self._blocks.setdefault(number, np.zeros(len(places)))
        scores += confidence * np.log(ratio + _FLOOR)

    def verdict(self) -> str | None:
        """Return what seems to be wrong with the axes; None if nothing does."""
        if len(self._blocks) < _MIN_BLOCKS:
            return None
        scores = np.stack(list(self._blocks.values()))
        best = int(np.argmax(scores.mean(axis=0)))
        if best == 0:
            return None
        advantage = scores[:, best] - scores[:, 0]
        error = float(advantage.std(ddof=1)) / np.sqrt(len(advantage))
        mean = float(advantage.mean())
        if mean < _MIN_ADVANTAGE or mean < _MIN_SIGMAS * error:
            return None
        return hypotheses()[best].words


@functools.cache
def hypotheses() -> tuple[Hypothesis, ...]:
    """Return the ways the axes may be wrong; the first is that they are right."""
    found = [Hypothesis("right", np.eye(3))]
    for yaw_deg in range(45, 360, 45):
        shown_deg = yaw_deg if yaw_deg <= 180 else yaw_deg - 360
        turn = CameraPose(float(-yaw_deg), 0.0).axes()
        words = f"turned by {shown_deg:+d}°: try --sound-yaw {shown_deg}"
        found.append(Hypothesis(words, turn))
    mirror = np.diag([-1.0, 1.0, 1.0])
    hung = np.diag([-1.0, -1.0, 1.0])
    # Right, up, ahead are -Y, Z, X: FuMa read as ambiX takes X for Y, Y for Z, Z for X.
    swapped = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
    found += [
        Hypothesis("mirrored, left for right", mirror),
        Hypothesis("that of a microphone that hung upside down", hung),
        Hypothesis("in FuMa's order: try --sound-field fuma", swapped),
        Hypothesis("in ambiX's order: try --sound-field ambix", swapped.T),
    ]
    return tuple(found)
