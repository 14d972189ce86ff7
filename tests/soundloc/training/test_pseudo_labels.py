from dataclasses import replace

import numpy as np

from soundloc.data.feature_cache import FeatureCache
from soundloc.network.model import SoundLocalizationNet
from soundloc.training.batch_sampler import BatchSampler
from soundloc.training.calibrate_confidence import calibrate_confidence
from soundloc.training.pseudo_labels import agree
from soundloc.training.train import Training, TrainSettings
from tests.soundloc.training.test_train import fresh_net, related
from tests.soundloc.worlds import draw_world


def without_places(cache: FeatureCache) -> FeatureCache:
    pictures = tuple(
        replace(p, objects=tuple(replace(o, boxes=()) for o in p.objects))
        for p in cache.pair_set.pictures
    )
    return replace(cache, pair_set=replace(cache.pair_set, pictures=pictures))


def taught(seed: int) -> SoundLocalizationNet:
    settings = TrainSettings(
        n_steps=40, n_pictures=6, n_cells=48, warmup_steps=5, ema_decay=0.9, seed=seed
    )
    sampler = BatchSampler(draw_world(), related=related, seed=seed)
    training = Training(fresh_net(), sampler, settings)
    training.run()
    training.finish()
    calibrate_confidence(training.net, draw_world(seed=4), related=related)
    return training.net


def test_teachers_that_learned_agree_on_the_right_places() -> None:
    world = draw_world(seed=7)
    agreement = agree(taught(1), taught(2), without_places(world), related=related)
    assert agreement.n_asked == 36
    assert len(agreement.places) > 24
    inside = 0.0
    for (picture, number), place in agreement.places.items():
        (x0, y0, x1, y1) = world.pair_set.pictures[picture].objects[number].boxes[0]
        height, width = place.shape
        rows = slice(round(y0 * height), round(y1 * height))
        inside += float(place[rows, round(x0 * width) : round(x1 * width)].sum())
        assert np.isclose(place.sum(), 1.0)
    assert inside / len(agreement.places) > 0.9


def test_untaught_teachers_agree_on_little() -> None:
    first, second = fresh_net(), fresh_net()
    for parameter in second.parameters():
        parameter.data = parameter.data.flip(0)
    world = without_places(draw_world())
    asked = agree(first, second, world, related=related)
    assert len(asked.places) < 0.2 * asked.n_asked


def test_unsure_teachers_are_not_believed() -> None:
    teacher = taught(1)
    world = without_places(draw_world())
    agreement = agree(teacher, teacher, world, related=related, min_confidence=1.1)
    assert not agreement.places
    assert agree(teacher, teacher, world, related=related).places


def test_places_that_are_known_are_not_asked_for() -> None:
    teacher = taught(1)
    assert agree(teacher, teacher, draw_world(), related=related).n_asked == 0


def test_a_student_trains_on_what_the_teachers_agreed_on() -> None:
    world = without_places(draw_world())
    place = np.zeros((6, 8), np.float32)
    place[3, 4] = 1.0
    sampler = BatchSampler(world, related=related, seed=0, pseudo={(2, 0): place})
    batch = sampler.draw(0, pictures=np.array([2, 3]), n_per_picture=3, n_foreign=0)
    placed = batch.targets.flatten(1).sum(1) > 0
    assert placed.sum() == 1
    assert batch.targets[placed][0, 3, 4] == 1.0
