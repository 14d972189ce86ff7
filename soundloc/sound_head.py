"""From the pooled sound trunk to f_s and h: the upper end of section 3.1."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# A standardised channel says no more than this, in deviations.
MAX_DEVIATIONS = 8.0
# A channel counts as moving by at least this share of its layer's median deviation.
MIN_SHARE_OF_MEDIAN = 0.1


class SoundHead(nn.Module):
    """ReLU-FC9-ReLU-FC10, or FC9-ReLU-FC10 on standardised features.

    Parameters
    ----------
    layer_channels
        Channels of the sound layers whose means make f_s, side by side.
    out_channels
        D, the length of h.
    standardises
        Give every channel of f_s mean 0 and deviation 1 over the training sounds.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, layer_channels: tuple[int, ...], out_channels: int, *, standardises: bool
    ) -> None:
        super().__init__()
        self.layer_channels, self.standardises = layer_channels, standardises
        n = sum(layer_channels)
        if standardises:
            self.register_buffer("mean", torch.zeros(n))
            self.register_buffer("std", torch.ones(n))
        self.fc9 = nn.Linear(n, n)
        self.fc10 = nn.Linear(n, out_channels)

    def fit(self, pooled: Tensor) -> None:
        """Take mean and deviation from the training sounds (n, c), once at the start.

        A channel that hardly moves in them is not blown up beyond ten times the
        others of its layer: a later sound may well move it.
        """
        if not self.standardises:
            raise ValueError("this sound head does not standardise")
        std, mean = torch.std_mean(pooled, dim=0)
        floored = torch.cat(
            [
                layer.clamp(min=MIN_SHARE_OF_MEDIAN * float(layer.median()))
                for layer in torch.split(std, list(self.layer_channels))
            ]
        )
        self.mean.copy_(mean)
        self.std.copy_(torch.where(floored > 0.0, floored, 1.0))

    def standardise(self, pooled: Tensor) -> Tensor:
        """Turn the pooled trunk output (b, c) into f_s (b, c), if so configured."""
        if not self.standardises:
            return pooled
        return ((pooled - self.mean) / self.std).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS)

    def forward(self, pooled: Tensor) -> Tensor:
        """Map the pooled trunk output (b, c) to h (b, D)."""
        f_s = self.standardise(pooled)
        # After standardising half of every channel is negative by construction, and a
        # ReLU would throw that half away.
        x = f_s if self.standardises else F.relu(f_s)
        h: Tensor = self.fc10(F.relu(self.fc9(x)))
        return h
