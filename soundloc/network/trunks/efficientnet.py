"""EfficientNet-lite0 at stride 16: the light visual trunk.

Its deepest features come at stride 32. For a cell every 16 pixels it either looks at
the picture twice as large, or runs the last stages à trous (the stride taken out, what
follows dilated). Either way every stride divides 16: rolling a periodic picture by
16·k pixels rolls the features by exactly k cells.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.architecture.config import PictureScale
from soundloc.architecture.efficientnet_lite0 import (
    BATCH_NORM_EPS,
    BLOCKS,
    DEEP_CHANNELS,
    HEAD_CHANNELS,
    MAX_ACTIVATION,
    MIDDLE_CHANNELS,
    N_MIDDLE_BLOCKS,
    PIXEL_MEAN,
    PIXEL_SCALE,
    STEM_CHANNELS,
    STRIDE_PX,
    Block,
    margins,
)
from soundloc.network.trunks.enlarging import enlarge
from soundloc.network.trunks.padding import (
    Pad,
    pad_picture,
    pad_plane,
    pad_rows,
    wrap_columns,
)


class ConvNorm(nn.Module):
    """A convolution with TensorFlow's 'SAME' padding, batch norm and ReLU6.

    `wrap` makes the padding in x circular; in y it is always zero.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        groups: int = 1,
        activate: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(out_channels, eps=BATCH_NORM_EPS)
        self.kernel, self.stride, self.activate = kernel, stride, activate

    def forward(
        self,
        x: Tensor,
        *,
        wrap: bool = False,
        stride: int | None = None,
        dilation: int = 1,
        pad: Pad | None = None,
    ) -> Tensor:
        """Convolve (b, c, h, w); `stride` and `dilation` serve the à-trous stage.

        `pad` takes the place of the padding that `wrap` chooses.
        """
        stride = self.stride if stride is None else stride
        before, after = self.margins(stride, dilation)
        if pad is not None:
            x = pad(x, before, after)
        else:
            x = pad_plane(x, before, after, wrap=wrap)
        conv = self.conv
        x = F.conv2d(x, conv.weight, None, stride, 0, dilation, conv.groups)
        x = cast(Tensor, self.norm(x))
        return F.hardtanh(x, 0.0, MAX_ACTIVATION) if self.activate else x

    def margins(self, stride: int, dilation: int) -> tuple[int, int]:
        """Tell how many rows and columns a plane needs before and after itself."""
        return margins(self.kernel, self.stride, stride=stride, dilation=dilation)


