"""The sound head in NumPy: from pooled trunk features to h and presence.

`soundloc.network.sound_head` trains it and says what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soundloc.architecture.config import MAX_DEVIATIONS, LocalizerConfig

FloatArray = NDArray[np.float32]
_CERTAIN = 60.0  # of a logit


class SoundHead:
    """Embeds pooled trunk features.

    Parameters
    ----------
    tensors
        Of a whole network.
    """

    def __init__(
        self, config: LocalizerConfig, tensors: Mapping[str, NDArray[Any]]
    ) -> None:
        own = {
            name.removeprefix("sound.head."): tensor
            for name, tensor in tensors.items()
            if name.startswith("sound.head.")
        }
        self._tensors, self._n_heads = own, config.n_heads
        self._standardises = config.sound_norm == "standardise"

    def embed(self, pooled: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Map pooled sounds (k, c) to h (k, D), of length 1, and presence (k,)."""
        f_s = self._standardised(pooled)
        x = f_s if self._standardises else np.maximum(f_s, 0.0)
        h = _unit(self._fc10(np.maximum(self._linear("fc9", x), 0.0)))
        if "presence_head.weight" not in self._tensors:
            return h, np.linalg.norm(h, axis=1)
        logit = self._linear("presence_head", f_s)[:, 0]
        # Beyond, the exponential overflows, and the answer is 0 or 1 anyway.
        logit = np.clip(logit, -_CERTAIN, _CERTAIN)
        presence = np.asarray(1.0 / (1.0 + np.exp(-logit)), np.float32)
        return h, presence * np.linalg.norm(h, axis=1)

    def _standardised(self, pooled: FloatArray) -> FloatArray:
        if not self._standardises:
            return pooled
        f_s = (pooled - self._tensors["mean"]) / self._tensors["std"]
        return np.asarray(np.clip(f_s, -MAX_DEVIATIONS, MAX_DEVIATIONS), np.float32)

    def _linear(self, name: str, x: FloatArray) -> FloatArray:
        weight, bias = self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]
        return np.asarray(x @ weight.T + bias, np.float32)

    def _fc10(self, x: FloatArray) -> FloatArray:
        """Apply the layer of each head to its part of x, side by side."""
        n = self._n_heads
        weight = self._tensors["fc10.weight"]
        apart = weight.reshape(n, -1, weight.shape[1])
        inputs = x.reshape(len(x), n, -1)
        said = [inputs[:, i] @ apart[i].T for i in range(n)]
        return np.asarray(
            np.concatenate(said, axis=1) + self._tensors["fc10.bias"], np.float32
        )


def _unit(h: FloatArray) -> FloatArray:
    length = np.linalg.norm(h, axis=1, keepdims=True)
    return np.asarray(h / np.maximum(length, 1e-12), np.float32)
