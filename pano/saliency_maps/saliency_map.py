"""Saliency maps: a density per steradian on an equirectangular grid, at one moment.

A map is a *density* per steradian, not a grid of weights: an equirectangular grid has
as many cells in its polar row as at the equator, and only the solid angle tells that
they are tiny. Every sum here is weighted by it; yaw is never averaged as a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.sphere import (
    ArrayLike,
    Direction,
    cell_solid_angles_sr,
    grid_unit_vectors,
)

SILENCE_DB = -120.0
UNIFORM_DENSITY_PER_SR = 1.0 / (4.0 * np.pi)
_MASS_TOLERANCE = 5e-3  # half-precision maps come back from disk with 1e-3

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SaliencyMap:
    """The saliency of one moment: where the network places the source of the sound.

    Parameters
    ----------
    time_s
        Presentation time of the picture.
    density
        Per steradian, shape (h, w); Σ density·ω = 1.
    response
        The network's similarity before softmax, shape (h, w), in [-1, 1].
    confidence
        In [0, 1]: is the source of the sound in the picture at all?
    level_db
        RMS of the sound around the picture in dBFS; -120 is silence.
    field_share
        In [0, 1]: how much of the evidence the sound field gave, the rest the network.
    heard_at
        Where the sound field has its loudest source; None without one.
    """

    time_s: float
    density: NDArray[np.float32]
    response: NDArray[np.float32]
    confidence: float
    level_db: float
    field_share: float = 0.0
    heard_at: Direction | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.time_s):
            raise ValueError(f"time_s must be finite, got {self.time_s}")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence must be in [0, 1], got {self.confidence}")
        if not 0.0 <= self.field_share <= 1.0:
            raise ValueError(f"field_share must be in [0, 1], got {self.field_share}")
        if np.isnan(self.level_db):
            raise ValueError("level_db must be a number, got nan")
        if self.density.ndim != 2 or self.response.shape != self.density.shape:
            raise ValueError(
                "density and response must have one shape (h, w), "
                f"got {self.density.shape} and {self.response.shape}"
            )
        mass = float(np.sum(self.masses()))
        if not (np.all(self.density >= 0.0) and abs(mass - 1.0) < _MASS_TOLERANCE):
            raise ValueError(f"density must be ≥ 0 and integrate to 1, got {mass}")

    @classmethod
    def from_attention(
        cls,
        attention: ArrayLike,
        response: ArrayLike,
        *,
        time_s: float,
        confidence: float,
        level_db: float,
        counts_solid_angle: bool = False,
        field_share: float = 0.0,
        heard_at: Direction | None = None,
    ) -> SaliencyMap:
        """Read a softmax over the cells of an equirectangular grid, shape (h, w).

        A plain softmax gives equal cells equal chances, however small they are on the
        sphere: its values are proportional to a density. Where ln ω was added to the
        logits already (`counts_solid_angle`), its values are masses. Both lead to the
        same map.
        """
        weights = np.asarray(attention, dtype=np.float64)
        omega_sr = cell_solid_angles_sr(*weights.shape)
        density = weights / omega_sr if counts_solid_angle else weights
        density = density / np.sum(density * omega_sr)
        return cls(
            time_s=time_s,
            density=density.astype(np.float32),
            response=np.asarray(response, dtype=np.float32),
            confidence=confidence,
            level_db=max(level_db, SILENCE_DB),
            field_share=field_share,
            heard_at=heard_at,
        )

    def masses(self) -> FloatArray:
        """Return the share of the saliency in each cell, shape (h, w)."""
        omega_sr = cell_solid_angles_sr(*self.density.shape)
        return self.density.astype(np.float64) * omega_sr


def mean_direction(masses: NDArray[np.floating]) -> tuple[Direction, float]:
    """Return the mean direction of masses, shape (h, w), and its resultant length.

    m = Σ s ω u / Σ s ω, s ω the masses; the direction is m/|m|, and R = |m| in [0, 1]
    tells how far they agree on it: 1 for a point, 0 for a uniform map or two opposite
    points, whose mean direction means nothing (straight ahead then). The importance of
    Senocak et al. (§6), with solid angles.
    """
    total = float(np.sum(masses))
    if total <= 0.0:
        return Direction(0.0, 0.0), 0.0
    units = grid_unit_vectors(*masses.shape)
    mean = np.einsum("yx,yxc->c", masses, units) / total
    length = float(np.linalg.norm(mean))
    if length < 1e-9:  # rounding, not evidence
        return Direction(0.0, 0.0), 0.0
    return Direction.from_unit(mean), min(length, 1.0)


def pool(maps: Sequence[SaliencyMap]) -> SaliencyMap:
    """Average maps over time, each as heavy as its confidence.

    Time and confidence are averaged plainly, levels as power. Where no map is
    confident, all weigh the same.

    Raises
    ------
    ValueError
        If there is no map.
    """
    if not maps:
        raise ValueError("there is no map to pool")
    confidence = np.array([item.confidence for item in maps])
    weights = confidence if confidence.sum() > 0.0 else np.ones(len(maps))
    weights = weights / weights.sum()
    share = float(np.dot(weights, [item.field_share for item in maps]))
    power = np.mean([10.0 ** (item.level_db / 10.0) for item in maps])
    return SaliencyMap(
        time_s=float(np.mean([item.time_s for item in maps])),
        density=_average([item.density for item in maps], weights),
        response=_average([item.response for item in maps], weights),
        confidence=min(float(confidence.mean()), 1.0),
        level_db=max(float(10.0 * np.log10(power)), SILENCE_DB)
        if power > 0.0
        else SILENCE_DB,
        field_share=min(share, 1.0),
    )


def view_coverage(
    shape: tuple[int, ...],
    pose: CameraPose,
    *,
    aspect: float,
    lens: Lens,
    n_subcells: int = 4,
) -> NDArray[np.float32]:
    """Return which part of each cell a view through a lens covers, shape (h, w).

    A view is only about ten cells wide, too few for all-or-nothing: cells are divided
    into `n_subcells`², and the border, exact as a great circle where the lens is
    rectilinear, is soft by the width of one of these. So a point that lies right on it
    is not tossed by rounding.
    """
    height, width = shape
    units = grid_unit_vectors(height * n_subcells, width * n_subcells)
    x, y, z = np.moveaxis(units @ pose.axes().T, -1, 0)
    softness = np.pi / (height * n_subcells)
    reach = lens.half_width(pose.hfov_deg)
    inside = np.ones(z.shape)
    if lens is Lens.RECTILINEAR:
        for across, tangent in ((x, reach), (y, reach / aspect)):
            # Sine of the angle to the plane through the eye and the picture's border.
            depth = (tangent * z - np.abs(across)) / np.hypot(1.0, tangent)
            inside *= np.clip(depth / softness + 0.5, 0.0, 1.0)
    else:
        for place, half in zip(
            lens.plane(x, y, z), (reach, reach / aspect), strict=True
        ):
            # By as much as these lenses draw out what is at the border.
            soft = softness * (1.0 + half * half / 4.0)
            depth = half - np.nan_to_num(np.abs(place), nan=np.inf)
            inside *= np.clip(depth / soft + 0.5, 0.0, 1.0)
    blocks = inside.reshape(height, n_subcells, width, n_subcells)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)


def _average(
    layers: Sequence[NDArray[np.float32]], weights: FloatArray
) -> NDArray[np.float32]:
    return np.tensordot(weights, np.stack(layers), axes=1).astype(np.float32)
