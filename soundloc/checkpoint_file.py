"""Checkpoint files: one safetensors file with the network's configuration inside.

safetensors because loading one cannot run code; the configuration inside because a file
of weights alone does not say which network it belongs to. They are read without torch,
which inference does not need; `soundloc.network.checkpoint` builds a network of one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from soundloc.architecture.config import LocalizerConfig
from soundloc.errors import CheckpointError

FORMAT = "soundloc.localizer/1"
# Names that tensors had in older files.
_OLD_NAMES = {"sound.head.judge.": "sound.head.presence_head."}
_PICKLED = {".pth", ".pt", ".ckpt", ".pkl", ".pickle", ".bin"}

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class StoredNetwork:
    """A network as its checkpoint holds it.

    Parameters
    ----------
    tensors
        By the names of `SoundLocalizationNet`; floating point ones in float32.
    step
        Training steps behind it.
    metrics
        As measured when it was saved.
    """

    config: LocalizerConfig
    tensors: Mapping[str, NDArray[Any]]
    step: int
    metrics: Mapping[str, float]


def default_checkpoint_path() -> Path:
    """Return where the package keeps its trained network."""
    return Path(str(resources.files("soundloc.weights") / "default.safetensors"))


def present_names(tensors: Mapping[str, Value]) -> dict[str, Value]:
    """Give tensors of an older file the names that they have now."""
    renamed = dict(tensors)
    for name in tensors:
        for old, new in _OLD_NAMES.items():
            if old in name:
                renamed[name.replace(old, new)] = renamed.pop(name)
    return renamed


def read_checkpoint_file(path: Path | None = None) -> StoredNetwork:
    """Read a checkpoint.

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
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged or no safetensors file ({error}). "
            "Download it again, or train a new one with `pano train`."
        ) from error
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has the format {metadata.get('format')!r}, not {FORMAT!r}. "
            "Train a new one with `pano train`, or use the version that wrote it."
        )
    try:
        config = _config(json.loads(metadata["config"]))
        step, metrics = int(metadata["step"]), json.loads(metadata["metrics"])
    except (KeyError, ValueError, TypeError) as error:
        raise misfit(path, error) from error
    single = {name: _single(tensor) for name, tensor in tensors.items()}
    return StoredNetwork(config, present_names(single), step, metrics)


def misfit(path: Path, error: Exception) -> CheckpointError:
    """Return the error for a checkpoint that this version cannot make a network of."""
    return CheckpointError(
        f"{path} does not fit this version: {error}. "
        "Train a new one with `pano train`, or use the version that wrote it."
    )


def _single(tensor: NDArray[Any]) -> NDArray[Any]:
    return tensor.astype(np.float32) if tensor.dtype.kind == "f" else tensor


def _config(stored: Mapping[str, Any]) -> LocalizerConfig:
    unknown = sorted(set(stored) - {field.name for field in fields(LocalizerConfig)})
    if unknown:
        raise ValueError(f"unknown settings {', '.join(unknown)}")
    return LocalizerConfig(**stored)
