"""Saliency of a picture without sound, from the class responses of a classifier.

The static model of Cheng et al. 2018 ("Cube Padding for Weakly-Supervised Saliency
Prediction in 360° Videos"): an ImageNet classifier is made convolutional, its fully
connected layer slides over the deep features, and a place is as salient as its largest
class response. It hears nothing, which makes it the baseline for whoever does. Ours
differs by its trunk: EfficientNet-lite0 at stride 16 for VGG-16 or ResNet-50.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from soundloc.architecture.efficientnet_lite0 import MIDDLE_CHANNELS
from soundloc.inference.engine import VisualEngine
from soundloc.inference.torch_engine import choose_engine
from soundloc.network.trunks.efficientnet import (
    EfficientNetLite0,
    EfficientNetLite0Head,
)
from soundloc.network.trunks.efficientnet_weights import (
    load_pretrained,
    pretrained_classifier,
)

# Which pixel of all faces, flattened, continues a face of n pixels before and after.
PadIndices = Callable[[int, int, int], NDArray[np.int64]]


class StaticSaliency:
    """Saliency of pictures from the largest class response of each cell.

    Parameters
    ----------
    engine
        Computes a `ClassResponses`.
    """

    def __init__(self, engine: VisualEngine) -> None:
        self._engine = engine

    @classmethod
    def load(cls, pad_indices: PadIndices | None = None) -> StaticSaliency:
        """Take the pretrained weights that trainings start from, and an engine.

        Parameters
        ----------
        pad_indices
            Joins the pictures that belong together; zeros continue each where None.

        Raises
        ------
        CheckpointError
            If the weights are not installed.
        """
        return cls(choose_engine(ClassResponses(pad_indices)))

    def see(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the largest class response, without bias, of each cell of pictures.

        Parameters
        ----------
        pictures
            RGB, shape (b, n, n, 3), n a multiple of 16; all faces at once where they
            continue each other.

        Returns
        -------
        NDArray
            Shape (b, n / 16, n / 16).
        """
        n = pictures.shape[1]
        return self._engine.see(pictures.reshape(-1, n, 3), wrap=False)


class ClassResponses(nn.Module):
    """A convolutional classifier: the largest class response of each cell."""

    def __init__(self, pad_indices: PadIndices | None) -> None:
        super().__init__()
        self.trunk, self.head = EfficientNetLite0(), EfficientNetLite0Head()
        load_pretrained(self.trunk, self.head)
        classes, _ = pretrained_classifier()
        self.register_buffer("classes", classes)
        self._pad_indices = pad_indices
        self.eval()

    def forward(self, pixels: Tensor, *, wrap: bool) -> Tensor:
        """Map (1, 3, b·n, n) in 0..255 to (1, b, n / 16, n / 16)."""
        n = pixels.shape[-1]
        pictures = pixels[0].reshape(3, -1, n, n).transpose(0, 1)
        pad = None if self._pad_indices is None else self._joined
        seen = self.trunk(pictures, wrap=wrap, pad=pad)
        features = self.head(seen[:, MIDDLE_CHANNELS:])
        responses = torch.einsum("kc,bchw->bkhw", self.classes, features)
        return responses.amax(dim=1)[None]

    def _joined(self, x: Tensor, before: int, after: int) -> Tensor:
        """Continue each face (b, c, n, n) by its neighbours."""
        if before == after == 0 or self._pad_indices is None:
            return x
        n = x.shape[-1]
        indices = torch.from_numpy(self._pad_indices(n, before, after).copy()).to(
            x.device
        )
        flat = x.transpose(0, 1).flatten(1)  # (c, b·n·n)
        side = n + before + after
        joined = flat.index_select(1, indices.flatten())
        return joined.reshape(len(flat), -1, side, side).transpose(0, 1)
