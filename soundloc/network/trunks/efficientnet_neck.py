"""The neck between EfficientNet-lite0 and the visual activation V."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.architecture.efficientnet_lite0 import HEAD_CHANNELS, MIDDLE_CHANNELS
from soundloc.network.trunks.efficientnet import EfficientNetLite0Head

MIX_CHANNELS = 256


class LiteNeck(nn.Module):
    """The pretrained head, frozen, then two 1 x 1 layers of ours.

    There is no ReLU at the end: like conv5_3 before its ReLU, v_i may point anywhere.

    Parameters
    ----------
    out_channels
        D, of each head.
    n_heads
        Heads side by side, see `soundloc.network.headwise_linear`.
    dropout
        Share of the input channels left out while training.
    """

    def __init__(
        self, out_channels: int, *, n_heads: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.head = EfficientNetLite0Head()
        self.dropout = nn.Dropout2d(dropout)
        mixed, out = n_heads * MIX_CHANNELS, n_heads * out_channels
        self.mix = nn.Conv2d(MIDDLE_CHANNELS + HEAD_CHANNELS, mixed, 1)
        self.embed = nn.Conv2d(mixed, out, 1, groups=n_heads)

    def forward(self, features: Tensor) -> Tensor:
        """Map trunk features (b, 432, h, w) to V (b, n · D, h, w)."""
        deep = self.head(features[:, MIDDLE_CHANNELS:])
        x = torch.cat([features[:, :MIDDLE_CHANNELS], deep], dim=1)
        V: Tensor = self.embed(F.relu(self.mix(self.dropout(x))))
        return V
