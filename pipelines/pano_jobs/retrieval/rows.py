"""Rows of the picture sheets: which queries are shown with which neighbours.

Queries are drawn by the seed, not chosen: a sheet of successes would show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pano_jobs.retrieval.report import FORM_WORDS, TABLE_6_FORMS
from pano_jobs.retrieval.sheet import Row, Tile, picture_tile, sound_tile
from soundloc.data.feature_cache import FeatureCache, read_picture
from soundloc.data.pairs import PictureEntry, SoundEntry, read_sound
from soundloc.retrieval import (
    Database,
    Direction,
    Embedder,
    Form,
    Similarities,
    neighbours,
    tables,
)

N_NEIGHBOURS = 5
TWO_SOUNDS = "one picture with each of two sounds", ""


class TilePainter:
    """Draws the pictures and sounds of a cached split.

    Parameters
    ----------
    embedder
        Of the same cache; its network says where a picture answers.
    """

    def __init__(self, cache: FeatureCache, embedder: Embedder) -> None:
        self._cache, self._embedder = cache, embedder
        self._folder = cache.pair_set.folder

    def picture(
        self, number: int, *, sound: int | None = None, is_right: bool | None = None
    ) -> Tile:
        """Draw a picture, with its attention to a cached sound if there is one."""
        if sound is None:
            return self.picture_for(number, None, is_right=is_right)
        with torch.inference_mode():
            h = self._embedder.directions(self._embedder.pooled(np.array([sound])))
        kind = self._cache.pair_set.sounds[sound].kind
        return self.picture_for(number, h, kind=kind, is_right=is_right)

    @torch.inference_mode()
    def picture_for(
        self,
        number: int,
        h: torch.Tensor | None,
        *,
        kind: str | None = None,
        is_right: bool | None = None,
    ) -> Tile:
        """Draw a picture with its attention to any sound h (1, D) of a kind."""
        entry = self._cache.pair_set.pictures[number]
        attention = None
        if h is not None:
            attended = self._embedder.attended(self._embedder.picture(number), h)
            attention = attended[0].cpu().numpy()
        image = read_picture(self._folder / entry.picture)
        words = picture_words(entry, first=kind)
        return picture_tile(image, words, attention=attention, is_right=is_right)

    def sound(self, number: int, *, is_right: bool | None = None) -> Tile:
        """Draw a sound."""
        entry = self._cache.pair_set.sounds[number]
        samples = read_sound(self._folder / entry.sound)
        return sound_tile(samples, sound_words(entry), is_right=is_right)


def picture_words(entry: PictureEntry, *, first: str | None = None) -> str:
    """Name what the pair set knows to be in a picture, or its file.

    `first` is named first if it is there: long captions are cut.
    """
    kinds = dict.fromkeys(o.kind for o in entry.objects if o.kind is not None)
    ordered = sorted(kinds, key=lambda kind: kind != first)
    return ", ".join(ordered) or entry.picture.rpartition("/")[2]


def sound_words(entry: SoundEntry) -> str:
    """Name the kind of a sound, or its file."""
    return entry.kind or entry.sound.rpartition("/")[2]


@dataclass(frozen=True, slots=True, eq=False)
class RowMaker:
    """Makes the rows of a measured search.

    Parameters
    ----------
    n_queries
        Queries on each sheet.
    """

    painter: TilePainter
    database: Database
    similar: Similarities
    n_queries: int
    seed: int = 0

    def conditional_pictures(self) -> Iterator[Row]:
        """Show one picture with two sounds and what is near each time (Fig. 12)."""
        shows = self.database.shows
        candidates = self._other_pictures(self.database.query_pairs)
        near = neighbours(self.similar.given_sound, candidates, N_NEIGHBOURS)
        for first, second in self._rivalries():
            for words, query in zip(TWO_SOUNDS, (first, second), strict=True):
                number = int(self.database.query_sounds[query])
                yield Row(
                    words,
                    self._query(query),
                    tuple(
                        self.painter.picture(
                            self.database.pairs[j].picture,
                            sound=number,
                            is_right=bool(shows[query, j]),
                        )
                        for j in near[query]
                    ),
                )

    def conditional_sounds(self) -> Iterator[Row]:
        """Show the sounds with which a picture is embedded most alike (Fig. 12)."""
        n, sources = len(self.database.pairs), self.database.sound_sources
        candidates = (sources[:, None] != sources[:n]) & self.database.is_first
        near = neighbours(self.similar.given_picture, candidates, N_NEIGHBOURS)
        heard = self.database.heard()
        for first, second in self._rivalries():
            for words, query in zip(TWO_SOUNDS, (first, second), strict=True):
                yield Row(
                    words,
                    self._query(query),
                    tuple(
                        self.painter.sound(
                            self.database.pairs[j].sound,
                            is_right=bool(heard[query] & heard[j]),
                        )
                        for j in near[query]
                    ),
                )

    def searches(self, direction: Direction) -> Iterator[Row]:
        """Show what each form finds for the same queries (Fig. 11)."""
        database, n = self.database, len(self.database.pairs)
        finds_pictures = direction is Direction.SOUND_TO_PICTURE
        candidates, right = ~database.same_source, database.shows[:n]
        if not finds_pictures:
            candidates = candidates & database.is_first[:, None]
        forms = (*TABLE_6_FORMS[direction], Form.PEAK)
        near = {}
        for form in forms:
            similarity = tables(self.similar)[form]
            if finds_pictures:
                near[form] = neighbours(similarity, candidates, N_NEIGHBOURS)
            else:
                near[form] = neighbours(similarity.T, candidates.T, N_NEIGHBOURS)
        for i in self._drawn(np.arange(n)):
            for form in forms:
                if finds_pictures:
                    yield self._found_pictures(i, form, near[form][i], right[i])
                else:
                    yield self._found_sounds(i, form, near[form][i], right[:, i])

    def _found_pictures(
        self, i: int, form: Form, near: list[int], right: NDArray[np.bool_]
    ) -> Row:
        pairs = self.database.pairs
        return Row(
            FORM_WORDS[form],
            (self.painter.sound(pairs[i].sound),),
            tuple(
                self.painter.picture(
                    pairs[j].picture,
                    sound=pairs[j if form is Form.PAPER else i].sound,
                    is_right=bool(right[j]),
                )
                for j in near
            ),
        )

    def _found_sounds(
        self, i: int, form: Form, near: list[int], right: NDArray[np.bool_]
    ) -> Row:
        pairs = self.database.pairs
        own = pairs[i].sound if form is Form.PAPER else None
        return Row(
            FORM_WORDS[form],
            (self.painter.picture(pairs[i].picture, sound=own),),
            tuple(
                self.painter.sound(pairs[j].sound, is_right=bool(right[j]))
                for j in near
            ),
        )

    def _query(self, query: int) -> tuple[Tile, Tile]:
        pair = self.database.pairs[int(self.database.query_pairs[query])]
        number = int(self.database.query_sounds[query])
        return (
            self.painter.sound(number),
            self.painter.picture(pair.picture, sound=number),
        )

    def _rivalries(self) -> Iterator[tuple[int, int]]:
        """Yield the two queries of some pictures with two sounds."""
        n = len(self.database.pairs)
        for second in self._drawn(np.arange(n, len(self.database.query_pairs))):
            yield int(self.database.query_pairs[second]), second

    def _other_pictures(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        sources = self.database.picture_sources
        return np.asarray(sources[pairs][:, None] != sources)

    def _drawn(self, numbers: NDArray[np.int64]) -> list[int]:
        rng = np.random.default_rng(self.seed)
        n_drawn = min(self.n_queries, len(numbers))
        drawn = rng.choice(numbers, n_drawn, replace=False)
        return sorted(int(number) for number in drawn)
