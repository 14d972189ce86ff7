"""Chooses engines: OpenVINO on the processor, torch on CUDA and for the rest.

The default network runs without torch, importing which takes longer than everything
else before the first look.
"""

from __future__ import annotations

from pathlib import Path

from soundloc.checkpoint_file import StoredNetwork
from soundloc.errors import CheckpointError
from soundloc.inference.ear import Ear
from soundloc.inference.engine import EngineName, VisualEngine


def choose_parts(
    stored: StoredNetwork, path: Path | None, name: EngineName = "auto"
) -> tuple[VisualEngine, Ear]:
    """Choose what sees and what hears.

    `auto` is the quickest here: torch on CUDA, else OpenVINO in bytes, whose v_i keep a
    mean cosine of 0.99 to the exact ones of `openvino` and `torch`. Trunks that no
    graph is written for, the paper's, are run by way of torch.

    Raises
    ------
    CheckpointError
        If the network does not fit this version.
    """
    config = stored.config
    has_graphs = (
        config.visual_trunk == "efficientnet_lite0"
        and config.sound_features == "log-mel"
    )
    if name == "torch" or not has_graphs or (name == "auto" and has_cuda()):
        try:
            from soundloc.inference.torch_engine import torch_parts
            from soundloc.network.checkpoint import load_checkpoint
        except ImportError as error:
            raise CheckpointError(
                "This network, or this engine, needs torch, which is not installed; "
                "pip install 'pano[train]', or take the default checkpoint and "
                "`--compute auto`."
            ) from error
        return torch_parts(load_checkpoint(path).net, name)
    from soundloc.inference.compiled.ear import CompiledEar
    from soundloc.inference.compiled.eye import CompiledEye

    weighs_loudness = config.sound_pooling == "loudness"
    return (
        CompiledEye(
            config, stored.tensors, precision="int8" if name == "auto" else "f32"
        ),
        CompiledEar(stored.tensors, weighs_loudness=weighs_loudness),
    )


def has_cuda() -> bool:
    """Tell whether torch can compute on CUDA; it is asked only if that may be.

    Importing it takes seconds, which a machine without NVIDIA's driver is spared.
    """
    signs = ("/dev/nvidiactl", "/dev/dxg", "C:/Windows/System32/nvcuda.dll")
    if not any(Path(sign).exists() for sign in signs):
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
