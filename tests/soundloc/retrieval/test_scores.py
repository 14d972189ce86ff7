"""The n × n embeddings against the network's own answer to every single pair."""

import numpy as np
import pytest
import torch

from soundloc.retrieval.pairs import draw_database
from soundloc.retrieval.scores import compare_all
from soundloc.retrieval.search import find_pictures, find_sounds
from tests.soundloc.worlds import draw_world

TOLERANCE = 2e-5  # of float32 sums in another order


@pytest.fixture(scope="module")
def world():
    return draw_world(5, 2)


@pytest.fixture(scope="module")
def database(world):
    return draw_database(world.pair_set)


def answer(net, world, picture: int, sound: int):
    """Ask the network itself, one picture and one sound at a time."""
    with torch.inference_mode():
        features = torch.from_numpy(np.float32(world.pictures[picture]))[None]
        pooled = torch.from_numpy(np.float32(world.sounds[sound, 0]))[None]
        return net.localize(net.visual.neck(features), pooled)


def cosine(a, b) -> float:
    a, b = a[0].numpy().astype(np.float64), b[0].numpy().astype(np.float64)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_every_similarity_is_that_of_single_answers(lite_net, world, database) -> None:
    similar = compare_all(lite_net, world, database)
    pairs = database.pairs
    assert len(database.query_pairs) > len(pairs)
    for i, (p, sound) in enumerate(
        zip(database.query_pairs, database.query_sounds, strict=True)
    ):
        query = answer(lite_net, world, pairs[p].picture, int(sound))
        for j, other in enumerate(pairs):
            same_sound = answer(lite_net, world, other.picture, int(sound))
            same_picture = answer(lite_net, world, pairs[p].picture, other.sound)
            own = answer(lite_net, world, other.picture, other.sound)
            expected = [
                (similar.given_sound, cosine(query.f_v, same_sound.f_v)),
                (similar.given_picture, cosine(query.f_v, same_picture.f_v)),
            ]
            if i < len(pairs):
                peak = float(lite_net.peak(same_sound.response)[0])
                expected += [
                    (similar.paper, cosine(query.f_s, own.f_v)),
                    (similar.guided, cosine(query.f_s, same_sound.f_v)),
                    (similar.peak, peak),
                ]
            for table, value in expected:
                assert table[i, j] == pytest.approx(value, abs=TOLERANCE)


def test_without_a_guide_all_cells_count_the_same(lite_net, world, database) -> None:
    similar = compare_all(lite_net, world, database)
    with torch.inference_mode():
        for i, sound_pair in enumerate(database.pairs):
            f_s = answer(lite_net, world, 0, sound_pair.sound).f_s
            for j, pair in enumerate(database.pairs):
                features = torch.from_numpy(
                    np.asarray(world.pictures[pair.picture], np.float32)
                )
                activation = lite_net.visual.neck(features[None])[0]
                z = torch.stack([channel.mean() for channel in activation])
                f_v = lite_net.embed(z[None])
                assert similar.unguided[i, j] == pytest.approx(
                    cosine(f_s, f_v), abs=TOLERANCE
                )


def test_a_query_from_the_set_finds_what_the_set_finds(
    lite_net, world, database
) -> None:
    similar = compare_all(lite_net, world, database)
    columns = [pair.picture for pair in database.pairs]
    for i, pair in enumerate(database.pairs):
        pooled = np.asarray(world.sounds[pair.sound, 0], np.float32)
        seen = np.asarray(world.pictures[pair.picture], np.float32)
        by_both = find_pictures(lite_net, world, pooled=pooled, seen=seen)
        by_sound = find_pictures(lite_net, world, pooled=pooled)
        by_picture = find_sounds(lite_net, world, seen=seen)
        np.testing.assert_allclose(
            by_both[columns], similar.given_sound[i], atol=TOLERANCE
        )
        np.testing.assert_allclose(by_sound[columns], similar.peak[i], atol=TOLERANCE)
        sounds = [other.sound for other in database.pairs]
        np.testing.assert_allclose(
            by_picture[sounds], similar.peak[:, i], atol=TOLERANCE
        )


def test_the_steps_are_counted_to_the_end(lite_net, world, database) -> None:
    told: list[tuple[int, int]] = []
    compare_all(
        lite_net,
        world,
        database,
        on_step=lambda done, total: told.append((done, total)),
    )
    n = 2 * len(database.pairs)
    assert told == [(i + 1, n) for i in range(n)]
