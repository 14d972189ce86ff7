import pytest
import torch
from torch import nn

from soundloc.architecture.config import LocalizerConfig
from soundloc.network.model import SoundLocalizationNet


@pytest.fixture(scope="session")
def enliven():
    """Keep the signal of random weights alive through fifty layers."""

    def apply(network: nn.Module) -> nn.Module:
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_var, 0.05, 0.2)
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                nn.init.normal_(module.bias, 0.0, 0.3)
        return network

    return apply


@pytest.fixture(scope="session")
def lite_net(enliven) -> SoundLocalizationNet:
    """Return a small-trunk network with random weights; read only."""
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="conv5+conv7",
        sound_norm="standardise",
        temperature=0.07,
    )
    return enliven(SoundLocalizationNet(config)).eval()
