"""Engines made of torch modules: on CUDA, and for trunks that no graph is written for.

Trainings and baselines see through them as well, for theirs are modules, not files.
"""

from __future__ import annotations

import logging

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.checkpoint_file import StoredNetwork
from soundloc.inference.compiled.operations import Answer, compiled
from soundloc.inference.ear import Ear, HeardFrames
from soundloc.inference.engine import EngineName, VisualEngine
from soundloc.network.model import SoundLocalizationNet, SoundStream, VisualStream

_logger = logging.getLogger(__name__)


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


class ExportedEngine:
    """A visual stream or trunk exported from torch to OpenVINO, once per picture size.

    Parameters
    ----------
    visual
        In evaluation mode, on the CPU.
    """

    def __init__(self, visual: nn.Module) -> None:
        self._visual = visual
        self._compiled: dict[tuple[int, int, bool], Answer] = {}

    def see(self, image: NDArray[np.uint8], *, wrap: bool) -> NDArray[np.float32]:
        """Map an RGB picture (h, w, 3) to unit vectors (D, h / 16, w / 16)."""
        height, width, _ = image.shape
        key = (height, width, wrap)
        if key not in self._compiled:
            self._compiled[key] = self._compile(*key)
        return self._compiled[key](np.ascontiguousarray(image))

    def _compile(self, height: int, width: int, wrap: bool) -> Answer:
        import openvino

        _logger.info("compiling the visual stream for %d x %d px", width, height)
        example = torch.zeros(height, width, 3, dtype=torch.uint8)
        # Exported rather than traced: the padding's sizes are then plain numbers.
        with torch.no_grad():
            program = torch.export.export(_Seeing(self._visual, wrap=wrap), (example,))
        return compiled(openvino.convert_model(program))


class TorchEar:
    """A sound trunk in torch, on the CPU.

    Parameters
    ----------
    sound
        In evaluation mode.
    """

    def __init__(self, sound: SoundStream) -> None:
        self._sound = sound

    def hear(self, track: NDArray[np.float32]) -> tuple[HeardFrames, ...]:
        """Run the trunk over a track (n,) at 22,050 Hz, in constant memory."""
        with torch.inference_mode():
            layers = self._sound.hear_track(torch.from_numpy(track))
        return tuple(
            HeardFrames(
                layer.frames[0].T.numpy(),
                layer.clock,
                None if layer.weights is None else layer.weights[0].numpy(),
            )
            for layer in layers
        )


def choose_engine(visual: nn.Module, name: EngineName = "auto") -> VisualEngine:
    """Build an engine; `auto` is CUDA where present, else OpenVINO.

    Torch computes on CUDA where present, and the visual stream is moved there.
    For a bare trunk, whose features are cached to train on, it gives them as they are.
    """
    if name == "openvino":
        return ExportedEngine(visual)
    if torch.cuda.is_available():
        return TorchEngine(visual.to("cuda"))
    return ExportedEngine(visual) if name == "auto" else TorchEngine(visual)


def torch_parts(
    net: SoundLocalizationNet, name: EngineName = "auto"
) -> tuple[VisualEngine, Ear]:
    """Choose what sees and what hears for a network that is a module."""
    net = net.eval()
    return choose_engine(net.visual, name), TorchEar(net.sound)


def stored_of(net: SoundLocalizationNet) -> StoredNetwork:
    """Return what a checkpoint of a network would hold."""
    tensors = {
        name: tensor.detach().cpu().numpy() for name, tensor in net.state_dict().items()
    }
    return StoredNetwork(net.config, tensors, 0, {})
