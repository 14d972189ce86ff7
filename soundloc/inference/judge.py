"""The localization module in NumPy: from cosines to attention and confidence.

The equations are those of `soundloc.network.attention`, which trains with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.config import PEAK_SHARE, Mechanism
from soundloc.checkpoint_file import StoredNetwork

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judge:
    """Turns the cosines of a picture's cells with a sound into an answer.

    Parameters
    ----------
    temperature
        Of the softmax.
    scale, bias
        Of the peak, to the logit of the confidence.
    """

    mechanism: Mechanism
    temperature: float
    scale: float
    bias: float

    @classmethod
    def of(cls, stored: StoredNetwork) -> Judge:
        """Take what a network learned."""
        config, tensors = stored.config, stored.tensors
        return cls(
            config.mechanism,
            float(config.temperature),
            float(tensors["confidence_scale"]),
            float(tensors["confidence_bias"]),
        )

    def response(self, cosines: FloatArray) -> FloatArray:
        """Return the response (h, w) (Eq. 2, Eq. 3)."""
        return np.maximum(cosines, 0.0) if self.mechanism == "relu_cosine" else cosines

    def attention(
        self, a: FloatArray, log_prior: NDArray[np.floating] | None
    ) -> FloatArray:
        """Return attention (h, w) that sums to 1 (Eq. 1), by the prior if given."""
        logits = a / np.float32(self.temperature)
        if log_prior is not None:
            logits = logits + log_prior.astype(np.float32)
        weights = np.exp(logits - logits.max())
        return np.asarray(weights / weights.sum(), np.float32)

    def confidence(self, a: FloatArray) -> float:
        """Return the probability that what sounds is in the picture at all.

        By the mean of the strongest cells, as `attention.peak` takes it.
        """
        cells = a.ravel()
        n_strongest = max(1, int(len(cells) * PEAK_SHARE))
        strongest = np.partition(cells, len(cells) - n_strongest)[-n_strongest:]
        logit = self.scale * (float(strongest.mean()) - self.bias)
        return 1.0 / (1.0 + math.exp(-min(max(logit, -60.0), 60.0)))
