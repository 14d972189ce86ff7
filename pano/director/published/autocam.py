"""AutoCam as published (Su, Jayaraman, Grauman: Pano2Vid, ACCV 2016), led by sound.

Every 5 s it looks in one of 18 × 11 directions, moves at most 30° in azimuth and in
elevation to the next, and a dynamic program finds the best chain. Where Pano2Vid asks
a classifier how capture-worthy a glimpse is, we take the saliency inside it, as
Senocak et al. (§6) do. Kept as it was, for comparison; `follow` is the better director.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import DEFAULT_HFOV_DEG, CameraPose
from pano.director.evidence import STEP_S, Evidence
from pano.director.published.viterbi import best_states
from pano.director.smoothing.linear_program import Style
from pano.director.smoothing.smooth_path import Targets, unwrap_deg
from pano.saliency_maps.saliency_map import view_coverage
from pano.sphere import great_circle_deg, unit_vectors, wrap_deg

GLIMPSE_S = 5.0
MAX_MOVE_DEG = 30.0
N_AZIMUTHS = 18
ELEVATIONS_DEG = (-75.0, -45.0, -30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 45.0, 75.0)
GLIMPSE_ASPECT = 4.0 / 3.0

# Its path is already slow: only the corners at the glimpses' centres are rounded.
STYLE = Style(
    dead_zone_deg=0.0,
    centering=0.0,
    framing=1.0,
    leaving=0.0,
    travel_s=0.02,
    acceleration_s2=0.05,
    jerk_s3=0.01,
)
# Prefers the nearest of equally good glimpses; far below any real difference.
_TIE_PER_DEG = 1e-9
_STEPS_PER_GLIMPSE = round(GLIMPSE_S / STEP_S)

FloatArray = NDArray[np.float64]


def autocam(evidence: Evidence) -> Targets:
    """Choose a glimpse every 5 s and turn between their centres at constant speed."""
    directions_deg = glimpse_directions_deg(evidence.start.yaw_deg)
    chosen_deg = directions_deg[
        best_glimpses(
            glimpse_scores(evidence, directions_deg),
            directions_deg,
            start_deg=(evidence.start.yaw_deg, evidence.start.pitch_deg),
        )
    ]
    yaw_deg = unwrap_deg(chosen_deg[:, 0], start_deg=evidence.start.yaw_deg)
    moments = np.arange(len(evidence))
    centers = _STEPS_PER_GLIMPSE * (np.arange(len(chosen_deg)) + 0.5)
    has_sound = float(np.any(evidence.weight > 0.0))
    return Targets(
        step_s=STEP_S,
        yaw_deg=np.interp(moments, centers, yaw_deg),
        pitch_deg=np.interp(moments, centers, chosen_deg[:, 1]),
        weight=np.full(len(evidence), has_sound),
    )


def glimpse_directions_deg(first_yaw_deg: float = 0.0) -> FloatArray:
    """Return azimuth and elevation of all glimpses, shape (198, 2).

    One azimuth is `first_yaw_deg`, so that a turned scene has turned glimpses; at 0
    they are the published -180, -160 … 160.
    """
    azimuths_deg = wrap_deg(
        first_yaw_deg - 180.0 + np.arange(N_AZIMUTHS) * 360.0 / N_AZIMUTHS
    )
    return np.array(list(itertools.product(azimuths_deg, ELEVATIONS_DEG)))


def glimpse_scores(evidence: Evidence, directions_deg: FloatArray) -> FloatArray:
    """Return the mean trusted saliency inside each glimpse, shape (t, n).

    The last glimpse of a clip may be shorter than 5 s.
    """
    shape = evidence.shape
    footprints = np.stack(
        [
            view_coverage(
                shape,
                CameraPose(float(yaw_deg), float(pitch_deg), hfov_deg=DEFAULT_HFOV_DEG),
                aspect=GLIMPSE_ASPECT,
                lens=Lens.RECTILINEAR,
            ).ravel()
            for yaw_deg, pitch_deg in directions_deg
        ]
    )
    scores = []
    for begin in range(0, len(evidence), _STEPS_PER_GLIMPSE):
        end = min(begin + _STEPS_PER_GLIMPSE, len(evidence))
        masses = evidence.masses(begin, end).reshape(end - begin, -1)
        mean = evidence.weight[begin:end] @ masses / (end - begin)
        scores.append(footprints @ mean)
    return np.stack(scores)


def best_glimpses(
    scores: FloatArray,
    directions_deg: FloatArray,
    *,
    start_deg: tuple[float, float],
    max_move_deg: float = MAX_MOVE_DEG,
) -> NDArray[np.int64]:
    """Choose the chain of glimpses with the largest sum of scores, shape (t,).

    From one to the next, azimuth (wrapped) and elevation change by at most
    `max_move_deg` each. `start_deg` only decides between equals.
    """
    units = unit_vectors(directions_deg[:, 0], directions_deg[:, 1])
    moves_deg = np.abs(directions_deg[:, None] - directions_deg[None, :])
    moves_deg[..., 0] = np.abs(wrap_deg(moves_deg[..., 0]))
    return best_states(
        scores,
        turn_costs=_TIE_PER_DEG * great_circle_deg(units[:, None], units[None, :]),
        is_reachable=np.all(moves_deg <= max_move_deg + 1e-6, axis=-1),
        start_costs=_TIE_PER_DEG * great_circle_deg(units, unit_vectors(*start_deg)),
    )
