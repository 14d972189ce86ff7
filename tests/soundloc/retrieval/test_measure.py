"""Each search counted by hand, from random embeddings of a small world."""

from pathlib import Path

import numpy as np
import pytest

from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry
from soundloc.retrieval.labels import PseudoLabels, kinds_as_labels
from soundloc.retrieval.measure import (
    Criterion,
    Direction,
    Form,
    measure_retrieval,
    tables,
)
from soundloc.retrieval.pairs import answers, draw_database
from soundloc.retrieval.scores import Similarities

KS = (1, 3, 5)


@pytest.fixture(scope="module")
def database():
    """Pictures of one to three things out of five, two of them from one film."""
    rng = np.random.default_rng(8)
    pictures = []
    for number in range(14):
        kinds = rng.choice(list("abcde"), int(rng.integers(1, 4)), replace=False)
        objects = tuple(PlacedObject(str(kind)) for kind in kinds)
        source = "film" if number < 2 else str(number)
        pictures.append(PictureEntry(f"{number}.jpg", "test", source, objects))
    sounds = tuple(
        SoundEntry(f"{kind}{i}.wav", kind, "test", f"{kind}{i}")
        for kind in "abcde"
        for i in range(2)
    )
    return draw_database(PairSet(Path("nowhere"), tuple(pictures), sounds))


@pytest.fixture(scope="module")
def similar(database) -> Similarities:
    rng = np.random.default_rng(5)
    n, m = len(database.pairs), len(database.query_pairs)

    def draw(n_rows: int):
        return rng.uniform(-1.0, 1.0, (n_rows, n)).astype(np.float32)

    return Similarities(draw(n), draw(n), draw(n), draw(n), draw(m), draw(m))


@pytest.fixture(scope="module")
def labels(database) -> PseudoLabels:
    rng = np.random.default_rng(6)

    def draw():
        return [
            frozenset(rng.integers(0, 40, 4).tolist())
            for _ in range(len(database.pairs))
        ]

    return PseudoLabels(draw(), draw(), "random")


@pytest.fixture(scope="module")
def figures(database, similar, labels):
    return measure_retrieval(database, similar, labels, ks=KS)


def is_right(database, labels, criterion, sound: int, picture: int) -> bool:
    pair_set, pairs = database.pair_set, database.pairs
    heard = pair_set.sounds[pairs[sound].sound]
    objects = pair_set.pictures[pairs[picture].picture].objects
    if criterion is Criterion.SHOWN:
        return any(answers(placed, heard) for placed in objects)
    if criterion is Criterion.SOUNDING:
        return answers(objects[pairs[picture].placed], heard)
    if criterion is Criterion.LABELS:
        return bool(labels.sounds[sound] & labels.pictures[picture])
    return sound == picture


def found_by(database, labels, search, similarity) -> list[list[bool]]:
    """List for every query whether each neighbour, nearest first, is right."""
    n, rows = len(database.pairs), []
    asks_with_sound = search.direction is Direction.SOUND_TO_PICTURE
    for query in range(n):
        distances, taken = [], set()
        for item in range(n):
            sound, picture = (query, item) if asks_with_sound else (item, query)
            number = database.pairs[item].sound
            is_own = search.criterion is Criterion.OWN
            if not asks_with_sound and not is_own and number in taken:
                continue
            taken.add(number)
            is_related = (
                query == item
                or database.pairs[query].sound == number
                or database.picture_sources[query] == database.picture_sources[item]
            )
            if is_related and not (is_own and query == item):
                continue
            right = is_right(database, labels, search.criterion, sound, picture)
            distances.append((-float(similarity[sound, picture]), right))
        rows.append([right for _, right in sorted(distances, key=lambda d: d[0])])
    return rows


def test_every_search_agrees_with_counting(database, similar, labels, figures) -> None:
    assert len(figures.searches) == 2 * 4 * 3
    for search in figures.searches:
        rows = found_by(database, labels, search, tables(similar)[search.form])
        is_table_6 = search.criterion is Criterion.LABELS
        counted = [row for row in rows if is_table_6 or any(row)]
        got = search.figures
        assert got.n_queries == len(counted)
        for k, recall, precision in zip(got.ks, got.recall, got.precision, strict=True):
            assert recall.mean == pytest.approx(np.mean([any(r[:k]) for r in counted]))
            assert precision.mean == pytest.approx(
                np.mean([np.mean(r[:k]) for r in counted])
            )


