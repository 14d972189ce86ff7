from dataclasses import replace

import numpy as np
import pytest
import torch

from soundloc.architecture.config import LocalizerConfig
from soundloc.data.feature_cache import FeatureCache
from soundloc.evaluation.predictions import predict, top_quarter
from soundloc.evaluation.queries import Relation, ask
from soundloc.network.model import SoundLocalizationNet
from tests.soundloc.evaluation.quiz import draw_pair_set, same

VISUAL_CHANNELS, SOUND_FEATURES, HEIGHT, WIDTH = 432, 1280, 6, 8
# Half of the last digit of a 16-bit float below 1.
HALF_PRECISION = 2.5e-4


@pytest.fixture(scope="module")
def cache() -> FeatureCache:
    rng = np.random.default_rng(0)
    pairs = draw_pair_set(5)

    def draw(*shape: int):
        return rng.standard_normal(shape).astype(np.float16)

    return FeatureCache(
        pairs,
        draw(len(pairs.pictures), VISUAL_CHANNELS, HEIGHT, WIDTH),
        draw(len(pairs.sounds), 2, SOUND_FEATURES),
        draw(3, SOUND_FEATURES),
    )


def cosine_by_hand(net, cache, question) -> np.ndarray:
    """Compare cell by cell, one dot product each."""
    features = np.asarray(cache.pictures[question.picture], np.float32)[None]
    pooled = np.asarray(cache.sounds[question.sound, 0], np.float32)
    if question.relation is Relation.NOISE:
        pooled = np.asarray(cache.noises[question.sound], np.float32)
    with torch.inference_mode():
        if question.relation is Relation.SILENCE:
            pooled = net.sound(torch.zeros(1, 5 * 22_050))[0].numpy()
        visual = net.visual.neck(torch.from_numpy(features))[0].numpy()
        h = net.sound.head(torch.from_numpy(pooled)[None])[0].numpy()
    cosine = np.empty((HEIGHT, WIDTH))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            v = visual[:, y, x]
            cosine[y, x] = v @ h / np.linalg.norm(v) / np.linalg.norm(h)
    return cosine


@pytest.mark.parametrize("mechanism", ["cosine", "relu_cosine"])
def test_every_question_is_answered_with_its_own_picture_and_sound(
    lite_net, cache, mechanism
) -> None:
    config = replace(lite_net.config, mechanism=mechanism)
    net = SoundLocalizationNet(config).eval()
    net.load_state_dict(lite_net.state_dict())
    questions = ask(cache.pair_set, related=same, n_noises=3)
    told: list[tuple[str, int, int]] = []
    predictions = predict(
        net, cache, questions, on_step=lambda *step: told.append(step)
    )
    assert told[-1] == ("asking", 5, 5)
    assert predictions.responses.shape == (len(questions), HEIGHT, WIDTH)
    for row, question in enumerate(questions):
        cosine = cosine_by_hand(net, cache, question)
        response = cosine.clip(0.0) if mechanism == "relu_cosine" else cosine
        assert predictions.responses[row] == pytest.approx(response, abs=HALF_PRECISION)
        for strength, values in (
            (predictions.cosine, cosine),
            (predictions.relu_cosine, cosine.clip(0.0)),
        ):
            ranked = np.sort(values, axis=None)[::-1]
            assert strength.peak[row] == pytest.approx(ranked[0], abs=1e-5)
            quarter = ranked[: HEIGHT * WIDTH // 4].mean()
            assert strength.top_quarter[row] == pytest.approx(quarter, abs=1e-5)
        a = torch.from_numpy(response)
        confidence = torch.sigmoid(
            net.confidence_scale * (a.max() - net.confidence_bias)
        )
        assert predictions.confidence[row] == pytest.approx(confidence.item(), abs=1e-5)
    assert predictions.strength is (
        predictions.cosine if mechanism == "cosine" else predictions.relu_cosine
    )


def test_the_object_prior_is_the_mean_response_to_the_sounds_of_the_set(
    lite_net, cache
) -> None:
    questions = ask(cache.pair_set, related=same, n_noises=3)
    predictions = predict(lite_net, cache, questions)
    # All twelve sounds of a kind are drawn, and no wind.
    with torch.inference_mode():
        visual = lite_net.visual.neck(torch.from_numpy(np.float32(cache.pictures)))
        h = lite_net.sound.head(torch.from_numpy(np.float32(cache.sounds[:12, 0])))
        expected = lite_net.respond(visual, h).mean(1).numpy()
    assert predictions.priors == pytest.approx(expected, abs=HALF_PRECISION)


def test_the_top_quarter_of_a_tiny_map_is_its_best_cell() -> None:
    a = torch.tensor([[[0.1, 0.9, 0.2]], [[0.5, 0.5, 0.5]]])
    assert top_quarter(a).tolist() == pytest.approx([0.9, 0.5])


def test_the_papers_network_can_be_asked(cache) -> None:
    torch.manual_seed(0)
    net = SoundLocalizationNet(LocalizerConfig(sound_norm="standardise"))
    rng = np.random.default_rng(1)
    n = len(cache.pair_set.sounds)
    vgg = FeatureCache(
        cache.pair_set,
        rng.standard_normal((5, 512, 3, 4)).astype(np.float16),
        rng.standard_normal((n, 1, 1000)).astype(np.float16),
        rng.standard_normal((2, 1000)).astype(np.float16),
    )
    predictions = predict(net, vgg, ask(cache.pair_set, related=same, n_noises=2))
    assert np.isfinite(predictions.responses).all()
    assert predictions.responses.shape[1:] == (3, 4)
