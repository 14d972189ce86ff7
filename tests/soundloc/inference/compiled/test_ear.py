import numpy as np
import pytest
import torch

from soundloc.architecture.config import LocalizerConfig
from soundloc.architecture.log_mel import PATCH_SAMPLES, PATCH_STRIDE
from soundloc.inference.compiled.ear import CompiledEar
from soundloc.inference.torch_engine import TorchEar, stored_of
from soundloc.network.model import SoundLocalizationNet


@pytest.mark.parametrize("pooling", ["mean", "loudness"])
@pytest.mark.parametrize(
    "n_samples", [1, 700, PATCH_SAMPLES, PATCH_SAMPLES + PATCH_STRIDE - 1, 900_000]
)
def test_it_hears_what_torch_hears(enliven, pooling, n_samples):
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="log-mel",
        sound_pooling=pooling,
    )
    net = enliven(SoundLocalizationNet(config)).eval()
    rng = np.random.default_rng(0)
    track = np.asarray(0.1 * rng.standard_normal(n_samples), np.float32)
    (expected,) = TorchEar(net.sound).hear(track)
    ear = CompiledEar(stored_of(net).tensors, weighs_loudness=pooling == "loudness")
    (heard,) = ear.hear(track)
    assert heard.clock == expected.clock
    scale = np.abs(expected.frames).max()
    np.testing.assert_allclose(heard.frames, expected.frames, atol=1e-4 * scale)
    if pooling == "mean":
        assert heard.weights is None
        assert expected.weights is None
    else:
        np.testing.assert_allclose(heard.weights, expected.weights, rtol=1e-5)
