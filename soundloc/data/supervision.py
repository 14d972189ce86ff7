"""Semi-supervised splits: keep the labels of some pictures and hide those of others.

Semi-supervised learning (Senocak et al., Eq. 7) knows the place of few sources and the
company of all. A hidden place leaves its object and its kind where they are, so that
the picture still meets its sounds. The fewer labels are among the more, so a sweep over
their number (Table 2) adds labels rather than exchanging them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from soundloc.data.pairs import PairSet, PictureEntry
from soundloc.errors import DatasetError

_SPLIT = "train"


def label_only(pair_set: PairSet, n_labels: int, *, seed: int) -> PairSet:
    """Keep the places of n training pictures and hide those of all others.

    Only the training split is touched: what is measured on keeps its truth.

    Parameters
    ----------
    n_labels
        Pictures that keep the boxes and opinions of all their objects.
    seed
        Of the order in which pictures are annotated; the n chosen of a seed are
        among those of any larger n.

    Raises
    ------
    DatasetError
        If fewer training pictures than that have a place to keep.
    """
    if n_labels < 0:
        raise ValueError(f"n_labels must be ≥ 0, got {n_labels}")
    placed = _placed(pair_set)
    if n_labels > len(placed):
        raise DatasetError(
            f"{pair_set.folder} has {len(placed)} training pictures with a known "
            f"place, {n_labels} were asked for; ask for fewer."
        )
    order = np.random.default_rng(seed).permutation(len(placed))
    kept = {placed[int(position)] for position in order[:n_labels]}
    pictures = tuple(
        picture
        if number in kept or picture.split != _SPLIT
        else _without_places(picture)
        for number, picture in enumerate(pair_set.pictures)
    )
    return replace(pair_set, pictures=pictures)


def label_share(pair_set: PairSet, share: float, *, seed: int) -> PairSet:
    """Keep the places of a share of the training pictures that have one.

    At least one, unless the share is 0; otherwise as `label_only`.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share must be in [0, 1], got {share}")
    n = len(_placed(pair_set))
    n_labels = max(1, round(share * n)) if share > 0.0 and n else 0
    return label_only(pair_set, n_labels, seed=seed)


def _placed(pair_set: PairSet) -> list[int]:
    return [
        number
        for number, picture in enumerate(pair_set.pictures)
        if picture.split == _SPLIT and any(o.has_place for o in picture.objects)
    ]


def _without_places(picture: PictureEntry) -> PictureEntry:
    hidden = tuple(replace(o, boxes=(), opinions=()) for o in picture.objects)
    return replace(picture, objects=hidden)