def test_table_6_has_the_papers_numbers_of_neighbours(figures) -> None:
    search = figures.search(Direction.SOUND_TO_PICTURE, Form.PAPER, Criterion.LABELS)
    assert {10, 15, 20} <= set(search.figures.ks)
    assert search.random_10 == pytest.approx(search.figures.chance_precision, abs=0.03)


def test_the_kinds_average_to_the_whole(figures) -> None:
    for form in Form:
        rows = [row for row in figures.by_kind if row.form is form]
        whole = figures.search(
            Direction.SOUND_TO_PICTURE, form, Criterion.SHOWN
        ).figures
        assert sum(row.n_queries for row in rows) == whole.n_queries
        mean = sum(row.n_queries * row.average_precision for row in rows)
        assert mean / whole.n_queries == pytest.approx(whole.average_precision.mean)
        chance = sum(row.n_queries * row.chance for row in rows) / whole.n_queries
        assert chance == pytest.approx(whole.chance_average_precision)


def test_without_pseudo_labels_the_kinds_stand_in_and_say_so(database, similar) -> None:
    labels = kinds_as_labels(database, reason="no trunks")
    figures = measure_retrieval(database, similar, labels, ks=KS)
    assert "kinds (no trunks)" in figures.pseudo_labels
    name = Direction.SOUND_TO_PICTURE, Form.GUIDED
    by_labels = figures.search(*name, Criterion.LABELS).figures
    shown = figures.search(*name, Criterion.SHOWN).figures
    assert by_labels.precision[0] == shown.precision[0]


def test_a_search_that_was_not_measured_is_not_found(figures) -> None:
    with pytest.raises(LookupError, match="sounding"):
        figures.search(Direction.PICTURE_TO_SOUND, Form.PEAK, Criterion.SOUNDING)


def test_a_number_of_neighbours_below_one_is_refused(database, similar, labels) -> None:
    with pytest.raises(ValueError, match="0"):
        measure_retrieval(database, similar, labels, ks=(0, 5))


@pytest.mark.parametrize("k", KS)
def test_conditional_figures_agree_with_counting(
    database, similar, figures, k: int
) -> None:
    got, n = figures.conditional, len(database.pairs)
    pair_set, pairs = database.pair_set, database.pairs
    heard, silent, shared, sounds, chance, chance_sounds = [], [], [], [], [], []
    for second in range(n, len(database.query_pairs)):
        first = int(database.query_pairs[second])
        neighbourhoods = []
        for mine, other in ((first, second), (second, first)):
            source = database.picture_sources[first]
            rest = [j for j in range(n) if database.picture_sources[j] != source]
            near = sorted(rest, key=lambda j: -similar.given_sound[mine, j])[:k]
            neighbourhoods.append(set(near))
            sound, unheard = (
                pair_set.sounds[int(database.query_sounds[i])] for i in (mine, other)
            )

            def shows(j: int, what) -> bool:
                objects = pair_set.pictures[pairs[j].picture].objects
                return any(answers(placed, what) for placed in objects)

            heard.append(np.mean([shows(j, sound) for j in near]))
            silent.append(np.mean([shows(j, unheard) for j in near]))
            chance.append(np.mean([shows(j, sound) for j in rest]))
            gallery: dict[int, int] = {}
            for j, pair in enumerate(pairs):
                gallery.setdefault(pair.sound, j)
            gallery.pop(int(database.query_sounds[mine]), None)
            near = sorted(
                gallery.values(), key=lambda j: -similar.given_picture[mine, j]
            )[:k]
            kinds = {j: pair_set.sounds[pairs[j].sound].kind for j in gallery.values()}
            if sound.kind in kinds.values():
                sounds.append(np.mean([kinds[j] == sound.kind for j in near]))
                rights = [kind == sound.kind for kind in kinds.values()]
                chance_sounds.append(np.mean(rights))
        one, two = neighbourhoods
        shared.append(len(one & two) / k)
    at = got.ks.index(k)
    assert got.n_pictures == len(shared)
    assert got.heard[at].mean == pytest.approx(np.mean(heard))
    assert got.silent[at].mean == pytest.approx(np.mean(silent))
    assert got.difference[at].mean == pytest.approx(np.mean(heard) - np.mean(silent))
    assert got.shared[at].mean == pytest.approx(np.mean(shared))
    assert got.chance == pytest.approx(np.mean(chance))
    assert got.sounds[at].mean == pytest.approx(np.mean(sounds))
    assert got.chance_sounds == pytest.approx(np.mean(chance_sounds))
