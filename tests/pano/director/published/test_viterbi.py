import itertools

import numpy as np

from pano.director.published.viterbi import best_states


def test_the_choice_is_the_best_of_all_possible() -> None:
    rng = np.random.default_rng(0)
    n_steps, n_states = 5, 4
    gains = rng.random((n_steps, n_states))
    costs = 0.5 * rng.random((n_states, n_states))
    start_costs = rng.random(n_states)
    reachable = rng.random((n_states, n_states)) < 0.7
    np.fill_diagonal(reachable, True)

    def value(plan) -> float:
        moves = list(itertools.pairwise(plan))
        if not all(reachable[move] for move in moves):
            return -np.inf
        gained = sum(gains[step, state] for step, state in enumerate(plan))
        return gained - start_costs[plan[0]] - sum(costs[move] for move in moves)

    best = max(itertools.product(range(n_states), repeat=n_steps), key=value)
    chosen = best_states(
        gains, turn_costs=costs, is_reachable=reachable, start_costs=start_costs
    )
    assert tuple(chosen) == best


def test_of_equal_choices_the_first_is_taken() -> None:
    chosen = best_states(
        np.zeros((3, 4)),
        turn_costs=np.zeros((4, 4)),
        is_reachable=np.ones((4, 4), dtype=bool),
        start_costs=np.zeros(4),
    )
    np.testing.assert_array_equal(chosen, 0)
