"""Viterbi dynamic program over view states: the best sequence through a whole clip.

With a few hundred states all moves of a step fit in one small matrix, so no
neighbourhood needs to be coded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def best_states(
    gains: FloatArray,
    *,
    turn_costs: FloatArray,
    is_reachable: NDArray[np.bool_],
    start_costs: FloatArray,
) -> NDArray[np.int64]:
    """Return the state of each step with the largest sum of gains less turn costs.

    Parameters
    ----------
    gains
        Shape (t, n).
    turn_costs
        From state to state, shape (n, n); of equal plans the first state wins.
    is_reachable
        Which states one step can join, shape (n, n).
    start_costs
        Of beginning in a state, shape (n,).
    """
    allowed = np.where(is_reachable, -turn_costs, -np.inf)
    states = np.arange(gains.shape[1])
    came_from = np.zeros(gains.shape, dtype=np.int32)
    value = gains[0] - start_costs
    for step in range(1, len(gains)):
        candidates = value[:, None] + allowed
        came_from[step] = np.argmax(candidates, axis=0)
        value = candidates[came_from[step], states] + gains[step]
    chosen = np.empty(len(gains), dtype=np.int64)
    chosen[-1] = int(np.argmax(value))
    for step in range(len(gains) - 1, 0, -1):
        chosen[step - 1] = came_from[step, chosen[step]]
    return chosen
