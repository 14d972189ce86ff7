"""From saliency maps to a camera path, by either director."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import numpy as np

from pano.camera import DEFAULT_HFOV_DEG, CameraPath, MotionLimits, PathSource
from pano.director.autocam import STYLE as AUTOCAM_STYLE
from pano.director.autocam import autocam
from pano.director.evidence import STEP_S, Evidence, gather
from pano.director.follow import follow
from pano.director.program import Style
from pano.director.smooth import smooth
from pano.director.spline import SplinePath
from pano.saliency import SaliencyMap
from pano.sphere import Direction

Director: TypeAlias = Literal["follow", "autocam"]

# Farther out than this part of the half view, a source is half out of the picture.
_EDGE = 0.75


def plan_path(
    maps: Iterable[SaliencyMap],
    *,
    director: Director = "follow",
    limits: MotionLimits | None = None,
    hfov_deg: float = DEFAULT_HFOV_DEG,
    aspect: float = 16.0 / 9.0,
    start: Direction | None = None,
    rate_hz: float = 30.0,
) -> CameraPath:
    """Plan where to look from the first map to the last.

    Maps are consumed as they come; only a few small ones a second are kept.

    Parameters
    ----------
    director
        `follow` keeps the sound in view; `autocam` is Pano2Vid, for comparison.
    limits
        Of speed, acceleration and jerk, kept everywhere; a calm operator's if None.
    hfov_deg, aspect
        The lens and the picture's width / height: what a view will show.
    start
        Where to look until there is a reason to look elsewhere; ahead if None.
        When the first picture already has one, the path begins there.
    rate_hz
        Frames of the path per second.

    Raises
    ------
    ValueError
        If there is no map, or maps are not in the order of time.
    """
    limits = limits or MotionLimits()
    evidence = gather(maps, start=start or Direction(0.0, 0.0))
    if director == "autocam":
        targets, style = autocam(evidence), AUTOCAM_STYLE
    else:
        targets = follow(evidence, limits=limits, hfov_deg=hfov_deg, aspect=aspect)
        style = Style(edge_deg=_edge_deg(hfov_deg, aspect))
    spline = smooth(targets, limits=limits, start=evidence.start, style=style)
    return _sampled(
        spline,
        evidence,
        limits=limits,
        hfov_deg=hfov_deg,
        rate_hz=rate_hz,
        director=director,
    )


def _edge_deg(hfov_deg: float, aspect: float) -> tuple[float, float]:
    """Return how far off the axis a source is near the border, in yaw and pitch."""
    reach = np.tan(np.radians(hfov_deg) / 2.0)
    half_deg = np.degrees(np.arctan([reach, reach / aspect]))
    return float(_EDGE * half_deg[0]), float(_EDGE * half_deg[1])


def _sampled(
    spline: SplinePath,
    evidence: Evidence,
    *,
    limits: MotionLimits,
    hfov_deg: float,
    rate_hz: float,
    director: str,
) -> CameraPath:
    """Read the curve at the rate of the path, from the first map to the last."""
    duration_s = evidence.last_s - evidence.first_s
    n = int(np.floor(duration_s * rate_hz + 1e-6)) + 1
    offset_s = np.arange(n) / rate_hz
    angles_deg = spline.at(offset_s)
    moments_s = np.arange(len(evidence)) * STEP_S
    return CameraPath(
        time_s=evidence.first_s + offset_s,
        yaw_deg=evidence.base_yaw_deg + angles_deg[:, 0],
        pitch_deg=angles_deg[:, 1],
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, hfov_deg),
        cut=np.zeros(n, dtype=np.bool_),
        confidence=np.interp(offset_s, moments_s, evidence.weight),
        limits=limits,
        source=PathSource(director=director),
    )
