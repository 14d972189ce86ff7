"""VGG-16 up to conv5_3: the visual trunk of the paper."""

from __future__ import annotations

import pickle

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG16_Weights
from torchvision.models.vgg import cfgs, make_layers

from soundloc.architecture.config import VGG16_CHANNELS
from soundloc.architecture.efficientnet_lite0 import STRIDE_PX
from soundloc.errors import CheckpointError
from soundloc.network.trunks.padding import pad_picture, pad_plane

# ImageNet's mean and deviation of RGB in 0..1, from torchvision.
_MEAN_RGB = (0.485, 0.456, 0.406)
_STD_RGB = (0.229, 0.224, 0.225)


class Vgg16Conv53(nn.Module):
    """The 13 convolutions of VGG-16, 14.7 million parameters, randomly initialised.

    Parameters
    ----------
    post_relu
        Apply the ReLU of conv5_3. The paper says "activation"; its official code takes
        the values before the ReLU, and that is the default: with v ≥ 0 the cosine with
        a signed h would be biased.
    """

    mean: Tensor
    std: Tensor
    out_channels = VGG16_CHANNELS

    def __init__(self, *, post_relu: bool = False) -> None:
        super().__init__()
        self.post_relu = post_relu
        # Without the last ReLU and the last pooling; the indices are torchvision's.
        self.features = make_layers(cfgs["D"], batch_norm=False)[:-2]
        self.register_buffer("mean", _per_channel(_MEAN_RGB), persistent=False)
        self.register_buffer("std", _per_channel(_STD_RGB), persistent=False)

    def forward(self, pixels: Tensor, *, wrap: bool) -> Tensor:
        """See a picture at stride 16.

        Parameters
        ----------
        pixels
            (b, 3, h, w) RGB in 0..255, of any size.
        wrap
            The picture is periodic in x; w must then be a multiple of 16.

        Returns
        -------
        Tensor
            (b, 512, ceil(h / 16), ceil(w / 16)).
        """
        x = (pad_picture(pixels, STRIDE_PX, wrap=wrap) / 255.0 - self.mean) / self.std
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                x = F.conv2d(pad_plane(x, 1, 1, wrap=wrap), layer.weight, layer.bias)
            else:
                x = layer(x)
        return F.relu(x) if self.post_relu else x


def _per_channel(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values)[:, None, None]


def load_pretrained(trunk: Vgg16Conv53) -> None:
    """Fill the trunk with torchvision's ImageNet weights, downloading them once.

    Raises
    ------
    CheckpointError
        If they are neither in torch's cache nor to be downloaded.
    """
    weights = VGG16_Weights.IMAGENET1K_V1
    try:
        published = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
        wanted = trunk.state_dict()
        trunk.load_state_dict({k: v for k, v in published.items() if k in wanted})
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        folder = f"{torch.hub.get_dir()}/checkpoints"
        raise CheckpointError(
            f"The pretrained VGG-16 could not be loaded ({error}). Connect to the "
            f"internet once, or download {weights.url} elsewhere and put it into "
            f"{folder}."
        ) from error
