"""Saliency metrics: AUC-Judd, AUC-Borji, NSS, CC, SIM and KLD of maps and fixations.

As the Salient360! toolbox and the MIT benchmark define them. On an equirectangular
map polar cells are tiny and many: with `Weighting.SOLID_ANGLE` every sum counts them
by their solid angle, with `Weighting.NONE` all cells alike, as most published tables
do. Maps have shape (h, w); fixations are unit vectors, shape (n, 3).
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.sphere import angles_deg_to_pixel, cell_solid_angles_sr, to_angles_deg

FloatArray = NDArray[np.float64]

# AUC-Borji draws its negatives so often, as many as there are fixations.
N_SPLITS = 100
_EPSILON = 1e-12


class Weighting(enum.StrEnum):
    """The weights of cells: all alike, or by solid angle."""

    NONE = "none"
    SOLID_ANGLE = "solid-angle"


@dataclass(frozen=True, slots=True)
class SaliencyScores:
    """The metrics of one map; nan where a metric has no value.

    Parameters
    ----------
    auc_judd, auc_borji
        Area under the curve of hits over false alarms: 0.5 is chance, 1 is best.
    nss
        Mean of the standardised map at the fixations: 0 is chance.
    cc
        Correlation with the true density.
    sim
        Histogram intersection with it, in [0, 1].
    kld
        Kullback–Leibler divergence of the map from it: 0 is best.
    """

    auc_judd: float
    auc_borji: float
    nss: float
    cc: float
    sim: float
    kld: float


def saliency_scores(
    saliency: FloatArray,
    fixations: FloatArray,
    truth: FloatArray,
    *,
    weighting: Weighting,
    rng: np.random.Generator,
) -> SaliencyScores:
    """Score a map against fixations and against the density that they came from."""
    weights = cell_weights(saliency.shape, weighting)
    return SaliencyScores(
        auc_judd=auc_judd(saliency, fixations, weights),
        auc_borji=auc_borji(saliency, fixations, weights, rng=rng),
        nss=nss(saliency, fixations, weights),
        cc=correlation(saliency, truth, weights),
        sim=similarity(saliency, truth, weights),
        kld=divergence(saliency, truth, weights),
    )


def mean_scores(scores: list[SaliencyScores]) -> SaliencyScores:
    """Average scores over maps, leaving out what has no value."""
    rows = np.array([dataclasses.astuple(item) for item in scores])
    n_known = np.sum(np.isfinite(rows), axis=0)
    sums = np.nansum(rows, axis=0)
    return SaliencyScores(*np.where(n_known > 0, sums / np.maximum(n_known, 1), np.nan))


def cell_weights(shape: tuple[int, ...], weighting: Weighting) -> FloatArray:
    """Return what each cell counts, shape (h, w), summing to 1."""
    weights = np.ones(shape)
    if weighting is Weighting.SOLID_ANGLE:
        weights *= cell_solid_angles_sr(*shape)
    return np.asarray(weights / weights.sum())


def auc_judd(saliency: FloatArray, fixations: FloatArray, weights: FloatArray) -> float:
    """Return the AUC with the values at the fixations as thresholds (Judd et al.).

    Cells without a fixation are the negatives.
    """
    fixated = _fixated(saliency.shape, fixations)
    negatives = ~fixated
    if not negatives.any():
        return float("nan")
    return _area(
        _values_at(saliency, fixations), saliency[negatives], weights[negatives]
    )


def auc_borji(
    saliency: FloatArray,
    fixations: FloatArray,
    weights: FloatArray,
    *,
    rng: np.random.Generator,
    n_splits: int = N_SPLITS,
) -> float:
    """Return the AUC against cells drawn at random, in proportion to their weight."""
    hits = _values_at(saliency, fixations)
    drawn = rng.choice(saliency.size, (n_splits, len(hits)), p=weights.ravel())
    areas = [
        _area(hits, saliency.ravel()[cells], np.full(len(hits), 1.0 / len(hits)))
        for cells in drawn
    ]
    return float(np.mean(areas))


def nss(saliency: FloatArray, fixations: FloatArray, weights: FloatArray) -> float:
    """Return the normalized scanpath saliency (Peters et al. 2005)."""
    mean = float(np.sum(weights * saliency))
    deviation = float(np.sqrt(np.sum(weights * (saliency - mean) ** 2)))
    if deviation <= _EPSILON * max(abs(mean), 1.0):
        return float("nan")
    return float(np.mean((_values_at(saliency, fixations) - mean) / deviation))


def correlation(saliency: FloatArray, truth: FloatArray, weights: FloatArray) -> float:
    """Return Pearson's correlation; nan where either map is flat."""
    one = saliency - np.sum(weights * saliency)
    other = truth - np.sum(weights * truth)
    spread = np.sqrt(np.sum(weights * one**2) * np.sum(weights * other**2))
    if spread <= _EPSILON * np.abs(saliency).max() * np.abs(truth).max():
        return float("nan")
    return float(np.sum(weights * one * other) / spread)


def similarity(saliency: FloatArray, truth: FloatArray, weights: FloatArray) -> float:
    """Return Σ min of both maps, each stretched to [0, 1], weighted, and summing to 1.

    Of a flat map nothing is left after stretching: its similarity is 0.
    """
    parts = [
        _normalized((layer - layer.min()) * weights) for layer in (saliency, truth)
    ]
    return float(np.sum(np.minimum(*parts)))


def divergence(saliency: FloatArray, truth: FloatArray, weights: FloatArray) -> float:
    """Return Σ p ln((p + ε)/(q + ε)), p the true masses and q the map's."""
    p, q = _normalized(truth * weights), _normalized(saliency * weights)
    return float(np.sum(p * np.log((p + _EPSILON) / (q + _EPSILON))))


def _area(hits: FloatArray, others: FloatArray, weights: FloatArray) -> float:
    """Return how often a hit exceeds one of the others, ties counting half.

    That is the area under the curve over all thresholds.
    """
    order = np.argsort(others)
    below = np.concatenate([[0.0], np.cumsum(weights[order] / weights.sum())])
    first = np.searchsorted(others[order], hits, side="left")
    last = np.searchsorted(others[order], hits, side="right")
    return float(np.mean((below[first] + below[last]) / 2.0))


def _values_at(saliency: FloatArray, fixations: FloatArray) -> FloatArray:
    return np.asarray(saliency[_cells(saliency.shape, fixations)], dtype=np.float64)


def _fixated(shape: tuple[int, ...], fixations: FloatArray) -> NDArray[np.bool_]:
    fixated = np.zeros(shape, dtype=np.bool_)
    fixated[_cells(shape, fixations)] = True
    return fixated


def _cells(
    shape: tuple[int, ...], fixations: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    height, width = shape
    x, y = angles_deg_to_pixel(*to_angles_deg(fixations), width, height)
    rows = np.clip(np.rint(y), 0, height - 1).astype(np.intp)
    return rows, np.rint(x).astype(np.intp) % width


def _normalized(masses: FloatArray) -> FloatArray:
    total = float(masses.sum())
    return masses / total if total > 0.0 else masses
