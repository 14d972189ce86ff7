"""Loads the cached features of a pair set from the frozen trunks.

The trunks are by far the largest cost and never change: what they give is computed
once per pair set and kept in its folder `features`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from soundloc.data.feature_cache import CacheRecipe, FeatureCache, cache_features
from soundloc.data.pairs import PairSet
from soundloc.inference.engine import VisualEngine
from soundloc.inference.loudness import at_reference_level
from soundloc.inference.torch_engine import choose_engine
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import StepProgress, untold


def load_features(
    net: SoundLocalizationNet,
    pair_set: PairSet,
    split: str,
    *,
    clean: bool = False,
    has_views: bool = False,
    picture_size_px: tuple[int, int] | None = None,
    engine: VisualEngine | None = None,
    on_step: StepProgress = untold,
) -> FeatureCache:
    """Load the trunks' features of one split, computing those not yet on disk.

    Parameters
    ----------
    clean
        Sounds as they are, whole, once each, to measure with. Otherwise each in
        several windows, levels and noises, to train on.
    has_views
        Look at every picture a second time, mirrored and turned or cropped, for the
        equivariance loss.
    picture_size_px
        (height, width) to bring all pictures to; needed where they differ.
    engine
        Who computes the visual trunk; one serves several splits.

    Raises
    ------
    DatasetError
        If a picture or sound cannot be read, or pictures differ in size.
    """
    config = net.config
    # Names what the features depend on: whoever changes how a trunk is run changes it.
    seen_by, heard_by = _digest(net.visual.trunk), _digest(net.sound.trunk)
    hearing = "" if config.sound_features == "log-mel" else "soundnet8 a trous "
    pooling = "" if config.sound_pooling == "mean" else f" by {config.sound_pooling}"
    look = "a trous" if config.picture_scale == 1 else f"× {config.picture_scale}"
    recipe = CacheRecipe(
        visual_trunk=f"{config.visual_trunk} {look} {seen_by}",
        sound_trunk=f"{hearing}{config.sound_features}{pooling} {heard_by}",
        picture_size_px=picture_size_px,
        has_views=has_views,
    )
    if clean:
        recipe = replace(recipe, n_variations=1, variation=None)
    sight = engine or choose_engine(net.visual.trunk)

    def see(image: NDArray[np.uint8], wrap: bool) -> NDArray[np.float32]:
        return sight.see(image, wrap=wrap)

    @torch.inference_mode()
    def hear(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        # Whoever asks for a localization brings the track to this level too.
        sound = at_reference_level(waveform) if clean else waveform
        return np.asarray(net.sound(torch.from_numpy(sound)[None])[0].numpy())

    return cache_features(pair_set, split, recipe, see=see, hear=hear, on_step=on_step)


def _digest(trunk: nn.Module) -> str:
    """Sum up the weights of a trunk: adapted ones give other features."""
    digest = hashlib.sha256()
    for name, tensor in sorted(trunk.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:12]
