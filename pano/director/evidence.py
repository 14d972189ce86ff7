"""Evidence for the directors: saliency maps pooled to five a second, and their trust.

Thirty maps a second say the same thing thirty times; five are enough to steer by.
They wait on disk (40 kB a second), because trust is judged over the whole clip, never
map by map: stretching each map to full contrast turns silence into certainty. What
stays in memory is a handful of numbers a second.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.director.viewing.eye_level import sureness
from pano.saliency_maps.saliency_map import (
    SILENCE_DB,
    UNIFORM_DENSITY_PER_SR,
    SaliencyMap,
    pool,
)
from pano.sphere import Direction, cell_solid_angles_sr

STEP_S = 0.2

# A confidence of this much is convincing even in a clip that never has more; below
# it, being the clip's best moment is no reason to believe. Calibrated confidence is low
# where a kind was never learned, and what moves still tells where it is: so trust falls
# more slowly than confidence does.
_CONVINCING = 0.15
_TRUST_EXPONENT = 0.5
# Sound this far below the clip's loud parts fades out as evidence, and so does sound
# near the noise of a recorder, however loud the rest.
_FADE_BELOW_LOUD_DB = (-45.0, -30.0)
_FADE_DB = (-75.0, -60.0)
# Share of a map above the uniform density: 0 for a flat map, 1 for a point.
_FADE_CONTRAST = (0.05, 0.25)
# After a gap this long in the maps, the last one says nothing any more.
_MAX_GAP_S = 1.0

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Pooled maps at k · STEP_S after the first map, turned to the start's yaw.

    Here planning enters its own frame of reference, in which yaw 0 is the picture's
    `base_yaw_deg`; what is asked of a path is turned likewise, and the finished path
    is turned back.

    Parameters
    ----------
    first_s, last_s
        Presentation times of the first and the last map.
    layers
        The pooled maps, shape (m, h, w), per steradian. Column 0 lies `base_yaw_deg`
        to the right of where it lies in the picture. They lie in `pages`.
    pages
        A file mapped into memory; what was read of it is forgotten again.
    layer_of
        Which layer each moment goes by, shape (n,).
    weight
        The director's trust in each map, shape (n,), in [0, 1].
    confidence
        The localizer's, pooled, shape (n,), in [0, 1]; 0 where no map is near.
    sureness
        How far the maps about each moment tell a place at all, shape (n,), in [0, 1].
    base_yaw_deg
        A whole number of cells: planning relative to it makes a turned scene with a
        likewise turned start the very same problem, to the last bit.
    start
        Where the camera rests before it has a reason to look, in the turned maps.
    """

    first_s: float
    last_s: float
    layers: NDArray[np.float16]
    pages: mmap.mmap
    layer_of: NDArray[np.int64]
    weight: FloatArray
    confidence: FloatArray
    sureness: FloatArray
    base_yaw_deg: float
    start: Direction

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a map."""
        return self.layers.shape[1], self.layers.shape[2]

    def densities(self, begin: int, end: int) -> FloatArray:
        """Return the maps of some moments per steradian, shape (end - begin, h, w)."""
        density = self.layers[self.layer_of[begin:end]].astype(np.float64)
        if hasattr(self.pages, "madvise"):  # not on Windows
            self.pages.madvise(mmap.MADV_DONTNEED)
        return density

    def masses(self, begin: int, end: int) -> FloatArray:
        """Return the share of the saliency in each cell, shape (end - begin, h, w)."""
        return self.densities(begin, end) * cell_solid_angles_sr(*self.shape)

    def excess_masses(self, begin: int, end: int) -> FloatArray:
        """Return the same for what exceeds a uniform map, each summing to 1 again."""
        excess = np.maximum(self.densities(begin, end) - UNIFORM_DENSITY_PER_SR, 0.0)
        masses = excess * cell_solid_angles_sr(*self.shape)
        total = masses.sum(axis=(1, 2), keepdims=True)
        return np.asarray(masses / np.maximum(total, 1e-12))


def gather(maps: Iterable[SaliencyMap], *, start: Direction) -> Evidence:
    """Pool maps as they come, and judge them when all are there.

    Raises
    ------
    ValueError
        If there is no map, or the maps are not in the order of time.
    """
    indices: list[int] = []
    trusts: list[tuple[float, float, float]] = []
    first_s = last_s = 0.0
    shape = (0, 0)
    with tempfile.TemporaryFile(prefix="pano-maps-") as spool:
        for index, members in _binned(maps):
            first_s = members[0].time_s if not indices else first_s
            last_s = members[-1].time_s
            pooled = pool(members)
            shape = pooled.density.shape
            layer = np.roll(pooled.density, -_n_cells(start, shape[1]), axis=1)
            spool.write(layer.astype(np.float16).tobytes())
            indices.append(index)
            trusts.append((pooled.confidence, pooled.level_db, _contrast(layer)))
        if not indices:
            raise ValueError("there is no map to plan a path from")
        spool.flush()
        # The mapping outlives the nameless file's handle.
        pages = mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)
    # A moment without a map takes over the last one, for a while; so does the moment
    # after the end that the path needs to reach its last frame in motion.
    n_to_end = int(np.ceil((last_s - first_s) / STEP_S - 1e-6))
    moments = np.arange(max(indices[-1], n_to_end) + 1)
    latest = np.searchsorted(indices, moments, side="right") - 1
    is_fresh = (moments - np.array(indices)[latest]) * STEP_S <= _MAX_GAP_S
    confidence, level_db, contrast = np.array(trusts)[latest].T
    confidence = confidence * is_fresh
    weight = _weights(confidence, level_db, contrast)
    base_yaw_deg = _n_cells(start, shape[1]) * 360.0 / shape[1]
    return Evidence(
        first_s=first_s,
        last_s=last_s,
        layers=np.frombuffer(pages, np.float16).reshape(-1, *shape),
        pages=pages,
        layer_of=latest,
        weight=weight,
        confidence=confidence,
        sureness=sureness(confidence, weight, step_s=STEP_S),
        base_yaw_deg=base_yaw_deg,
        # Rounded so that a start and its turned likeness leave the same remainder.
        start=Direction(round(start.yaw_deg - base_yaw_deg, 9), start.pitch_deg),
    )


def _n_cells(start: Direction, width: int) -> int:
    """Return by how many columns the maps are turned towards the start."""
    return round(start.yaw_deg * width / 360.0)


def _binned(maps: Iterable[SaliencyMap]) -> Iterator[tuple[int, list[SaliencyMap]]]:
    """Group maps by the moment they are nearest to."""
    members: list[SaliencyMap] = []
    first_s: float | None = None
    current = 0
    for item in maps:
        first_s = item.time_s if first_s is None else first_s
        index = int(np.floor((item.time_s - first_s) / STEP_S + 0.5))
        if index < current:
            raise ValueError(f"maps must be in the order of time, got {item.time_s}")
        if index > current:
            yield current, members
            members = []
        current = index
        members.append(item)
    if members:
        yield current, members


def _weights(
    confidence: FloatArray, level_db: FloatArray, contrast: FloatArray
) -> FloatArray:
    """Combine what speaks for each map into a trust in [0, 1]."""
    is_heard = level_db > SILENCE_DB
    if not np.any(is_heard):
        return np.zeros(len(confidence))
    loud_db = np.percentile(level_db[is_heard], 90.0)
    audible = _faded(level_db - loud_db, _FADE_BELOW_LOUD_DB) * _faded(
        level_db, _FADE_DB
    )
    best = np.percentile(confidence[is_heard], 90.0)
    believable = np.minimum(confidence / max(float(best), _CONVINCING), 1.0)
    believable **= _TRUST_EXPONENT
    return np.asarray(believable * audible * _faded(contrast, _FADE_CONTRAST))


def _contrast(density: NDArray[np.float32]) -> float:
    """Return a map's share above the uniform density, in [0, 1)."""
    excess = np.maximum(density.astype(np.float64) - UNIFORM_DENSITY_PER_SR, 0.0)
    return float(np.sum(excess * cell_solid_angles_sr(*density.shape)))


def _faded(values: FloatArray, edges: tuple[float, float]) -> FloatArray:
    """Rise smoothly from 0 at the first edge to 1 at the second."""
    share = np.clip((values - edges[0]) / (edges[1] - edges[0]), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))
