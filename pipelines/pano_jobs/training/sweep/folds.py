"""Other test sets of the same recordings: Table 4's cross-validation.

Whole sources move together, so that no clip is trained on in one place and tested in
another; the sets are mutually exclusive, and all that is in none of them trains.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from soundloc.data.pairs import PairSet
from soundloc.errors import DatasetError

_COMPOSED = "composed:"


def refold(pair_set: PairSet, fold: int, n_folds: int) -> PairSet:
    """Make another part of the training and test sources the test set.

    The validation split stays as it is.

    Raises
    ------
    DatasetError
        If the pictures are composed: their pieces come back in every picture, so that
        no part of them is foreign to the others.
    """
    if not 0 <= fold < n_folds:
        raise ValueError(f"fold must be in [0, {n_folds}), got {fold}")
    if any(p.source.startswith(_COMPOSED) for p in pair_set.pictures):
        raise DatasetError(
            f"{pair_set.folder} holds composed pictures, which share their pieces; "
            "cross-validation needs recordings."
        )

    def split_of(split: str, source: str) -> str:
        if split == "validation":
            return split
        digest = hashlib.sha256(f"fold:{source}".encode()).hexdigest()
        # One part in 2·n tests, so that at least half always trains.
        return "test" if int(digest[:8], 16) % (2 * n_folds) == fold else "train"

    return replace(
        pair_set,
        pictures=tuple(
            replace(p, split=split_of(p.split, p.source)) for p in pair_set.pictures
        ),
        sounds=tuple(
            replace(s, split=split_of(s.split, s.source)) for s in pair_set.sounds
        ),
    )
