"""EfficientNet-lite0 as published, at stride 32, to compare the trunk with."""

from torch import Tensor

from soundloc.architecture.efficientnet_lite0 import STRIDE_PX
from soundloc.network.trunks.efficientnet import EfficientNetLite0
from soundloc.network.trunks.padding import pad_picture


def see_strided(trunk: EfficientNetLite0, pixels: Tensor, *, wrap: bool) -> Tensor:
    """Map pictures (b, 3, h, w) to (b, 320, h / 32, w / 32)."""
    padded = pad_picture(pixels, 2 * STRIDE_PX, wrap=wrap)
    x: Tensor = trunk.stem((padded - 127.0) / 128.0, wrap=wrap)
    for block in trunk.blocks:
        x = block(x, wrap=wrap)
    return x
