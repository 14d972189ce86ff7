"""Aim inside the chosen view: mean shift onto its saliency, lead room and headroom.

The saliency-weighted mean of directions (Senocak et al., §6). Taken over the whole
sphere that mean would point between two sources, at neither; inside a view it points
at what is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.sphere import (
    great_circle_deg,
    grid_unit_vectors,
    to_angles_deg,
    wrap_deg,
)

# The window of the weighted mean falls off with this deviation, and follows the mean.
_AIM_SIGMA_DEG = 22.0
_N_AIM_ITERATIONS = 4
_MOTION_S = 1.0  # over which a source's speed is measured, before and after
_MAX_SPEED_DEG_PER_S = 40.0  # faster is another source, not a motion

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Framing:
    """Lead room and headroom: where in the picture a source belongs.

    Parameters
    ----------
    lead_s
        The camera points where a moving source will be so much later: it has more of
        the picture before it than behind.
    max_lead_deg
        And never farther ahead than this.
    headroom_deg
        The camera points so far below a source. 0, because the localizer marks the
        middle of what it hears, seldom a face.
    """

    lead_s: float = 0.3
    max_lead_deg: float = 6.0
    headroom_deg: float = 0.0


def aims(
    masses: FloatArray, axes: FloatArray, coverage: NDArray[np.float32]
) -> tuple[FloatArray, FloatArray]:
    """Move views' axes to the saliency they show by mean shift; return its share, too.

    A mean shift on the sphere: a window that falls off like a von Mises–Fisher density
    is weighted with the saliency in the view and moved to their mean. `masses` has
    shape (t, h, w), `axes` (t, 3) and `coverage` (t, h·w).
    """
    kappa = 1.0 / np.radians(_AIM_SIGMA_DEG) ** 2
    cells = grid_unit_vectors(*masses.shape[1:]).reshape(-1, 3)
    shown = masses.reshape(len(masses), -1) * coverage
    for _ in range(_N_AIM_ITERATIONS):
        mean = (shown * np.exp(kappa * (axes @ cells.T - 1.0))) @ cells
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        axes = np.where(length > 1e-12, mean / np.maximum(length, 1e-12), axes)
    return axes, shown.sum(axis=1)


def framed(
    axes: FloatArray, weight: FloatArray, *, step_s: float, framing: Framing
) -> tuple[FloatArray, FloatArray]:
    """Turn one shot's aims into yaw and pitch with lead room and headroom.

    `axes` has shape (t, 3). Yaw comes wrapped.
    """
    yaw_deg, pitch_deg = to_angles_deg(axes)
    reach = round(_MOTION_S / step_s)
    before = np.maximum(np.arange(len(axes)) - reach, 0)
    after = np.minimum(np.arange(len(axes)) + reach, len(axes) - 1)
    span_s = np.maximum(after - before, 1) * step_s
    arc_deg = great_circle_deg(axes[before], axes[after])
    is_motion = (arc_deg <= _MAX_SPEED_DEG_PER_S * span_s) & (
        np.minimum(weight[before], weight[after]) > 0.0
    )
    share = np.where(is_motion, framing.lead_s / span_s, 0.0)
    share *= np.minimum(1.0, framing.max_lead_deg / np.maximum(share * arc_deg, 1e-9))
    lead_yaw_deg = share * wrap_deg(yaw_deg[after] - yaw_deg[before])
    lead_pitch_deg = share * (pitch_deg[after] - pitch_deg[before])
    pitch_deg = pitch_deg + lead_pitch_deg - framing.headroom_deg
    return yaw_deg + lead_yaw_deg, np.clip(pitch_deg, -90.0, 90.0)
