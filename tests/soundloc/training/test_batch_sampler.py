from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry
from soundloc.training.batch_sampler import Batch, BatchSampler, SamplingSettings
from tests.soundloc.worlds import draw_world

N_CELLS = 48


def related(a: str | None, b: str | None) -> bool:
    return a == b


def draw(step: int = 0) -> Batch:
    sampler = BatchSampler(draw_world(), related=related, seed=0)
    pictures = sampler.draw_pictures(step, 4)
    return sampler.draw(step, pictures=pictures, n_per_picture=2, n_foreign=4)


def test_every_own_sound_belongs_to_its_picture() -> None:
    batch = draw()
    own = torch.arange(batch.n_own)
    assert batch.n_own == 8
    assert (batch.belongs[batch.picture_of, own] == 1).all()


def test_noise_is_foreign_to_every_picture() -> None:
    batch = draw()
    assert batch.is_unlocalizable.any()
    assert (batch.belongs[:, batch.is_unlocalizable] == -1).all()


def test_a_step_draws_the_same_batch_again() -> None:
    first, second = draw(3), draw(3)
    assert torch.equal(first.pictures, second.pictures)
    assert torch.equal(first.sounds, second.sounds)
    assert not torch.equal(first.sounds, draw(4).sounds)


def test_thinning_keeps_every_cell_of_the_objects() -> None:
    batch = draw()
    thin = batch.thinned(24, seed=0)
    assert thin.pictures.shape[2:] == (1, 24)
    assert thin.targets.sum((1, 2)) == pytest.approx(1.0)


def test_thinned_cells_stand_for_all() -> None:
    thin = draw().thinned(24, seed=0)
    assert thin.log_weights.exp().sum((1, 2)) == pytest.approx(N_CELLS)


def test_thinning_to_more_cells_than_there_are_changes_nothing() -> None:
    batch = draw()
    assert batch.thinned(N_CELLS, seed=0) is batch


def sirens_and_apes(seen: str | None, heard: str | None) -> bool:
    return {seen, heard} == {"ape", "siren"}


def test_what_a_sound_must_not_point_at_is_marked_and_kept() -> None:
    world = draw_world()
    ape = PlacedObject("ape", ((0.0, 0.0, 0.25, 0.5),))
    pictures = tuple(
        replace(p, objects=(*p.objects, ape)) for p in world.pair_set.pictures
    )
    world = replace(world, pair_set=replace(world.pair_set, pictures=pictures))
    sampler = BatchSampler(world, related=related, never=sirens_and_apes, seed=0)
    chosen = sampler.draw_pictures(0, 4)
    batch = sampler.draw(0, pictures=chosen, n_per_picture=2, n_foreign=4)
    # Sirens are seen, too, but no ape is heard.
    assert batch.silent.shape[1] == 1
    height, width = batch.silent.shape[2:]
    expected = torch.zeros(height, width)
    expected[: height // 2, : width // 4] = 1.0
    assert torch.equal(batch.silent, expected.expand(4, 1, -1, -1))
    thin = batch.thinned(24, seed=0)
    assert thin.silent.sum((1, 2, 3)) == pytest.approx(expected.sum().item())
    siren = sampler.kinds.index("siren")
    assert torch.equal(batch.is_denied, (batch.kinds == siren)[None])
    assert batch.is_denied.any()
    assert not draw().silent.any()
    assert not draw().is_denied.any()


def test_mixed_sounds_stay_of_their_kind() -> None:
    cache = draw_world()
    sampler = BatchSampler(
        cache, related=related, seed=0, how=SamplingSettings(mixes=True)
    )
    pictures = sampler.draw_pictures(0, 8)
    batch = sampler.draw(0, pictures=pictures, n_per_picture=3, n_foreign=0)
    heard = torch.from_numpy(np.float32(cache.sounds)).flatten(0, 1)
    kinds = torch.arange(3).repeat_interleave(8)  # 4 sounds in 2 variations each
    likeness = torch.corrcoef(torch.cat([batch.sounds, heard]))[: batch.n_own, -24:]
    assert torch.equal(kinds[likeness.argmax(1)], batch.kinds)
    as_stored = (batch.sounds[:, None] == heard[None]).all(2).any(1)
    assert 0 < as_stored.sum() < batch.n_own


def recorded_world() -> FeatureCache:
    """Three pictures of nobody knows what, each with the sound recorded with it."""
    pictures = tuple(
        PictureEntry(
            f"{n}.jpg", "train", f"clip{n}", (PlacedObject(None, (), f"c{n}"),)
        )
        for n in range(3)
    )
    sounds = tuple(
        SoundEntry(f"{n}.wav", None, "train", f"clip{n}", f"c{n}") for n in range(3)
    )
    values = np.arange(3, dtype=np.float16)
    return FeatureCache(
        PairSet(Path("nowhere"), pictures, sounds),
        np.ones((3, 432, 2, 2), np.float16) * values[:, None, None, None],
        np.ones((3, 1, 1280), np.float16) * values[:, None, None],
        np.full((2, 1280), 9.0, np.float16),
    )


def test_a_picture_of_unknown_kind_gets_the_sound_recorded_with_it() -> None:
    sampler = BatchSampler(recorded_world(), related=related, seed=0)
    batch = sampler.draw(0, pictures=np.arange(3), n_per_picture=1, n_foreign=0)
    assert torch.equal(batch.sounds[:, 0], batch.pictures[:, 0, 0, 0])
    assert torch.equal(batch.belongs, 2 * torch.eye(3, dtype=torch.long) - 1)
    assert not batch.is_unlocalizable.any()
    assert (batch.kinds == -1).all()


def test_own_share_decides_between_an_objects_own_sound_and_its_kind() -> None:
    cache = draw_world()
    known = tuple(
        replace(p, objects=tuple(replace(o, instance="it") for o in p.objects))
        for p in cache.pair_set.pictures
    )
    sounds = cache.pair_set.sounds
    sounds = (replace(sounds[0], instance="it"), *sounds[1:])
    cache = replace(cache, pair_set=PairSet(Path("nowhere"), known, sounds))
    for own_share, expected in ((1.0, 8), (0.0, 2)):
        how = SamplingSettings(own_share=own_share)
        sampler = BatchSampler(cache, related=related, seed=0, how=how)
        batch = sampler.draw(0, pictures=np.arange(8), n_per_picture=1, n_foreign=0)
        heard = torch.from_numpy(np.float32(cache.sounds[0]))
        n_own = sum(bool((heard == s).all(1).any()) for s in batch.sounds)
        assert (n_own == expected) if own_share == 1.0 else (n_own <= expected)


@pytest.mark.parametrize(("n_labelled", "expected"), [(0, 0), (2, 2), (6, 4), (12, 8)])
def test_few_labels_come_up_in_every_batch(n_labelled: int, expected: int) -> None:
    cache = draw_world(12)
    hidden = tuple(
        p
        if number < n_labelled
        else replace(p, objects=tuple(replace(o, boxes=()) for o in p.objects))
        for number, p in enumerate(cache.pair_set.pictures)
    )
    pair_set = replace(cache.pair_set, pictures=hidden)
    sampler = BatchSampler(
        replace(cache, pair_set=pair_set),
        related=related,
        seed=0,
        how=SamplingSettings(placed_share=0.5),
    )
    for step in range(5):
        drawn = sampler.draw_pictures(step, 8)
        assert len(set(drawn.tolist())) == 8
        assert int((drawn < n_labelled).sum()) == expected
