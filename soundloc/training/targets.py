"""Localization targets on the network's grid, from boxes.

Scores are taken on a fine grid of pixels (`soundloc.scoring`); the losses ask cells
of 16 × 16 pixels, which a box covers in part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundloc.data.pairs import Box, PlacedObject


def cell_coverage(
    boxes: tuple[Box, ...], height: int, width: int
) -> NDArray[np.float32]:
    """Measure how much of each cell the boxes cover, scaled to sum to 1.

    Without boxes it is all zero. A box with x0 > x1 wraps over the picture's edge.
    """
    return _scaled(coverage(boxes, height, width))


def consensus_coverage(
    placed: PlacedObject, height: int, width: int
) -> NDArray[np.float32]:
    """Weigh the cells by the subjects' consensus (Eq. 9), scaled to sum to 1."""
    opinions = placed.boxes_by_subject()
    votes = np.zeros((height, width))
    for boxes in opinions:
        votes += coverage(boxes, height, width)
    return _scaled(np.minimum(votes / placed.n_consensus, 1.0))


def random_opinion(
    placed: PlacedObject, height: int, width: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Take one subject at random, as the official code does at every access."""
    opinions = placed.boxes_by_subject()
    if not opinions:
        return np.zeros((height, width), dtype=np.float32)
    return cell_coverage(opinions[int(rng.integers(len(opinions)))], height, width)


def coverage(boxes: tuple[Box, ...], height: int, width: int) -> NDArray[np.float64]:
    """Measure how much of each cell the boxes cover, 0 to 1.

    A box with x0 > x1 wraps over the picture's edge.
    """
    covered = np.zeros((height, width))
    for x0, y0, x1, y1 in boxes:
        rows = _overlap(y0, y1, height)
        columns = (
            _overlap(x0, x1, width)
            if x0 < x1
            else _overlap(x0, 1.0, width) + _overlap(0.0, x1, width)
        )
        covered = np.maximum(covered, rows[:, None] * columns[None, :])
    return covered


def _scaled(covered: NDArray[np.float64]) -> NDArray[np.float32]:
    total = float(covered.sum())
    return (covered / total if total > 0 else covered).astype(np.float32)


def _overlap(start: float, end: float, n: int) -> NDArray[np.float64]:
    """Share of each of n equal cells of [0, 1] that an interval covers."""
    edges = np.arange(n + 1) / n
    covered = np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)
    return np.asarray(np.clip(covered * n, 0.0, 1.0))
