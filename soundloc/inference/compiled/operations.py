"""The operations that the graphs are made of, in OpenVINO's opset.

Normalisations are folded into the convolutions before them, which is all that is done
by hand: OpenVINO fuses the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, Literal, TypeAlias

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as opset

# OpenVINO ships no types.
Node: TypeAlias = Any
Precision = Literal["f32", "bf16", "int8"]
Tensors = Mapping[str, NDArray[Any]]
Margins = tuple[int, int]
Bounds = tuple[float, float]
Answer = Callable[[NDArray[Any]], NDArray[np.float32]]

NONE: Margins = (0, 0)


def compiled(model: Any, precision: Precision = "f32", *, many: bool = False) -> Answer:
    """Compile a model of one input and one output for the processor.

    Parameters
    ----------
    many
        For many small inputs, asked for by several threads at once, each of which one
        processor answers; otherwise for one at a time, which all of them answer.
    """
    compiled_model = openvino.Core().compile_model(
        model,
        "CPU",
        {
            # What is quantised says so in its graph; the rest of it stays exact.
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
            "PERFORMANCE_HINT": "THROUGHPUT" if many else "LATENCY",
            "NUM_STREAMS": "AUTO" if many else "1",
        },
    )
    # A request answers one thread at a time.
    idle: SimpleQueue[Any] = SimpleQueue()

    def answer(given: NDArray[Any]) -> NDArray[np.float32]:
        try:
            request = idle.get_nowait()
        except Empty:
            request = compiled_model.create_infer_request()
        result = np.array(request.infer([given])[0], dtype=np.float32)
        idle.put(request)
        return result

    return answer


def convolve(
    x: Node,
    kernels: NDArray[np.float32],
    bias: NDArray[np.float32] | None = None,
    *,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    rows: Margins = NONE,
    columns: Margins = NONE,
    bounds: Bounds | None = None,
) -> Node:
    """Convolve (b, c, h, w); `rows` and `columns` of zeros stand before and after.

    With `bounds`, between which x lies, it is computed in bytes.
    """
    weights = opset.constant(
        kernels if groups == 1 else kernels.reshape(groups, -1, *kernels.shape[1:])
    )
    if bounds is not None:
        x, weights = _in_bytes(x, bounds), _kernels_in_bytes(weights, kernels)
    before, after = [rows[0], columns[0]], [rows[1], columns[1]]
    strides, dilations = [stride, stride], [dilation, dilation]
    operation = opset.convolution if groups == 1 else opset.group_convolution
    y = operation(x, weights, strides, before, after, dilations)
    return y if bias is None else opset.add(y, opset.constant(bias[:, None, None]))


def folded(
    tensors: Tensors, conv: str, norm: str, *, eps: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the kernels and the bias of a convolution with its batch norm in it."""
    variance = tensors[f"{norm}.running_var"]
    gain = tensors[f"{norm}.weight"] / np.sqrt(variance + np.float32(eps))
    bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * gain
    kernels = tensors[f"{conv}.weight"]
    scaled = np.asarray(kernels * gain[:, None, None, None], np.float32)
    return scaled, np.asarray(bias, np.float32)


def wrap_columns(x: Node, before: int, after: int) -> Node:
    """Continue (b, c, h, w) periodically in x, however narrow it is."""
    if before == after == 0:
        return x
    width = x.get_output_partial_shape(0)[3].get_length()
    places = np.arange(-before, width + after) % width
    if before > width or after > width:
        return opset.gather(x, opset.constant(places), opset.constant(3))
    parts = [_columns(x, width - before, width)] if before else []
    parts.append(x)
    if after:
        parts.append(_columns(x, 0, after))
    return opset.concat(parts, 3)


def unit(x: Node) -> Node:
    """Scale the vectors along axis 1 to length 1."""
    length = opset.reduce_l2(x, opset.constant([1]), True)
    return opset.divide(x, opset.maximum(length, opset.constant(np.float32(1e-12))))


def _columns(x: Node, start: int, stop: int) -> Node:
    ends = (opset.constant([value]) for value in (start, stop, 1, 3))
    return opset.slice(x, *ends)


def _in_bytes(x: Node, bounds: Bounds) -> Node:
    """Round x to one of 256 levels between its bounds."""
    low, high = bounds
    if low < 0.0:
        # Of signed bytes there is one more below zero than above.
        high = max(-low, high)
        low = -high * 128.0 / 127.0
    ends = [opset.constant(np.float32(end)) for end in (low, high)]
    return opset.fake_quantize(x, *ends, *ends, 256)


def _kernels_in_bytes(weights: Node, kernels: NDArray[np.float32]) -> Node:
    """Round kernels to signed bytes, each output channel by a step of its own."""
    largest = np.abs(kernels).reshape(len(kernels), -1).max(axis=1)
    shape = [-1, 1, 1, 1]
    if len(weights.get_output_shape(0)) == 5:
        shape = [weights.get_output_shape(0)[0], *shape]
    high = np.maximum(largest, np.float32(1e-8)).reshape(shape)
    ends = [opset.constant(end) for end in (-high, high)]
    return opset.fake_quantize(weights, *ends, *ends, 255)
