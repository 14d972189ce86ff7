"""The frozen trunks that trainings start from.

The published ones are asked for first. Where they are not at hand, the shipped
checkpoint holds the same trunks in 16 bits, so that a training needs no download.
"""

from __future__ import annotations

import logging
from pathlib import Path

from soundloc.checkpoint import default_checkpoint_path, load_checkpoint
from soundloc.errors import CheckpointError
from soundloc.model import LocalizerConfig, SoundLocalizationNet

logger = logging.getLogger(__name__)


def load_trunks(
    config: LocalizerConfig, soundnet: Path | None, trunks: Path | None = None
) -> SoundLocalizationNet:
    """Build a network with pretrained trunks and fresh heads, to be evaluated.

    Parameters
    ----------
    trunks
        A checkpoint whose trunks to take, such as `pano adapt` writes; None takes the
        published ones.
    soundnet
        The published SoundNet-8; None asks the environment, then the checkpoint.

    Raises
    ------
    CheckpointError
        If a trunk is neither at hand nor in the shipped checkpoint.
    """
    net = SoundLocalizationNet(config)
    if trunks is not None:
        adapted = load_checkpoint(trunks).net
        if not _has_trunks_of(adapted.config, config):
            raise CheckpointError(
                f"{trunks} has other trunks than this training asks for."
            )
        net.copy_trunks(adapted)
        return net.eval()
    try:
        net.load_pretrained_trunks(soundnet_path=soundnet)
    except CheckpointError:
        shipped = load_checkpoint().net
        if soundnet is not None or not _has_trunks_of(shipped.config, config):
            raise
        net.copy_trunks(shipped)
        logger.info("starting from the trunks of the shipped checkpoint")
    return net.eval()


def load_visual_trunk(
    config: LocalizerConfig, trunks: Path | None = None
) -> SoundLocalizationNet:
    """Build a network with a pretrained visual trunk, all else fresh.

    Raises
    ------
    CheckpointError
        If the trunk is neither at hand nor in the shipped checkpoint.
    """
    net = SoundLocalizationNet(config)
    if trunks is None:
        try:
            net.load_pretrained_visual_trunk()
        except CheckpointError:
            trunks = default_checkpoint_path()
        else:
            return net.eval()
    stored = load_checkpoint(trunks).net
    if stored.config.visual_trunk != config.visual_trunk:
        raise CheckpointError(
            f"{trunks} has another visual trunk than this training asks for."
        )
    net.copy_visual_trunk(stored)
    return net.eval()


def _has_trunks_of(shipped: LocalizerConfig, wanted: LocalizerConfig) -> bool:
    return (shipped.visual_trunk, shipped.sound_features) == (
        wanted.visual_trunk,
        wanted.sound_features,
    )
