import numpy as np
import pytest
import torch

from soundloc.architecture.config import LocalizerConfig
from soundloc.inference.sound_head import SoundHead
from soundloc.inference.torch_engine import stored_of
from soundloc.network.model import SoundLocalizationNet


def network(**changes) -> SoundLocalizationNet:
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="log-mel",
        embedding_dim=32,
        **changes,
    )
    return SoundLocalizationNet(config).eval()


@pytest.mark.parametrize("n_heads", [1, 3])
@pytest.mark.parametrize("judges_sound", [True, False])
@pytest.mark.parametrize("sound_norm", ["none", "standardise"])
def test_it_answers_as_the_network_does(n_heads, judges_sound, sound_norm):
    net = network(n_heads=n_heads, judges_sound=judges_sound, sound_norm=sound_norm)
    pooled = np.random.default_rng(0).standard_normal((5, 1024)).astype(np.float32)
    if sound_norm == "standardise":
        net.sound.head.fit(torch.from_numpy(2.0 * pooled + 0.3))
    with torch.no_grad():
        expected = net.sound.head.embed(torch.from_numpy(pooled))
    stored = stored_of(net)
    h, presence = SoundHead(stored.config, stored.tensors).embed(pooled)
    np.testing.assert_allclose(h, expected.h, atol=1e-5)
    np.testing.assert_allclose(presence, expected.presence, atol=1e-5)


@pytest.mark.parametrize(("bias", "presence"), [(-1e4, 0.0), (1e4, 1.0)])
def test_the_surest_judgements_stay_numbers(bias, presence):
    net = network(judges_sound=True)
    torch.nn.init.constant_(net.sound.head.presence_head.bias, bias)
    stored = stored_of(net)
    head = SoundHead(stored.config, stored.tensors)
    _, found = head.embed(np.ones((2, 1024), np.float32))
    np.testing.assert_allclose(found, presence, atol=1e-6)
