import numpy as np
import pytest

from soundloc.evaluate import auroc


def test_auroc_counts_the_pairs_in_order() -> None:
    # Of 2 × 3 pairs, 4 are in order and one is a tie.
    assert auroc([0.9, 0.4], [0.1, 0.4, 0.6]) == pytest.approx(4.5 / 6)


def test_auroc_of_nothing_is_not_a_number() -> None:
    assert np.isnan(auroc([], [0.5]))
