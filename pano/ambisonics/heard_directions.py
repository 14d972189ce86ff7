"""Where a sound field says that something sounds, moment by moment, and how surely.

Every band of every moment votes for the direction of its intensity, as heavily as it
is loud and free of diffuse sound; the votes of a stretch of time make a map, so
sources that sound together keep a lobe each (DirAC histograms, Pulkki 2007; Delikaris-
Manias et al. 2016). Silence and diffuse sound leave the map flat.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.intensity import FieldMoments
from pano.sphere import (
    Direction,
    angles_deg_to_pixel,
    cell_solid_angles_sr,
    grid_unit_vectors,
    to_angles_deg,
)

FloatArray = NDArray[np.float32]

WINDOW_S = 1.0
# Over this long diffuseness is measured: shorter, and chance looks like direction.
_SMOOTHING_S = 0.15
# Of so many spectral values a diffuse field still shows a directness of this over
# their square root, nearly always: they overlap, and so depend on each other.
_CHANCE_DIRECTNESS = 2.4
_CHANCE_BOUNDS = (0.35, 0.8)
# So many equally loud votes, and they count half: of few, chance makes a direction.
_FEW_VOTES = 40.0
# Loudness grows like a small power of energy (Stevens): no band drowns all others.
_LOUDNESS_EXPONENT = 0.5
_QUIET_ENERGY = 1e-8  # of a band: -80 dBFS
_KERNEL_DEG = 8.0
_LOBE_DEG = 25.0
_MIN_SOURCE_SHARE = 0.2
_MIDDLE_DIRECTNESS = 0.02
_MAX_TRUST = 0.98
_MAX_SOURCES = 4


@dataclass(frozen=True, slots=True)
class HeardSource:
    """One direction that sounds.

    Parameters
    ----------
    share
        Of all direct sound of the stretch, in (0, 1].
    """

    direction: Direction
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class FieldEvidence:
    """What the field tells about one stretch of time.

    Parameters
    ----------
    density
        Of direct sound, per steradian, shape (h, w); Σ density·ω = 1.
    directness
        The share of direct sound beyond what chance makes of a diffuse field, in
        [0, 1]; 0 for silence.
    sources
        The loudest first; empty for silence and diffuse sound.
    """

    density: FloatArray
    directness: float
    sources: tuple[HeardSource, ...]

    @property
    def trust(self) -> float:
        """How surely sound comes from where the density says, in [0, 1]."""
        return trust_of(self.directness)

    def log_prior(self) -> FloatArray:
        """Return ln of the chance of each direction against a uniform one, (h, w).

        p(u) = τ·density + (1 - τ)/4π for the trust τ: evidence that is not sure of
        itself takes back what it says, and never forbids a place.
        """
        ratio = 4.0 * np.pi * self.density * self.trust + (1.0 - self.trust)
        return np.asarray(np.log(np.maximum(ratio, 1e-6)), dtype=np.float32)


@dataclass(slots=True, eq=False)
class HeardDirections:
    """The directions of a whole field, asked stretch by stretch.

    Parameters
    ----------
    moments
        As `IntensityMeter.finish` gives them.
    height, width
        Cells of the maps.
    is_planar
        The field has no vertical channel: it tells azimuth alone.
    """

    moments: FieldMoments
    height: int = 30
    width: int = 60
    is_planar: bool = False
    _units: FloatArray = field(init=False)
    _weights: FloatArray = field(init=False)
    _loudness: FloatArray = field(init=False)
    _cells: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        smooth = self.moments.smoothed(_SMOOTHING_S)
        directness = smooth.directness()
        chance = np.clip(_CHANCE_DIRECTNESS / np.sqrt(smooth.samples), *_CHANCE_BOUNDS)
        beyond = (directness - chance) / (1.0 - chance)
        heard = self.moments.energy > _QUIET_ENERGY
        self._loudness = np.where(
            heard, self.moments.energy**_LOUDNESS_EXPONENT, 0.0
        ).astype(np.float32)
        self._weights = self._loudness * np.clip(beyond, 0.0, 1.0)
        length = np.linalg.norm(smooth.intensity, axis=-1, keepdims=True)
        self._units = smooth.intensity / np.maximum(length, 1e-30)
        yaw_deg, pitch_deg = to_angles_deg(self._units + np.float32(1e-12))
        x, y = angles_deg_to_pixel(
            yaw_deg, pitch_deg, width=self.width, height=self.height
        )
        column = np.round(x).astype(np.int32) % self.width
        row = np.clip(np.round(y), 0, self.height - 1).astype(np.int32)
        self._cells = row * self.width + column

    def around(self, time_s: float, *, window_s: float = WINDOW_S) -> FieldEvidence:
        """Return the evidence of a stretch of time around a moment, in seconds."""
        step_s = self.moments.step_s
        first = max(round((time_s - window_s / 2.0) / step_s), 0)
        stretch = slice(first, max(round((time_s + window_s / 2.0) / step_s), first))
        weights = self._weights[stretch].ravel()
        total, loudness = float(weights.sum()), self._loudness[stretch]
        omega_sr = cell_solid_angles_sr(self.height, self.width)
        if total <= 0.0:
            flat = np.full((self.height, self.width), 0.25 / np.pi, np.float32)
            return FieldEvidence(flat, 0.0, ())
        cells = self._cells[stretch].ravel()
        counted = np.bincount(cells, weights, self.height * self.width)
        votes = np.asarray(counted, np.float64).reshape(self.height, self.width)
        if self.is_planar:
            votes = _over_all_pitches(votes)
        density = _spread(votes)
        density /= float((density * omega_sr).sum())
        votes_in_all = float(loudness.sum()) ** 2 / float(np.square(loudness).sum())
        directness = total / float(loudness.sum())
        directness *= votes_in_all / (votes_in_all + _FEW_VOTES)
        sources = self._sources(density, stretch, weights, total)
        return FieldEvidence(density.astype(np.float32), directness, sources)

    def _sources(
        self,
        density: NDArray[np.float64],
        stretch: slice,
        weights: FloatArray,
        total: float,
    ) -> tuple[HeardSource, ...]:
        """Take lobe after lobe away, as long as one holds a fair share."""
        units = self._units[stretch].reshape(-1, 3)
        grid = grid_unit_vectors(self.height, self.width)
        left, remaining = weights.copy(), density.copy()
        sources: list[HeardSource] = []
        while len(sources) < _MAX_SOURCES:
            peak = grid.reshape(-1, 3)[int(np.argmax(remaining))]
            near = units @ peak.astype(np.float32) > np.cos(np.radians(_LOBE_DEG))
            if self.is_planar:
                near = _same_azimuth(units, peak)
            share = float(left[near].sum()) / total
            if share < _MIN_SOURCE_SHARE:
                break
            mean = (left[near, None] * units[near]).sum(axis=0, dtype=np.float64)
            sources.append(HeardSource(Direction.from_unit(mean), share))
            left[near] = 0.0
            if self.is_planar:
                flat = _same_azimuth(grid.reshape(-1, 3), peak, 2.0 * _LOBE_DEG)
                remaining[flat.reshape(remaining.shape)] = 0.0
            remaining[grid @ peak > np.cos(np.radians(2.0 * _LOBE_DEG))] = 0.0
        return tuple(sources)


def trust_of(directness: float) -> float:
    """Return how surely sound comes from where a field of such directness says.

    A logistic curve of ln(directness), its middle chosen so that a diffuse field alone
    stays far below it; `tests/benchmarks/bench_sound_field.py` prints what comes of it.
    """
    if directness <= 0.0:
        return 0.0
    return _MAX_TRUST / (1.0 + (_MIDDLE_DIRECTNESS / directness) ** 2)


def _same_azimuth(
    units: NDArray[np.floating],
    peak: NDArray[np.float64],
    within_deg: float = _LOBE_DEG,
) -> NDArray[np.bool_]:
    flat = np.hypot(units[:, 0], units[:, 2]) * np.hypot(peak[0], peak[2])
    along = units[:, 0] * peak[0] + units[:, 2] * peak[2]
    return np.asarray(along > flat * np.cos(np.radians(within_deg)))


def _over_all_pitches(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share votes out over their meridians, most near the horizon."""
    height = len(votes)
    pitch = np.radians((0.5 - (np.arange(height) + 0.5) / height) * 180.0)
    share = np.cos(pitch) ** 2
    return np.outer(share / share.sum(), votes.sum(axis=0))


def _spread(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smooth votes on the sphere; along a row that is a circular convolution."""
    import scipy.fft  # slow to load

    spectrum = scipy.fft.rfft(votes, axis=1)
    smooth = np.einsum("ijm,jm->im", _kernel(*votes.shape), spectrum)
    density = scipy.fft.irfft(smooth, votes.shape[1], axis=1)
    return np.asarray(np.maximum(density, 0.0))


@functools.lru_cache(maxsize=4)
def _kernel(height: int, width: int) -> NDArray[np.complex128]:
    """Return what a vote in row j gives row i, as a spectrum over the turn.

    A von Mises-Fisher density of a standard deviation of `_KERNEL_DEG` on each axis.
    """
    import scipy.fft  # slow to load

    kappa = 1.0 / np.radians(_KERNEL_DEG) ** 2
    grid = grid_unit_vectors(height, width)
    cosine = np.einsum("ixc,jc->ijx", grid, grid[:, 0])
    weight = np.exp(kappa * (cosine - 1.0))
    mass = np.einsum("ijx,iy->j", weight, cell_solid_angles_sr(height, width))
    return np.asarray(scipy.fft.rfft(weight / mass[None, :, None], axis=2))
