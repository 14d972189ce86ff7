from dataclasses import replace

import numpy as np
import torch

from soundloc.training.batch_sampler import BatchSampler, SamplingSettings
from soundloc.training.hard_negatives import (
    SoundSimilarity,
    without_likely_false_negatives,
)
from tests.soundloc.worlds import draw_world


def test_the_nearest_foreign_sound_is_chosen() -> None:
    cache = draw_world(n_sounds=4)
    similarity = SoundSimilarity(cache)
    heard = np.float64(cache.sounds[:, 0])
    standard = (heard - heard.mean(0)) / heard.std(0)
    unit = standard / np.linalg.norm(standard, axis=1, keepdims=True)
    asked, candidates = [0, 5], [1, 2, 3, 8, 9, 10, 11]
    cosine = (unit[candidates] @ unit[asked].T).max(1)
    of_other_kinds = [i for i, c in enumerate(candidates) if c > 3]
    best = max(of_other_kinds, key=lambda i: cosine[i])
    found = similarity.nearest(candidates, asked, lambda sound, other: sound > 3)
    assert found == candidates[best]


def test_hard_foreign_sounds_are_more_alike_than_random_ones() -> None:
    cache = draw_world(n_sounds=8)
    rng = np.random.default_rng(1)
    blurred = cache.sounds + rng.normal(0, 3, cache.sounds.shape)  # some look alike
    cache = replace(cache, sounds=blurred.astype(np.float16))
    entries = cache.pair_set.pictures
    one_kind = [replace(p, objects=p.objects[:1]) for p in entries]
    cache = replace(cache, pair_set=replace(cache.pair_set, pictures=tuple(one_kind)))

    def closeness(hard_share: float) -> float:
        sampler = BatchSampler(
            cache,
            related=lambda a, b: a == b,
            seed=0,
            how=SamplingSettings(hard_share=hard_share),
        )
        found = []
        for step in range(12):
            pictures = sampler.draw_pictures(step, 2)
            batch = sampler.draw(step, pictures=pictures, n_per_picture=1, n_foreign=2)
            unit = torch.nn.functional.normalize(
                batch.sounds - torch.from_numpy(np.float32(cache.sounds)).mean((0, 1)),
                dim=1,
            )
            cosine = unit[batch.n_own :] @ unit[: batch.n_own].T
            foreign = batch.belongs[:, batch.n_own :].T < 0
            found += cosine[foreign].tolist()
        return float(np.mean(found))

    assert closeness(1.0) > closeness(0.0)


def test_a_foreign_sound_like_the_own_one_is_doubted() -> None:
    belongs = torch.tensor([[1, -1, -1, -1], [-1, 1, 0, -1]])
    f_s = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.99, 0.1], [-1.0, 0.0]])
    doubted = without_likely_false_negatives(
        belongs, f_s, torch.tensor([0, 1]), above_cosine=0.9
    )
    assert doubted.tolist() == [[1, -1, 0, -1], [-1, 1, 0, -1]]
