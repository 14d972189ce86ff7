import math
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from soundloc.architecture.config import LocalizerConfig, Mechanism
from soundloc.network import attention
from soundloc.network.model import SoundLocalizationNet, SoundStream

LITE = LocalizerConfig(
    visual_trunk="efficientnet_lite0",
    sound_features="conv5+conv7",
    sound_norm="standardise",
    temperature=0.07,
)
PAPER = LocalizerConfig()
# Small pictures and short sounds keep these tests fast.
FLOAT_NOISE = 1e-5


@pytest.fixture(scope="module", params=["paper", "lite"])
def net(request, enliven) -> SoundLocalizationNet:
    torch.manual_seed(0)
    network = SoundLocalizationNet(PAPER if request.param == "paper" else LITE)
    return enliven(network).eval()


def pixels(b: int, height: int = 48, width: int = 64) -> Tensor:
    return torch.rand(b, 3, height, width) * 255


def waveform(b: int, n: int = 40_000) -> Tensor:
    return torch.randn(b, n) * 0.1


# V has two cells, v_1 = (3, 4) and v_2 = (0, -2); h = (1, 0), so that the cosines are
# 0.6 and 0.
V = torch.tensor([[[[3.0, 0.0]], [[4.0, -2.0]]]])
H = torch.tensor([[1.0, 0.0]])


@pytest.mark.parametrize("mechanism", get_args(Mechanism))
def test_the_response_is_the_cosine(mechanism):
    a = attention.respond_pairwise(V, H, mechanism=mechanism)
    torch.testing.assert_close(a, torch.tensor([[[0.6, 0.0]]]))  # Eq. 2, Eq. 3


def test_only_mechanism_2_cuts_negative_cosines():
    cosine = attention.respond_pairwise(V, -H, mechanism="cosine")
    torch.testing.assert_close(cosine, torch.tensor([[[-0.6, 0.0]]]))  # Eq. 2
    cut = attention.respond_pairwise(V, -H, mechanism="relu_cosine")
    torch.testing.assert_close(cut, torch.zeros(1, 1, 2))  # Eq. 3


def test_all_pairs_agree_with_the_pairs():
    torch.manual_seed(0)
    pictures, sounds = torch.randn(3, 5, 2, 4), torch.randn(3, 5)
    every = attention.respond(pictures, sounds, mechanism="cosine")
    each = attention.respond_pairwise(pictures, sounds, mechanism="cosine")
    assert every.shape == (3, 3, 2, 4)
    torch.testing.assert_close(every[range(3), range(3)], each)


def test_attention_and_z_by_hand():
    a = attention.respond_pairwise(V, H, mechanism="cosine")
    alpha = attention.attend(a, temperature=1.0)
    first = math.exp(0.6) / (math.exp(0.6) + 1)
    torch.testing.assert_close(alpha, torch.tensor([[[first, 1 - first]]]))  # Eq. 1
    z = attention.locate(V, alpha)
    expected = torch.tensor([[3 * first, 4 * first - 2 * (1 - first)]])
    torch.testing.assert_close(z, expected)  # Eq. 4


def test_temperature_divides_and_the_prior_multiplies():
    a = torch.tensor([[[0.6, 0.0]]])
    prior = torch.tensor([[1.0, 3.0]])
    alpha = attention.attend(a, temperature=0.1, log_prior=prior.log())
    weights = torch.tensor([math.exp(6.0), 3.0])
    torch.testing.assert_close(alpha[0, 0], weights / weights.sum())


def test_a_sound_without_direction_responds_nowhere():
    a = attention.respond_pairwise(V, torch.zeros(1, 2), mechanism="cosine")
    torch.testing.assert_close(a, torch.zeros(1, 1, 2))


def test_the_peak_is_the_mean_of_the_best_half_percent():
    a = torch.zeros(1, 20, 30)
    a[0, 3, 4], a[0, 5, 6], a[0, 0, 0], a[0, 1, 1] = 0.9, 0.6, 0.3, 0.1
    torch.testing.assert_close(attention.peak(a), torch.tensor([0.6]))  # of 600: 3
    torch.testing.assert_close(attention.peak(a[:, :4, :8]), torch.tensor([0.9]))


