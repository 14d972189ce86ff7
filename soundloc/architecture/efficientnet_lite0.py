"""EfficientNet-lite0 in numbers (Tan and Le 2019, arXiv 1905.11946, Table 1).

Width and depth are 1; there is no squeeze-and-excite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

STRIDE_PX = 16  # pixels of the picture from one cell of the attention to the next
STEM_CHANNELS = 32
MIDDLE_CHANNELS = 112  # after block 10, natively at stride 16
DEEP_CHANNELS = 320  # after the last block, natively at stride 32
HEAD_CHANNELS = 1280
BATCH_NORM_EPS = 1e-3
MAX_ACTIVATION = 6.0  # ReLU6
# Pixels in 0..255 minus the first, over the second, are what the stem sees.
PIXEL_MEAN, PIXEL_SCALE = 127.0, 128.0

# (kernel, stride, expansion, channels, repeats)
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
N_MIDDLE_BLOCKS = sum(stage[-1] for stage in _STAGES[:5])


@dataclass(frozen=True, slots=True)
class Block:
    """An inverted residual: expand, filter per channel, project."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    expansion: int

    @property
    def inner_channels(self) -> int:
        """Channels between expanding and projecting."""
        return self.in_channels * self.expansion

    @property
    def is_residual(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.in_channels == self.out_channels


def _blocks() -> Iterator[Block]:
    channels = STEM_CHANNELS
    for kernel, stride, expansion, out_channels, repeats in _STAGES:
        for i in range(repeats):
            yield Block(
                channels, out_channels, kernel, stride if i == 0 else 1, expansion
            )
            channels = out_channels


BLOCKS = tuple(_blocks())


def margins(
    kernel: int, own_stride: int, *, stride: int | None = None, dilation: int = 1
) -> tuple[int, int]:
    """Tell how many rows and columns a plane needs before and after itself.

    TensorFlow splits the padding by the size of the plane; here it is always that of an
    even plane, so that what a cell sees never depends on where it lies. The layer's own
    stride places the window, so that taking the stride out (`stride`) adds cells
    between the old ones without moving them.
    """
    stride = own_stride if stride is None else stride
    before = (kernel - own_stride) // 2 * dilation
    return before, (kernel - stride) * dilation - before
