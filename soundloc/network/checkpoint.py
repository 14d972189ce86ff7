"""Networks from checkpoint files, and back: see `soundloc.checkpoint_file`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from soundloc.checkpoint_file import (
    FORMAT,
    default_checkpoint_path,
    misfit,
    read_checkpoint_file,
)
from soundloc.network.model import SoundLocalizationNet
from soundloc.whole_file import written_whole


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A loaded network and what its training said about it.

    Parameters
    ----------
    net
        In evaluation mode, float32, on the CPU.
    step
        Training steps behind it.
    metrics
        As measured when it was saved.
    """

    net: SoundLocalizationNet
    step: int
    metrics: Mapping[str, float]


def save_checkpoint(
    path: Path,
    net: SoundLocalizationNet,
    *,
    step: int,
    metrics: Mapping[str, float],
    half_precision: bool = False,
) -> None:
    """Write the network under `path`, complete or not at all.

    Parameters
    ----------
    half_precision
        Store the weight matrices in 16 bits: half the size, and the response moves by
        about a thousandth. Biases and normalisation statistics, few but with a
        wide range, stay as they are.
    """
    metadata = {
        "format": FORMAT,
        "config": json.dumps(asdict(net.config)),
        "step": str(step),
        "metrics": json.dumps(dict(metrics)),
    }
    state = {
        name: _halved(tensor) if half_precision else tensor.detach().cpu().contiguous()
        for name, tensor in net.state_dict().items()
    }
    with written_whole(path) as part:
        save_file(state, part, metadata)


def _halved(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point() or tensor.ndim < 2:
        return tensor
    half = tensor.half()
    return half if bool(torch.isfinite(half).all()) else tensor


def load_checkpoint(path: Path | None = None) -> Checkpoint:
    """Build the network that a checkpoint describes and fill it, strictly.

    Parameters
    ----------
    path
        By default the network that comes with the package.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, a pickle, or of another network.
    """
    stored = read_checkpoint_file(path)
    net = SoundLocalizationNet(stored.config)
    try:
        net.load_state_dict(
            {name: torch.from_numpy(array) for name, array in stored.tensors.items()}
        )
    except (TypeError, RuntimeError) as error:
        raise misfit(path or default_checkpoint_path(), error) from error
    return Checkpoint(net.eval(), stored.step, stored.metrics)
