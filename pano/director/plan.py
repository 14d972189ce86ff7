"""Plan camera paths from saliency maps, with either director."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from pano.camera.lens import Lens
from pano.camera.motion_limits import MotionLimits
from pano.camera.path import DEFAULT_HFOV_DEG, DEFAULT_RATE_HZ, CameraPath
from pano.camera.pose import DEFAULT_ASPECT
from pano.director.evidence import Evidence, gather
from pano.director.follow import Choice, Follower, Order
from pano.director.operators import OPERATORS, OperatorName
from pano.director.published.autocam import STYLE as AUTOCAM_STYLE
from pano.director.published.autocam import autocam
from pano.director.sample_path import sample_path
from pano.director.smoothing.linear_program import Style
from pano.director.smoothing.smooth_path import Shot, Solver
from pano.director.wishes import CutRules, Wishes
from pano.equirect.layouts import FULL_SPHERE, SphereBounds
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction

Director: TypeAlias = Literal["follow", "autocam"]

# Farther out than this part of the half view, a source is half out of the picture.
_EDGE = 0.75
# Lenses between the widest and the narrowest, so that zooming is gradual.
_N_LENSES = 3


@dataclass(frozen=True, slots=True)
class Brief:
    """The settings of a plan; AutoCam takes no cuts, zoom or wishes.

    Parameters
    ----------
    director
        `follow` keeps the sound in view; `autocam` is Pano2Vid, for comparison.
    motion
        The camera operator: his limits unless `limits` says otherwise, his style.
    limits
        Of speed, acceleration and jerk, kept everywhere; those of `motion` if None.
    hfov_deg, aspect, lens
        The field of view, the picture's width / height and how it unrolls the sphere:
        what a view will show.
    narrowest_hfov_deg
        As far as the camera may zoom in; not at all if None.
    bounds
        The part of the sphere that was filmed; beyond it the picture is black.
    start
        Where to look until there is a reason to look elsewhere. When the first
        picture already has one, the path begins there.
    cuts
        When to cut instead of turning, and where the source cuts.
    wishes
        Where to look when, and where never.
    solver
        Of the path: `linear` is calmer, `quadratic` quicker, for previews.
    rate_hz
        Frames of the path per second.
    """

    director: Director = "follow"
    motion: OperatorName = "normal"
    limits: MotionLimits | None = None
    hfov_deg: float = DEFAULT_HFOV_DEG
    narrowest_hfov_deg: float | None = None
    aspect: float = DEFAULT_ASPECT
    lens: Lens = Lens.RECTILINEAR
    bounds: SphereBounds = FULL_SPHERE
    start: Direction = field(default_factory=lambda: Direction(0.0, 0.0))
    cuts: CutRules = field(default_factory=CutRules)
    wishes: Wishes = field(default_factory=Wishes)
    solver: Solver = "linear"
    rate_hz: float = float(DEFAULT_RATE_HZ)

    def __post_init__(self) -> None:
        narrowest_deg = self.narrowest_hfov_deg
        if narrowest_deg is not None and not 0.0 < narrowest_deg <= self.hfov_deg:
            raise ValueError(
                f"narrowest_hfov_deg must be in (0, {self.hfov_deg}], "
                f"got {narrowest_deg}"
            )

    @property
    def kept_limits(self) -> MotionLimits:
        """The limits that the path keeps."""
        return self.limits or OPERATORS[self.motion].limits

    @property
    def lenses_deg(self) -> tuple[float, ...]:
        """The fields of view to choose from, evenly spaced as seen in the picture."""
        narrowest_deg = self.narrowest_hfov_deg or self.hfov_deg
        if narrowest_deg == self.hfov_deg:
            return (self.hfov_deg,)
        wide, narrow = map(self.lens.half_width, (self.hfov_deg, narrowest_deg))
        reaches = np.geomspace(wide, narrow, _N_LENSES)
        return tuple(self.lens.hfov_deg(float(reach)) for reach in reaches)

    @property
    def style(self) -> Style:
        """The operator's smoothing costs, scaled to the narrowest of the lenses."""
        narrowest_deg = min(self.lenses_deg)
        half_height = self.lens.half_width(narrowest_deg) / self.aspect
        vfov_deg = self.lens.vfov_deg(half_height)
        style = OPERATORS[self.motion].style
        # What is off by some degrees is less off in a picture of more of them.
        wider = max(narrowest_deg / DEFAULT_HFOV_DEG, 1.0)
        return dataclasses.replace(
            style,
            edge_deg=(_EDGE * narrowest_deg / 2.0, _EDGE * vfov_deg / 2.0),
            dead_zone_deg=style.dead_zone_deg * wider,
            centering=style.centering / wider,
            framing=style.framing / wider,
        )


