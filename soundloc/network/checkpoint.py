"""Checkpoints: one safetensors file with the network's configuration inside.

safetensors because loading one cannot run code; the configuration inside because a file
of weights alone does not say which network it belongs to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from soundloc.errors import CheckpointError
from soundloc.network.config import LocalizerConfig
from soundloc.network.model import SoundLocalizationNet
from soundloc.whole_file import written_whole

FORMAT = "soundloc.localizer/1"
# Names that tensors had in older files.
_OLD_NAMES = {"sound.head.judge.": "sound.head.presence_head."}
_PICKLED = {".pth", ".pt", ".ckpt", ".pkl", ".pickle", ".bin"}


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


def default_checkpoint_path() -> Path:
    """Return where the package keeps its trained network."""
    return Path(str(resources.files("soundloc.weights") / "default.safetensors"))


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


def present_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give tensors of an older file the names that they have now."""
    renamed = dict(tensors)
    for name in tensors:
        for old, new in _OLD_NAMES.items():
            if old in name:
                renamed[name.replace(old, new)] = renamed.pop(name)
    return renamed


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
    path = default_checkpoint_path() if path is None else path
    if path.suffix.lower() in _PICKLED:
        raise CheckpointError(
            f"{path} is a pickle, and loading a pickle can run any code. "
            "Checkpoints of this package are .safetensors files; make one with "
            "`pano train`."
        )
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint {path}. Name an existing .safetensors file, "
            "train one with `pano train`, or reinstall the package for its own."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged or no safetensors file ({error}). "
            "Download it again, or train a new one with `pano train`."
        ) from error
    return _build(path, metadata, state)


def _build(
    path: Path, metadata: Mapping[str, str], state: Mapping[str, Tensor]
) -> Checkpoint:
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has the format {metadata.get('format')!r}, not {FORMAT!r}. "
            "Train a new one with `pano train`, or use the version that wrote it."
        )
    try:
        config = _config(json.loads(metadata["config"]))
        net = SoundLocalizationNet(config)
        net.load_state_dict(
            {
                name: tensor.float() if tensor.is_floating_point() else tensor
                for name, tensor in present_names(state).items()
            }
        )
        step, metrics = int(metadata["step"]), json.loads(metadata["metrics"])
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not fit this version: {error}. "
            "Train a new one with `pano train`, or use the version that wrote it."
        ) from error
    return Checkpoint(net.eval(), step, metrics)


def _config(stored: Mapping[str, Any]) -> LocalizerConfig:
    unknown = sorted(set(stored) - {field.name for field in fields(LocalizerConfig)})
    if unknown:
        raise ValueError(f"unknown settings {', '.join(unknown)}")
    return LocalizerConfig(**stored)
