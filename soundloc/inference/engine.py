"""Inference engines of the visual stream: torch, or OpenVINO where there is no GPU.

Seeing is by far the largest cost of a video. A 480 x 960 picture, seen twice as large,
takes lite0 a quarter of a processor second in OpenVINO at float32, ten times less than
in torch with the same answer; 0.6 of it at bfloat16, where the v_i keep a cosine of
0.993 to the exact ones (`tests/benchmarks/bench_seeing.py`).
"""

from __future__ import annotations

import importlib.util
import logging
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.network.model import VisualStream

EngineName = Literal["auto", "torch", "openvino"]
_logger = logging.getLogger(__name__)


@runtime_checkable
class VisualEngine(Protocol):
    """Computes the normalised visual activation of pictures."""

    def see(self, image: NDArray[np.uint8], *, wrap: bool) -> NDArray[np.float32]:
        """Map an RGB picture (h, w, 3) to V (D, h / 16, w / 16), each v_i of length 1.

        With `wrap` the picture is periodic in x and w a multiple of 16.
        """


class _Seeing(nn.Module):
    """The visual stream from bytes to unit vectors, or a trunk, as one graph."""

    def __init__(self, visual: nn.Module, *, wrap: bool) -> None:
        super().__init__()
        self.visual, self.wrap = visual, wrap
        self.normalises = isinstance(visual, VisualStream)

    def forward(self, image: Tensor) -> Tensor:
        pixels = image.permute(2, 0, 1)[None].float()
        seen: Tensor = self.visual(pixels, wrap=self.wrap)[0]
        return F.normalize(seen, dim=0) if self.normalises else seen


class TorchEngine:
    """The visual stream in torch.

    Parameters
    ----------
    visual
        In evaluation mode, on the device to compute on.
    """

    def __init__(self, visual: nn.Module) -> None:
        self._device, self._visual = next(visual.parameters()).device, visual

    @torch.inference_mode()
    def see(self, image: NDArray[np.uint8], *, wrap: bool) -> NDArray[np.float32]:
        """Map an RGB picture (h, w, 3) to unit vectors (D, h / 16, w / 16)."""
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(self._device)
        V: NDArray[np.float32] = _Seeing(self._visual, wrap=wrap)(pixels).cpu().numpy()
        return V


class OpenVinoEngine:
    """The visual stream in OpenVINO, compiled once per picture size.

    Parameters
    ----------
    visual
        In evaluation mode, on the CPU.
    precision
        `bf16` takes half the time where the processor has instructions for it, but
        its maps stay below a cosine of 0.999 to the exact ones, so it is not the
        default.
    """

    def __init__(
        self,
        visual: nn.Module,
        *,
        precision: Literal["f32", "bf16"] = "f32",
    ) -> None:
        import openvino

        self._core, self._visual = openvino.Core(), visual
        self.precision = precision
        self._compiled: dict[tuple[int, int, bool], Any] = {}

    def see(self, image: NDArray[np.uint8], *, wrap: bool) -> NDArray[np.float32]:
        """Map an RGB picture (h, w, 3) to unit vectors (D, h / 16, w / 16)."""
        height, width, _ = image.shape
        key = (height, width, wrap)
        if key not in self._compiled:
            self._compiled[key] = self._compile(*key)
        result = self._compiled[key](np.ascontiguousarray(image))[0]
        return np.array(result, dtype=np.float32)

    def _compile(self, height: int, width: int, wrap: bool) -> Any:
        import openvino

        _logger.info("compiling the visual stream for %d x %d px", width, height)
        example = torch.zeros(height, width, 3, dtype=torch.uint8)
        # Exported rather than traced: the padding's sizes are then plain numbers.
        with torch.no_grad():
            program = torch.export.export(_Seeing(self._visual, wrap=wrap), (example,))
        return self._core.compile_model(
            openvino.convert_model(program),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": self.precision,
                "PERFORMANCE_HINT": "LATENCY",
            },
        )


def choose_engine(visual: nn.Module, name: EngineName = "auto") -> VisualEngine:
    """Build an engine; `auto` is CUDA where present, else OpenVINO where installed.

    Torch computes on CUDA where present, and the visual stream is moved there.
    For a bare trunk, whose features are cached to train on, it gives them as they are.
    """
    if name == "openvino":
        return OpenVinoEngine(visual)
    if torch.cuda.is_available():
        return TorchEngine(visual.to("cuda"))
    if name == "auto" and importlib.util.find_spec("openvino") is not None:
        return OpenVinoEngine(visual)
    if name == "auto":
        _logger.info("OpenVINO is not installed; seeing with torch is slower")
    return TorchEngine(visual)
