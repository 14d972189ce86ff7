"""Linear layers of an ensemble of heads, side by side in one layer.

Fresh heads on the same frozen trunks end in different minima, and err on different
pictures. The mean of their responses errs less than any of them (Lakshminarayanan et
al. 2017, "deep ensembles"), and as a response is an inner product, several heads are
one network whose h and v_i are theirs side by side.
"""

from __future__ import annotations

from torch import Tensor, nn


class HeadwiseLinear(nn.Linear):
    """The same layer of n heads side by side, each with weights of its own.

    Parameters
    ----------
    in_features, out_features
        Of each head.
    """

    def __init__(self, in_features: int, out_features: int, n_heads: int) -> None:
        super().__init__(in_features, n_heads * out_features)
        self.n_heads = n_heads

    def forward(self, x: Tensor) -> Tensor:
        """Map (b, n · in_features) to (b, n · out_features)."""
        if self.n_heads == 1:
            return super().forward(x)
        apart = x.reshape(len(x), self.n_heads, self.in_features).transpose(0, 1)
        weights = self.weight.reshape(self.n_heads, -1, self.in_features)  # n o i
        said = (apart @ weights.transpose(1, 2)).transpose(0, 1).flatten(1)
        return said + self.bias
