"""Saliency of a picture alone: what looks like anything that has a name.

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
from torch import Tensor

from soundloc.trunks.efficientnet import (
    MIDDLE_CHANNELS,
    EfficientNetLite0,
    EfficientNetLite0Head,
)
from soundloc.trunks.efficientnet_file import load_pretrained, pretrained_classifier

# Which pixel of all faces, flattened, continues a face of n pixels before and after.
PadIndices = Callable[[int, int, int], NDArray[np.int64]]


class StaticSaliency:
    """The network with the weights of the package that trainings start from.

    Parameters
    ----------
    pad_indices
        Joins the pictures that belong together; zeros continue each where None.

    Raises
    ------
    CheckpointError
        If the weights are not installed.
    """

    def __init__(self, pad_indices: PadIndices | None = None) -> None:
        self._trunk, self._head = EfficientNetLite0(), EfficientNetLite0Head()
        load_pretrained(self._trunk, self._head)
        self._classes, _ = pretrained_classifier()
        self._pad_indices = pad_indices

    @torch.inference_mode()
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
        pixels = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)
        pad = None if self._pad_indices is None else self._joined
        seen = self._trunk(pixels.float(), wrap=False, pad=pad)
        features = self._head(seen[:, MIDDLE_CHANNELS:])
        responses = torch.einsum("kc,bchw->bkhw", self._classes, features)
        largest: NDArray[np.float32] = responses.amax(dim=1).numpy()
        return largest

    def _joined(self, x: Tensor, before: int, after: int) -> Tensor:
        """Continue each face (b, c, n, n) by its neighbours."""
        if before == after == 0 or self._pad_indices is None:
            return x
        indices = torch.from_numpy(self._pad_indices(x.shape[-1], before, after).copy())
        flat = x.transpose(0, 1).flatten(1)  # (c, b·n·n)
        return flat[:, indices].transpose(0, 1)