class InvertedResidual(nn.Module):
    """Expand, filter per channel, project; add the input where shapes allow."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        inner = block.inner_channels
        self.expand = (
            ConvNorm(block.in_channels, inner) if block.expansion > 1 else None
        )
        self.depthwise = ConvNorm(
            inner, inner, block.kernel, stride=block.stride, groups=inner
        )
        self.project = ConvNorm(inner, block.out_channels, activate=False)
        self.is_residual = block.is_residual

    def forward(
        self,
        x: Tensor,
        *,
        wrap: bool,
        stride: int | None = None,
        dilation: int = 1,
        pad: Pad | None = None,
    ) -> Tensor:
        """Map (b, c, h, w) to (b, c', h / stride, w / stride)."""
        stride = self.depthwise.stride if stride is None else stride
        y: Tensor = x
        if self.expand is not None:
            if wrap and pad is None:
                # Before it is expanded, the plane has a sixth of the channels to copy;
                # to a 1x1 convolution the order is all the same.
                y = wrap_columns(y, *self.depthwise.margins(stride, dilation))
                pad = pad_rows
            y = self.expand(y)
        y = self.depthwise(y, wrap=wrap, stride=stride, dilation=dilation, pad=pad)
        y = self.project(y)
        return x + y if self.is_residual else y


class EfficientNetLite0(nn.Module):
    """The convolutional part of EfficientNet-lite0, 3.4 M parameters.

    Batch norm always uses its stored statistics: the trunk comes pretrained, and the
    small batches that train the heads would only spoil them.

    Parameters
    ----------
    picture_scale
        2 enlarges pictures first: the trunk was pretrained on things that fill a
        picture. 1 runs it à trous.
    """

    out_channels = MIDDLE_CHANNELS + DEEP_CHANNELS

    def __init__(self, *, picture_scale: PictureScale = 1) -> None:
        super().__init__()
        self.picture_scale = picture_scale
        self.stem = ConvNorm(3, STEM_CHANNELS, 3, stride=2)
        self.blocks = nn.ModuleList(InvertedResidual(block) for block in BLOCKS)
        self.eval()

    def train(self, mode: bool = True) -> EfficientNetLite0:
        """Keep the normalisation statistics fixed whatever the mode."""
        super().train(False)
        self.training = mode
        return self

    def forward(self, pixels: Tensor, *, wrap: bool, pad: Pad | None = None) -> Tensor:
        """See a picture at stride 16.

        Parameters
        ----------
        pixels
            (b, 3, h, w) RGB in 0..255, of any size.
        wrap
            The picture is periodic in x; w must then be a multiple of 16.
        pad
            Continues planes (b, c, h, w) beyond their edges, by so many rows and
            columns before and after; in place of what `wrap` says.

        Returns
        -------
        Tensor
            (b, 432, ceil(h / 16), ceil(w / 16)): 112 middle, then 320 deep channels.
        """
        pixels = pad_picture(pixels, STRIDE_PX, wrap=wrap)
        if self.picture_scale > 1:
            pixels = enlarge(pixels, self.picture_scale, wrap=wrap)
        middle = self._middle(pixels, wrap=wrap, pad=pad)
        deep = middle
        for i, block in enumerate(self.blocks[N_MIDDLE_BLOCKS:]):
            if self.picture_scale > 1:
                deep = block(deep, wrap=wrap, pad=pad)
                continue
            dilation = 1 if i == 0 else 2
            deep = block(deep, wrap=wrap, stride=1, dilation=dilation, pad=pad)
        if self.picture_scale > 1:
            middle = F.avg_pool2d(middle, self.picture_scale)
        return torch.cat([middle, deep], dim=1)

    def see_early(self, pixels: Tensor, n_blocks: int) -> Tensor:
        """Run the stem and the first blocks on pictures (b, 3, h, w) in 0..255."""
        x: Tensor = self.stem((pixels - PIXEL_MEAN) / PIXEL_SCALE, wrap=False)
        for block in self.blocks[:n_blocks]:
            x = block(x, wrap=False)
        return x

    def see_late(self, x: Tensor, n_blocks: int) -> tuple[Tensor, Tensor]:
        """Go on where `see_early` stopped, as published: at stride 32.

        Returns (b, 112, h / 32, w / 32), the mean of four middle cells, and
        (b, 320, …): what `forward` gives of pictures that were enlarged twice. It is
        what the trunk is adapted with.
        """
        for block in self.blocks[n_blocks:N_MIDDLE_BLOCKS]:
            x = block(x, wrap=False)
        middle = x
        for block in self.blocks[N_MIDDLE_BLOCKS:]:
            x = block(x, wrap=False)
        return F.avg_pool2d(middle, 2), x

    def _middle(self, pixels: Tensor, *, wrap: bool, pad: Pad | None = None) -> Tensor:
        x: Tensor = self.stem((pixels - PIXEL_MEAN) / PIXEL_SCALE, wrap=wrap, pad=pad)
        for block in self.blocks[:N_MIDDLE_BLOCKS]:
            x = block(x, wrap=wrap, pad=pad)
        return x


class EfficientNetLite0Head(ConvNorm):
    """The pretrained 1 x 1 layer 320 → 1280 under the classifier, always frozen."""

    def __init__(self) -> None:
        super().__init__(DEEP_CHANNELS, HEAD_CHANNELS)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> EfficientNetLite0Head:
        """Stay in evaluation mode."""
        super().train(False)
        return self