def plan_path(
    maps: Iterable[SaliencyMap],
    *,
    director: Director = "follow",
    limits: MotionLimits | None = None,
    hfov_deg: float = DEFAULT_HFOV_DEG,
    aspect: float = DEFAULT_ASPECT,
    start: Direction | None = None,
    rate_hz: float = float(DEFAULT_RATE_HZ),
) -> CameraPath:
    """Plan where to look from the first map to the last, as `Brief` explains.

    Maps are consumed as they come; only a few small ones a second are kept, on disk.

    Raises
    ------
    ValueError
        If there is no map, or maps are not in the order of time.
    """
    brief = Brief(
        director=director,
        limits=limits,
        hfov_deg=hfov_deg,
        aspect=aspect,
        start=start or Direction(0.0, 0.0),
        rate_hz=rate_hz,
    )
    return plan_takes(maps, brief)[0]


def plan_takes(
    maps: Iterable[SaliencyMap], brief: Brief, *, n_takes: int = 1
) -> tuple[CameraPath, ...]:
    """Plan several different paths, the best first.

    Each further take makes the best of what the earlier ones do not show. AutoCam has
    one.

    Raises
    ------
    ValueError
        If there is no map, or maps are not in the order of time.
    """
    return takes_from(gather(maps, start=brief.start), brief, n_takes=n_takes)


def takes_from(
    evidence: Evidence, brief: Brief, *, n_takes: int = 1
) -> tuple[CameraPath, ...]:
    """Plan from evidence gathered at the start of the brief: one for several briefs."""
    if brief.director == "autocam":
        return (_autocam_path(evidence, brief),)
    # The evidence has a frame of reference of its own: what depends on yaw enters it.
    order = Order(
        hfov_deg=brief.lenses_deg,
        aspect=brief.aspect,
        limits=brief.kept_limits,
        cuts=brief.cuts,
        wishes=brief.wishes.turned(-evidence.base_yaw_deg),
        lens=brief.lens,
        bounds=brief.bounds,
        middle_yaw_deg=-evidence.base_yaw_deg,
    )
    follower = Follower(evidence, order)
    chosen: list[Choice] = []
    for _ in range(n_takes):
        chosen.append(follower.choose(chosen))
    return tuple(
        sample_path(
            choice.shots,
            evidence,
            wishes=order.wishes,
            limits=brief.kept_limits,
            style=brief.style,
            solver=brief.solver,
            rate_hz=brief.rate_hz,
            director=brief.director,
            lens=brief.lens,
        )
        for choice in chosen
    )


def _autocam_path(evidence: Evidence, brief: Brief) -> CameraPath:
    targets = autocam(evidence)
    lens_deg = np.full(len(evidence), brief.hfov_deg)
    axes_deg = np.stack([targets.yaw_deg, targets.pitch_deg], axis=1)
    return sample_path(
        (Shot(0.0, 0, targets, lens_deg, axes_deg),),
        evidence,
        wishes=Wishes(),
        limits=brief.kept_limits,
        style=AUTOCAM_STYLE,
        solver=brief.solver,
        rate_hz=brief.rate_hz,
        director=brief.director,
        lens=brief.lens,
    )
