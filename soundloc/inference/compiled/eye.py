"""The visual stream on EfficientNet-lite0, compiled for the processor.

Seeing is by far the largest cost of a video; a 480 × 960 picture, seen twice as large,
takes 18 thousand million multiplications. The graph is built from the checkpoint's
tensors, in half a second and without torch; the picture is enlarged by OpenCV, whose
bytes differ by less than a level from the exact filter's floats.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as opset

from soundloc.architecture.config import LocalizerConfig
from soundloc.architecture.efficientnet_lite0 import (
    BATCH_NORM_EPS,
    BLOCKS,
    MAX_ACTIVATION,
    MIDDLE_CHANNELS,
    N_MIDDLE_BLOCKS,
    PIXEL_MEAN,
    PIXEL_SCALE,
    STRIDE_PX,
    Block,
    margins,
)
from soundloc.architecture.smoothing import gaussian
from soundloc.inference.compiled.operations import (
    NONE,
    Answer,
    Bounds,
    Margins,
    Node,
    Precision,
    Tensors,
    compiled,
    convolve,
    folded,
    unit,
    wrap_columns,
)
from soundloc.inference.compiled.spread import Spread

_logger = logging.getLogger(__name__)
_REACH_PX = 2  # of the bicubic filter
# The stem's, of kernel 3 and stride 2.
_STEM_BEFORE, _STEM_AFTER = margins(3, 2)


class CompiledEye:
    """The visual stream in OpenVINO.

    For pictures that are periodic it is compiled once per size, for all others once.

    Parameters
    ----------
    config, tensors
        Of a network whose visual trunk is EfficientNet-lite0.
    precision
        With `int8` the trunk computes in bytes: 0.6 of the time, less where the
        processor has instructions for it, and the v_i keep a mean cosine of 0.99 to the
        exact ones. `bf16` is for processors that know it; `f32` is exact.
    """

    def __init__(
        self, config: LocalizerConfig, tensors: Tensors, *, precision: Precision = "f32"
    ) -> None:
        if config.visual_trunk != "efficientnet_lite0":
            raise ValueError(f"no graph is written for {config.visual_trunk}")
        self._config, self._tensors = config, tensors
        self.precision: Precision = precision
        # Built at once, for it asks for every tensor; compiled when it is needed.
        self._of_any_size = self._graph(None)
        self._compiled: dict[tuple[int, int] | None, Answer] = {}
        self._lock = threading.Lock()

    def see(self, image: NDArray[np.uint8], *, wrap: bool) -> NDArray[np.float32]:
        """Map an RGB picture (h, w, 3) to unit vectors (D, h / 16, w / 16)."""
        whole = _whole_cells(image, wrap=wrap)
        size = (whole.shape[0], whole.shape[1]) if wrap else None
        with self._lock:
            answer = self._compile(size)
        shown = enlarged_picture(whole, self._config.picture_scale, wrap=wrap)
        (V,) = answer(shown[None])
        return np.asarray(V)

    def _compile(self, size: tuple[int, int] | None) -> Answer:
        """Compile the stream for periodic pictures of a size, or for all others."""
        if size not in self._compiled:
            _logger.info("compiling the visual stream for %s", size or "any size")
            model = self._of_any_size if size is None else self._graph(size)
            self._compiled[size] = compiled(model, self.precision, many=size is None)
        return self._compiled[size]

    def _graph(self, size: tuple[int, int] | None) -> Any:
        in_bytes = self.precision == "int8"
        return visual_graph(self._config, self._tensors, size, in_bytes=in_bytes)


def enlarged_picture(
    image: NDArray[np.uint8], scale: int, *, wrap: bool
) -> NDArray[np.uint8]:
    """Enlarge a picture, and continue a periodic one as far as the stem reaches.

    Bicubically, as `network.trunks.enlarging` does, but rounded to bytes.
    """
    height, width = image.shape[:2]
    beside = _REACH_PX + _STEM_AFTER if wrap else 0
    if wrap:
        image = np.take(image, np.arange(-beside, width + beside) % width, axis=1)
    if scale > 1:
        size = image.shape[1] * scale, height * scale
        image = np.asarray(
            cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    start = beside * scale
    stop = start + width * scale + (_STEM_AFTER if wrap else 0)
    return np.ascontiguousarray(image[:, start:stop])


def visual_graph(
    config: LocalizerConfig,
    tensors: Tensors,
    size: tuple[int, int] | None,
    *,
    in_bytes: bool = False,
) -> Any:
    """Build the graph from bytes to unit vectors (1, D, h / 16, w / 16).

    The graph takes pictures enlarged, as (1, h', w', 3), and if they are periodic with
    a further column.

    Parameters
    ----------
    size
        Height and width in pixels of pictures that are periodic in x, both multiples
        of 16; None for pictures of any size that are not.
    in_bytes
        Compute the trunk in bytes, but for its first layers and the neck.
    """
    scale, wrap = config.picture_scale, size is not None
    sides = [-1, -1]
    if size is not None:
        sides = [size[0] * scale, size[1] * scale + _STEM_AFTER]
    picture = opset.parameter([1, *sides, 3], dtype=np.uint8)
    x = opset.transpose(
        opset.convert(picture, np.float32), opset.constant([0, 3, 1, 2])
    )
    x = opset.subtract(x, opset.constant(np.float32(PIXEL_MEAN)))
    x = opset.multiply(x, opset.constant(np.float32(1.0 / PIXEL_SCALE)))
    trunk = _Trunk(tensors, wrap=wrap, in_bytes=in_bytes)
    x = trunk.filtered(x, "stem", stride=2, rows=(_STEM_BEFORE, _STEM_AFTER))
    middle, deep = trunk.run(x, a_trous=scale == 1)
    if scale > 1:
        cell = [scale, scale]
        middle = opset.avg_pool(middle, cell, [0, 0], [0, 0], cell, True)
    V = _neck(middle, deep, tensors, n_heads=config.n_heads)
    if config.smoothing_cells > 0.0:
        V = _smoothed(unit(V), config, wrap=wrap)
    return openvino.Model([unit(V)], [picture], "visual stream")


class _Trunk:
    """Builds EfficientNet-lite0, block by block."""

    def __init__(self, tensors: Tensors, *, wrap: bool, in_bytes: bool) -> None:
        self._tensors, self._wrap, self._in_bytes = tensors, wrap, in_bytes

    def run(self, x: Node, *, a_trous: bool) -> tuple[Node, Node]:
        """Run all blocks; return what is behind block 10 and behind the last."""
        middle, spread = x, Spread.none()
        for i, block in enumerate(BLOCKS):
            is_deep = i >= N_MIDDLE_BLOCKS and a_trous
            dilation = 2 if is_deep and i > N_MIDDLE_BLOCKS else 1
            stride = 1 if is_deep else block.stride
            x = self._block(x, f"blocks.{i}", block, stride, dilation, spread)
            norm = f"visual.trunk.blocks.{i}.project.norm"
            spread = spread.behind(self._tensors, norm, is_added=block.is_residual)
            if i == N_MIDDLE_BLOCKS - 1:
                middle = x
        return middle, x

    def _block(
        self,
        x: Node,
        name: str,
        block: Block,
        stride: int,
        dilation: int,
        spread: Spread,
    ) -> Node:
        # Rounding what the first layers see costs more than the others together.
        is_exact = not self._in_bytes or block.expansion == 1
        bounds = None if is_exact else (0.0, MAX_ACTIVATION)
        around = margins(block.kernel, block.stride, stride=stride, dilation=dilation)
        # Before it is expanded, the plane has a sixth of the channels to copy; to a
        # 1x1 convolution the order is all the same.
        y = wrap_columns(x, *around) if self._wrap else x
        if block.expansion > 1:
            y = self.filtered(
                y, f"{name}.expand", bounds=None if is_exact else spread.bounds
            )
        y = self.filtered(
            y,
            f"{name}.depthwise",
            stride=stride,
            dilation=dilation,
            groups=block.inner_channels,
            rows=around,
            columns=NONE if self._wrap else around,
            bounds=bounds,
        )
        y = self.filtered(y, f"{name}.project", activate=False, bounds=bounds)
        return opset.add(x, y) if block.is_residual else y

    def filtered(
        self,
        x: Node,
        name: str,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        rows: Margins = NONE,
        columns: Margins | None = None,
        activate: bool = True,
        bounds: Bounds | None = None,
    ) -> Node:
        """Convolve, normalise and, unless told otherwise, activate.

        Without `columns` they are as the rows, or none where the plane is wrapped.
        """
        if columns is None:
            columns = NONE if self._wrap else rows
        full = f"visual.trunk.{name}"
        kernels, bias = folded(
            self._tensors, f"{full}.conv", f"{full}.norm", eps=BATCH_NORM_EPS
        )
        y = convolve(
            x,
            kernels,
            bias,
            stride=stride,
            dilation=dilation,
            groups=groups,
            rows=rows,
            columns=columns,
            bounds=bounds,
        )
        return opset.clamp(y, 0.0, MAX_ACTIVATION) if activate else y


def _neck(middle: Node, deep: Node, tensors: Tensors, *, n_heads: int) -> Node:
    """Build the neck: (1, 112, h, w) and (1, 320, h, w) to V (1, D, h, w)."""
    head = folded(
        tensors, "visual.neck.head.conv", "visual.neck.head.norm", eps=BATCH_NORM_EPS
    )
    named = opset.clamp(convolve(deep, *head), 0.0, MAX_ACTIVATION)
    # The mixture of both side by side is the sum of what is made of each.
    kernels, bias = (tensors[f"visual.neck.mix.{part}"] for part in ("weight", "bias"))
    mixed = opset.add(
        convolve(middle, np.ascontiguousarray(kernels[:, :MIDDLE_CHANNELS])),
        convolve(named, np.ascontiguousarray(kernels[:, MIDDLE_CHANNELS:]), bias),
    )
    embed = (tensors[f"visual.neck.embed.{part}"] for part in ("weight", "bias"))
    return convolve(opset.relu(mixed), *embed, groups=n_heads)


def _smoothed(V: Node, config: LocalizerConfig, *, wrap: bool) -> Node:
    """Average every v_i with its neighbours: see `network.cell_smoothing`."""
    weights = gaussian(config.smoothing_cells)
    reach = len(weights) // 2
    channels = config.joint_dim
    kernels = np.tile(weights, (channels, 1, 1, 1))
    V = _edges_repeated(V, [reach, 0])
    V = convolve(V, np.ascontiguousarray(kernels.swapaxes(2, 3)), groups=channels)
    V = wrap_columns(V, reach, reach) if wrap else _edges_repeated(V, [0, reach])
    return convolve(V, kernels, groups=channels)


def _edges_repeated(x: Node, sides: list[int]) -> Node:
    around = opset.constant([0, 0, *sides])
    return opset.pad(x, around, around, "edge")


def _whole_cells(image: NDArray[np.uint8], *, wrap: bool) -> NDArray[np.uint8]:
    """Fill a picture up to whole cells by repeating its last row and column.

    Raises
    ------
    ValueError
        If a periodic picture is not a whole number of cells wide: a padded column
        would stand in its seam.
    """
    height, width = image.shape[:2]
    if wrap and width % STRIDE_PX:
        raise ValueError(
            f"a picture that wraps must be a multiple of {STRIDE_PX} px wide, "
            f"got {width}"
        )
    bottom, right = -height % STRIDE_PX, -width % STRIDE_PX
    if bottom == right == 0:
        return image
    return np.pad(image, ((0, bottom), (0, right), (0, 0)), mode="edge")