@pytest.mark.parametrize("b", [1, 2])
def test_shapes_are_those_of_the_paper(net, b):
    config = net.config
    with torch.no_grad():
        answer = net(pixels(b), waveform(b))
    for field in ("attention", "response"):
        assert getattr(answer, field).shape == (b, 3, 4)
    assert answer.z.shape == answer.h.shape == (b, 512)
    assert answer.f_v.shape == answer.f_s.shape == (b, config.sound_dim)
    assert answer.confidence.shape == (b,)
    torch.testing.assert_close(answer.attention.sum((1, 2)), torch.ones(b))


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (33, 70)])
def test_any_picture_size(net, size):
    with torch.no_grad():
        answer = net(pixels(1, *size), waveform(1, 1))
    assert answer.attention.shape == (1, -(-size[0] // 16), -(-size[1] // 16))
    assert torch.isfinite(answer.f_v).all()


def test_a_picture_seen_twice_as_large_has_as_many_cells():
    config = LocalizerConfig(visual_trunk="efficientnet_lite0", picture_scale=2)
    with torch.no_grad():
        answer = SoundLocalizationNet(config).eval()(pixels(1, 64, 128), waveform(1))
    assert answer.attention.shape == (1, 4, 8)


def test_rolling_a_periodic_picture_rolls_the_attention(net):
    # Periods of 16·k px are cells; narrow pictures wrap more than once.
    picture, sound = pixels(1, 48, 96), waveform(1)
    with torch.no_grad():
        rolled = net(picture.roll(32, -1), sound, wrap=True).response
        expected = net(picture, sound, wrap=True).response.roll(2, -1)
        unwrapped = net(picture.roll(32, -1), sound).response
    torch.testing.assert_close(rolled, expected, atol=FLOAT_NOISE, rtol=0)
    assert (unwrapped - expected).abs().max() > 10 * FLOAT_NOISE


def test_batches_do_not_mix(net):
    picture, sound = pixels(2), waveform(2)
    with torch.no_grad():
        both, second = net(picture, sound), net(picture[1:], sound[1:])
    torch.testing.assert_close(
        both.response[1:], second.response, atol=FLOAT_NOISE, rtol=0
    )


def test_cached_features_give_the_same_answer(net):
    picture, sound = pixels(1), waveform(1)
    with torch.no_grad():
        cached_picture = net.visual.trunk(picture, wrap=False)
        cached_sound = net.sound.pool(net.sound.trunk(sound), sound)
        again = net.localize(net.visual.neck(cached_picture), cached_sound)
        torch.testing.assert_close(again.f_v, net(picture, sound).f_v)


def test_every_head_learns_and_the_pretrained_head_does_not():
    torch.manual_seed(0)
    net = SoundLocalizationNet(LITE).train()
    answer = net(pixels(1), waveform(1))
    (answer.f_v.sum() + answer.response.sum() + answer.confidence.sum()).backward()
    heads = {n: p for n, p in net.named_parameters() if ".trunk." not in n}
    for name, parameter in heads.items():
        learns = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert learns == (not name.startswith("visual.neck.head")), name
    assert not net.visual.neck.get_submodule("head").training


def test_standardising_revives_sound_features_that_are_all_negative():
    """conv8 of the published SoundNet: the paper's first ReLU leaves nothing."""
    torch.manual_seed(0)
    pooled = torch.randn(8, 1000) * 0.3 - 3.0
    paper = SoundStream(LocalizerConfig())
    assert paper.head(pooled).std(0).max() == 0.0
    ours = SoundStream(LocalizerConfig(sound_norm="standardise"))
    ours.head.fit(pooled)
    assert ours.head(pooled).std(0).min() > 0.01
    f_s = ours.standardise(pooled)
    torch.testing.assert_close(f_s.mean(0), torch.zeros(1000), atol=1e-5, rtol=0)
    torch.testing.assert_close(f_s.std(0), torch.ones(1000))


def test_a_constant_sound_channel_stays_finite():
    head = SoundStream(LocalizerConfig(sound_norm="standardise")).head
    head.fit(torch.ones(4, 1000))
    torch.testing.assert_close(
        head.standardise(torch.ones(1, 1000)), torch.zeros(1, 1000)
    )


def test_a_channel_that_never_moved_in_training_cannot_drown_the_others():
    torch.manual_seed(0)
    head = SoundStream(LocalizerConfig(sound_norm="standardise")).head
    training = torch.randn(64, 1000)
    training[:, 0] = 0.0
    head.fit(training)
    later = torch.randn(1, 1000)
    later[0, 0] = 1.0
    assert head.standardise(later)[0, 0] <= 8.0
    later[0, 0] = 0.1
    assert head.standardise(later)[0, 0] == pytest.approx(1.0, rel=0.2)


def test_only_a_standardising_head_can_be_fitted():
    with pytest.raises(ValueError, match="does not standardise"):
        SoundStream(PAPER).head.fit(torch.ones(4, 1000))


def test_the_paper_trains_the_published_number_of_parameters():
    # FC9, FC10 and the two layers to f_v, as in the official code
    net = SoundLocalizationNet(PAPER)
    heads = [net.sound.head, net.visual_embedding]
    assert sum(p.numel() for m in heads for p in m.parameters()) == 2_289_168


def test_channel_dropout_acts_only_while_training():
    torch.manual_seed(0)
    config = LocalizerConfig(visual_trunk="efficientnet_lite0", neck_dropout=0.5)
    neck = SoundLocalizationNet(config).visual.neck
    features = torch.rand(1, 432, 2, 2)
    neck.eval()
    torch.testing.assert_close(neck(features), neck(features))
    neck.train()
    assert not torch.equal(neck(features), neck(features))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"visual_trunk": "resnet"}, "resnet"),
        ({"temperature": 0.0}, r"temperature must be positive, got 0.0"),
        ({"embedding_dim": 256}, r"embedding_dim must be 512 with vgg16, got 256"),
        ({"n_heads": 0}, "n_heads must be ≥ 1, got 0"),
        ({"n_heads": 2}, "vgg16 has no neck"),
        ({"picture_scale": 1.5}, "1.5"),
        ({"picture_scale": 2}, "only efficientnet_lite0 enlarges pictures"),
        ({"smoothing_cells": -1.0}, r"smoothing_cells must be in \[0, 4\], got -1.0"),
        ({"neck_dropout": 1.0}, r"neck_dropout must be in \[0, 1\), got 1.0"),
    ],
)
def test_nonsense_settings_are_refused(change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        LocalizerConfig(**change)


def test_confidence_rises_with_the_peak(net):
    weak, strong = torch.full((1, 3, 4), 0.1), torch.full((1, 3, 4), 0.6)
    sure = torch.ones(1)
    with torch.no_grad():
        assert net.confidence(weak, sure) < 0.5 < net.confidence(strong, sure)
    assert isinstance(net.confidence_scale, nn.Parameter)


def test_a_sound_whose_like_has_no_place_is_never_confident():
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="conv5+conv7",
        judges_sound=True,
    )
    net = SoundLocalizationNet(config).eval()
    head, visual = net.sound.head, torch.rand(2, 512, 3, 4)
    pooled = torch.rand(2, config.sound_dim)
    with torch.no_grad():
        head.presence_head.weight.zero_()
        head.presence_head.weight[0, 0] = 20.0
        head.presence_head.bias.zero_()
        pooled[:, 0] = torch.tensor([1.0, -1.0])  # a thing, and wind
        answer = net.localize(visual, pooled)
        match = torch.sigmoid(net.match_logit(answer.response[0]))
        sound = head.embed(pooled)
    assert answer.confidence[0] == pytest.approx(float(match), abs=1e-6)
    assert answer.confidence[1] < 1e-6
    assert sound.presence.tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
    assert sound.h.norm(dim=1).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)


def test_without_a_presence_head_every_sound_has_a_place(net):
    pooled = torch.rand(3, net.config.sound_dim)
    with torch.no_grad():
        presence = net.sound.head.embed(pooled).presence
    assert presence.tolist() == pytest.approx([1.0] * 3, abs=1e-5)
    with pytest.raises(ValueError, match="no presence head"):
        net.sound.head.presence_logit(pooled)
