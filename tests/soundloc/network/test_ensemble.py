import pytest
import torch
from torch import nn

from soundloc.architecture.config import LocalizerConfig
from soundloc.network.ensemble import join_heads
from soundloc.network.headwise_linear import HeadwiseLinear
from soundloc.network.model import SoundLocalizationNet

CONFIG = LocalizerConfig(
    visual_trunk="efficientnet_lite0",
    sound_features="log-mel",
    embedding_dim=16,
    sound_norm="standardise",
    judges_sound=True,
)


def head_of(seed: int) -> SoundLocalizationNet:
    """Draw a network with heads of its own on trunks that all share."""
    torch.manual_seed(0)
    trunks = SoundLocalizationNet(CONFIG)
    torch.manual_seed(seed)
    net = SoundLocalizationNet(CONFIG)
    net.copy_trunks(trunks)
    net.sound.head.mean.fill_(0.5)
    return net.eval()


@pytest.fixture(scope="module")
def heads() -> list[SoundLocalizationNet]:
    return [head_of(seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def joined(heads: list[SoundLocalizationNet]) -> SoundLocalizationNet:
    return join_heads(heads)


def test_a_headwise_layer_is_as_many_layers() -> None:
    layer = HeadwiseLinear(5, 4, 3)
    x = torch.randn(7, 15)
    parts = []
    for head in range(3):
        own = nn.Linear(5, 4)
        own.weight.data = layer.weight.data[4 * head : 4 * head + 4]
        own.bias.data = layer.bias.data[4 * head : 4 * head + 4]
        parts.append(own(x[:, 5 * head : 5 * head + 5]))
    torch.testing.assert_close(layer(x), torch.cat(parts, dim=1))


@torch.no_grad()
def test_joined_heads_answer_with_their_mean(
    heads: list[SoundLocalizationNet], joined: SoundLocalizationNet
) -> None:
    pixels, waveform = torch.rand(2, 3, 48, 64) * 255, torch.randn(2, 30_000) * 0.1
    seen, pooled = joined.visual(pixels), joined.sound(waveform)
    h = joined.sound.head(pooled)
    assert seen.shape[1] == h.shape[1] == joined.config.joint_dim == 48
    # By hand: the inner products of all heads over the lengths of all side by side.
    products = torch.zeros(2, *seen.shape[2:])
    v_lengths, h_lengths = torch.zeros_like(products), torch.zeros(2)
    for net in heads:
        v, own = net.visual(pixels), net.sound.head(net.sound(waveform))
        for b in range(2):
            for y in range(seen.shape[2]):
                for x in range(seen.shape[3]):
                    products[b, y, x] += v[b, :, y, x] @ own[b]
        v_lengths += v.square().sum(dim=1)
        h_lengths += own.square().sum(dim=1)
    expected = products / (v_lengths.sqrt() * h_lengths.sqrt()[:, None, None])
    answer = joined.localize(seen, pooled)
    torch.testing.assert_close(answer.response, expected)
    logits = [net.sound.head.presence_logit(pooled) for net in heads]
    torch.testing.assert_close(
        joined.sound.head.presence_logit(pooled), torch.stack(logits).mean(dim=0)
    )


@torch.no_grad()
def test_joined_heads_embed_with_their_mean(
    heads: list[SoundLocalizationNet], joined: SoundLocalizationNet
) -> None:
    z = torch.randn(4, 48)
    parts = [net.embed(z[:, 16 * i : 16 * i + 16]) for i, net in enumerate(heads)]
    torch.testing.assert_close(joined.embed(z), sum(parts) / 3)


def test_only_heads_on_the_same_trunks_are_joined(
    heads: list[SoundLocalizationNet], joined: SoundLocalizationNet
) -> None:
    torch.manual_seed(9)
    stranger = SoundLocalizationNet(CONFIG)
    stranger.sound.head.mean.fill_(0.5)
    with pytest.raises(ValueError, match=r"different .*trunk"):
        join_heads([heads[0], stranger])
    with pytest.raises(ValueError, match="one head and one configuration"):
        join_heads([heads[0], joined])
    with pytest.raises(ValueError, match="one head and one configuration"):
        join_heads([])
