"""Hard-negative mining by the similarity of sounds in the frozen trunk.

A foreign sound drawn at random is mostly an easy negative; one that sounds alike and
is of another kind teaches the border between the two.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundloc.data.feature_cache import FeatureCache


class SoundSimilarity:
    """Cosine between the standardised features of a split's sounds."""

    def __init__(self, cache: FeatureCache) -> None:
        first = np.float32(cache.sounds[:, 0])
        deviation = np.maximum(first.std(axis=0), 1e-6)
        standardised = (first - first.mean(axis=0)) / deviation
        norms = np.maximum(np.linalg.norm(standardised, axis=1, keepdims=True), 1e-6)
        self._unit: NDArray[np.float32] = standardised / norms

    def nearest(
        self,
        candidates: list[int],
        asked: list[int],
        is_foreign: Callable[[int, int], bool],
    ) -> int:
        """Choose the candidate nearest to any asked sound that it is foreign to."""
        cosine = self._unit[candidates] @ self._unit[asked].T
        foreign = np.array([[is_foreign(c, a) for a in asked] for c in candidates])
        best = np.where(foreign, cosine, -np.inf).max(axis=1, initial=-np.inf)
        return candidates[int(best.argmax())]


def without_likely_false_negatives(
    belongs: Tensor, f_s: Tensor, picture_of: Tensor, *, above_cosine: float
) -> Tensor:
    """Drop negatives that sound like the picture's own: -1 becomes 0 in (b, n).

    Where kinds are unknown, every other clip counts as foreign, also that of another
    dog (FNAC, Sun et al. 2023: false negatives are known by intra-modal similarity).

    Parameters
    ----------
    f_s
        (n, c) standardised features of the batch's sounds, the own ones first.
    picture_of
        (m,), the picture that sound i was drawn for.
    """
    unit = torch.nn.functional.normalize(f_s, dim=1)
    alike = (unit[: len(picture_of)] @ unit.T) > above_cosine  # m n
    n_alike = torch.zeros(belongs.shape, device=belongs.device)
    n_alike.index_add_(0, picture_of, alike.float())
    return torch.where((n_alike > 0) & (belongs < 0), 0, belongs)
