"""Pseudo-labels of pictures and sounds by pretrained classifiers.

The paper has no truth to search for, so it takes the ten strongest objects of VGG-16
for a picture and of SoundNet for a sound; both name ImageNet's thousand, in one order.
Where such names cannot be had, the kinds of the pair set stand in for them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG16_Weights

from soundloc.architecture.efficientnet_lite0 import MIDDLE_CHANNELS
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import read_sound
from soundloc.errors import CheckpointError
from soundloc.inference.loudness import at_reference_level
from soundloc.network.model import SoundLocalizationNet
from soundloc.network.trunks import efficientnet_weights, soundnet_weights
from soundloc.network.trunks.efficientnet_neck import LiteNeck
from soundloc.network.trunks.soundnet import SoundNet8, hear_track
from soundloc.progress import Progress
from soundloc.retrieval.pairs import Database, LabelSets

N_LABELS = 10  # "top-10 label predictions", section 5.4
_VGG_GRID, _VGG_CHANNELS, _VGG_HIDDEN, _N_OBJECTS = 7, 512, 4096, 1000

NameObjects = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class PseudoLabels:
    """The names of a database's pictures and sounds, pair by pair.

    Parameters
    ----------
    origin
        Who gave the names, for whoever reads the figures.
    """

    pictures: LabelSets
    sounds: LabelSets
    origin: str


def kinds_as_labels(database: Database, *, reason: str) -> PseudoLabels:
    """Take the kinds of the pair set for names: of all that is shown, of what sounds.

    `reason` says why nothing better was to be had.
    """
    return PseudoLabels(
        database.shown(),
        database.heard()[: len(database.pairs)],
        f"the pair set's own kinds ({reason})",
    )


@torch.inference_mode()
def label_objects(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    database: Database,
    *,
    soundnet_path: Path | None = None,
    on_step: Progress | None = None,
) -> PseudoLabels:
    """Name pictures by the classifier on the net's visual trunk, sounds by SoundNet.

    Parameters
    ----------
    soundnet_path
        The published SoundNet-8, needed unless the network itself has its conv8.

    Raises
    ------
    CheckpointError
        If the published classifiers are not to be had.
    """
    is_light = isinstance(net.visual.neck, LiteNeck)
    name_picture = (
        _lite_classifier(net.visual.neck)
        if isinstance(net.visual.neck, LiteNeck)
        else _vgg_classifier(net.config.post_relu)
    )
    heard = _hear_objects(net, cache, database, soundnet_path, on_step)
    pictures = [
        name_picture(torch.from_numpy(np.float32(cache.pictures[pair.picture]))[None])
        for pair in database.pairs
    ]
    trunk = "EfficientNet-lite0" if is_light else "VGG-16"
    return PseudoLabels(
        [strongest(logits[0].numpy()) for logits in pictures],
        [strongest(heard[pair.sound]) for pair in database.pairs],
        f"the {N_LABELS} strongest ImageNet objects of {trunk} and SoundNet",
    )


def strongest(logits: NDArray[np.floating]) -> frozenset[int]:
    """Return the numbers of the ten highest of the logits (n,)."""
    return frozenset(np.argsort(-logits, kind="stable")[:N_LABELS].tolist())


def _hear_objects(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    database: Database,
    soundnet_path: Path | None,
    on_step: Progress | None,
) -> dict[int, NDArray[np.floating]]:
    sounds: Sequence[int] = sorted({pair.sound for pair in database.pairs})
    if net.sound.names_objects:
        return {number: cache.sounds[number, 0] for number in sounds}
    trunk = SoundNet8()
    soundnet_weights.load_pretrained(trunk, soundnet_path)
    objects = {}
    for done, number in enumerate(sounds, start=1):
        entry = cache.pair_set.sounds[number]
        track = at_reference_level(read_sound(cache.pair_set.folder / entry.sound))
        conv8 = hear_track(trunk, torch.from_numpy(track)).conv8
        if conv8 is not None:
            objects[number] = conv8[0].mean(dim=-1).numpy()
        if on_step is not None:
            on_step(done, len(sounds))
    return objects


def _lite_classifier(neck: LiteNeck) -> NameObjects:
    """Build EfficientNet-lite0's classifier on trunk features (b, 432, h, w)."""
    weight, bias = efficientnet_weights.pretrained_classifier()

    def name(features: Tensor) -> Tensor:
        # The head under the classifier is never trained, so the network's own will do.
        deep = neck.head(features[:, MIDDLE_CHANNELS:])
        return F.linear(deep.mean(dim=(2, 3)), weight, bias)

    return name


def _vgg_classifier(post_relu: bool) -> NameObjects:
    """Build VGG-16's classifier on conv5_3 (b, 512, h, w), downloading its weights."""
    weights = VGG16_Weights.IMAGENET1K_V1
    classifier = nn.Sequential(
        nn.Linear(_VGG_CHANNELS * _VGG_GRID**2, _VGG_HIDDEN),
        *(nn.ReLU(), nn.Dropout()),
        nn.Linear(_VGG_HIDDEN, _VGG_HIDDEN),
        *(nn.ReLU(), nn.Dropout()),
        nn.Linear(_VGG_HIDDEN, _N_OBJECTS),
    ).eval()
    try:
        published = weights.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
        classifier.load_state_dict(
            {
                name.removeprefix("classifier."): tensor
                for name, tensor in published.items()
                if name.startswith("classifier.")
            }
        )
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise CheckpointError(
            f"The classifier of VGG-16 could not be loaded ({error}). Connect to the "
            f"internet once, or download {weights.url} elsewhere and put it into "
            f"{torch.hub.get_dir()}/checkpoints."
        ) from error

    def name(features: Tensor) -> Tensor:
        x = features if post_relu else F.relu(features)
        x = F.adaptive_avg_pool2d(F.max_pool2d(x, 2), _VGG_GRID)
        logits: Tensor = classifier(x.flatten(1))
        return logits

    return name
