"""Sound-conditional neighbours of a picture: Fig. 12 of the paper, in numbers.

f_v of a picture should say what the sound is about and leave out the rest. So the same
picture, embedded once with each of two sounds, must lie near other pictures each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.retrieval.pairs import Database, share_label
from soundloc.retrieval.ranking import precision_at, rank
from soundloc.retrieval.scores import Similarities
from soundloc.scoring.intervals import Interval, bootstrap


@dataclass(frozen=True, slots=True)
class ConditionalFigures:
    """How the neighbours of pictures change with the sound, for each k.

    Parameters
    ----------
    n_pictures
        Pictures with two things to hear, each asked with a sound of either.
    heard
        The share of the k nearest pictures, embedded with the same sound, that show
        what is heard.
    silent
        The share of them that show the other thing, which is in the query's picture
        just as well but silent.
    difference
        Between the two, query by query.
    shared
        The share of neighbours that one picture has under both sounds.
    chance
        The share of all other pictures that show what is heard.
    sounds
        Of the k sounds with which the query's picture is embedded most alike, the share
        that its heard object could make; where there is any other to find.
    chance_sounds
        The share of all other sounds that it could make.
    """

    n_pictures: int
    ks: tuple[int, ...]
    heard: tuple[Interval, ...]
    silent: tuple[Interval, ...]
    difference: tuple[Interval, ...]
    shared: tuple[Interval, ...]
    chance: float
    sounds: tuple[Interval, ...]
    chance_sounds: float


def measure_conditional(
    database: Database, similar: Similarities, *, ks: tuple[int, ...]
) -> ConditionalFigures | None:
    """Compare the neighbours of every picture under two sounds.

    None if no picture has two sounds.
    """
    second = np.arange(len(database.pairs), len(database.query_pairs))
    if not len(second):
        return None
    first = database.query_pairs[second]  # a pair's number is that of its first query
    asked = np.concatenate([first, second])
    silent = np.concatenate([second, first])
    pairs, shows = database.query_pairs[asked], database.shows
    sources = database.picture_sources
    candidates = sources[pairs][:, None] != sources
    order = rank(similar.given_sound[asked], candidates)
    counts = candidates.sum(axis=1)

    def share(right: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
        hits = np.take_along_axis(right & candidates, order, axis=1)
        return precision_at(hits, k, counts)

    heard = {k: share(shows[asked], k) for k in ks}
    other = {k: share(shows[silent], k) for k in ks}
    sounds, chance_sounds = _sounds(database, similar, asked, ks)
    return ConditionalFigures(
        n_pictures=len(second),
        ks=ks,
        heard=tuple(bootstrap(heard[k], pairs) for k in ks),
        silent=tuple(bootstrap(other[k], pairs) for k in ks),
        difference=tuple(bootstrap(heard[k] - other[k], pairs) for k in ks),
        shared=tuple(bootstrap(_shared(order, counts, k), first) for k in ks),
        chance=float(((shows[asked] & candidates).sum(axis=1) / counts).mean()),
        sounds=sounds,
        chance_sounds=chance_sounds,
    )


def _shared(
    order: NDArray[np.int64], counts: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """Measure how much the first k of the first and second half of rows share."""
    half = len(order) // 2
    return np.array(
        [
            len({*a[: min(k, n)]} & {*b[: min(k, n)]}) / max(min(k, n), 1)
            for a, b, n in zip(order[:half], order[half:], counts, strict=False)
        ]
    )


def _sounds(
    database: Database,
    similar: Similarities,
    asked: NDArray[np.int64],
    ks: tuple[int, ...],
) -> tuple[tuple[Interval, ...], float]:
    """Judge the nearest sounds of a picture that stays the same."""
    heard, n = database.heard(), len(database.pairs)
    right = share_label([heard[i] for i in asked.tolist()], heard[:n])
    sources = database.sound_sources
    candidates = (sources[asked][:, None] != sources[:n]) & database.is_first
    pairs = database.query_pairs[asked]
    kept = (right & candidates).any(axis=1)
    right, candidates, pairs = (right & candidates)[kept], candidates[kept], pairs[kept]
    order = rank(similar.given_picture[asked][kept], candidates)
    hits, counts = np.take_along_axis(right, order, axis=1), candidates.sum(axis=1)
    shares = tuple(bootstrap(precision_at(hits, k, counts), pairs) for k in ks)
    if not len(hits):
        return shares, float("nan")
    return shares, float((right.sum(axis=1) / counts).mean())
