"""The sound head: from pooled trunk features to f_s and h (end of section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.architecture.config import MAX_DEVIATIONS
from soundloc.network.headwise_linear import HeadwiseLinear

# A channel counts as moving by at least this share of its layer's median deviation.
MIN_SHARE_OF_MEDIAN = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class SoundEmbedding:
    """Embeddings of b sounds.

    Parameters
    ----------
    h
        (b, n · D), each of length 1: where to look.
    presence
        (b,), in [0, 1]: the probability that the sound has a place in any picture at
        all; 1 without a presence head.
    """

    h: Tensor
    presence: Tensor


class SoundHead(nn.Module):
    """ReLU-FC9-ReLU-FC10, or FC9-ReLU-FC10 on standardised features.

    Parameters
    ----------
    layer_channels
        Channels of the sound layers whose means make f_s, side by side.
    out_channels
        D, the length of h, of each head.
    n_heads
        Heads side by side, see `soundloc.network.headwise_linear`.
    standardises
        Give every channel of f_s mean 0 and deviation 1 over the training sounds.
    has_presence_head
        Also classify f_s, not h, as having a place in some picture or none: h, made
        to tell kinds apart, knows the few recordings of wind that it trained with by
        heart.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layer_channels: tuple[int, ...],
        out_channels: int,
        *,
        standardises: bool,
        n_heads: int = 1,
        has_presence_head: bool = False,
    ) -> None:
        super().__init__()
        self.layer_channels, self.standardises = layer_channels, standardises
        n = sum(layer_channels)
        if standardises:
            self.register_buffer("mean", torch.zeros(n))
            self.register_buffer("std", torch.ones(n))
        self.fc9 = nn.Linear(n, n_heads * n)
        self.fc10 = HeadwiseLinear(n, out_channels, n_heads)
        self.presence_head = nn.Linear(n, 1) if has_presence_head else None

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
        """Map the pooled trunk output (b, c) to h (b, n · D)."""
        f_s = self.standardise(pooled)
        # After standardising half of every channel is negative by construction, and a
        # ReLU would throw that half away.
        x = f_s if self.standardises else F.relu(f_s)
        h: Tensor = self.fc10(F.relu(self.fc9(x)))
        return h

    def embed(self, pooled: Tensor) -> SoundEmbedding:
        """Map the pooled trunk output (b, c) to unit h and the presence of b sounds."""
        scaled = F.normalize(self(pooled), dim=1)
        if self.presence_head is not None:
            scaled = scaled * torch.sigmoid(self.presence_logit(pooled))[:, None]
        # Through their product, so that maps stay what they were to the last bit.
        return SoundEmbedding(F.normalize(scaled, dim=1), scaled.norm(dim=1))

    def presence_logit(self, pooled: Tensor) -> Tensor:
        """Return the logits (b,) that sounds (b, c) have a place in some picture.

        Raises
        ------
        ValueError
            If this head has no presence head.
        """
        if self.presence_head is None:
            raise ValueError("this sound head has no presence head")
        logit: Tensor = self.presence_head(self.standardise(pooled))[:, 0]
        return logit
