"""Loads the pretrained, frozen trunks that trainings start from.

The log-mel trunk, and the visual trunk that was adapted beside it, come with the
package, so that a training needs no download; SoundNet-8 and VGG-16 must be at hand.
"""

from __future__ import annotations

from pathlib import Path

from soundloc.architecture.config import LocalizerConfig
from soundloc.errors import CheckpointError
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SoundLocalizationNet


def load_trunks(
    config: LocalizerConfig, soundnet: Path | None, trunks: Path | None = None
) -> SoundLocalizationNet:
    """Build a network with pretrained trunks and fresh heads, to be evaluated.

    Parameters
    ----------
    trunks
        A checkpoint whose trunks to take, such as `pano adapt` writes; None takes
        those of the shipped checkpoint for the log-mel trunk, else published ones.
    soundnet
        The published SoundNet-8; None asks the environment.

    Raises
    ------
    CheckpointError
        If a trunk is not at hand.
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
    if config.sound_features == "log-mel":
        return _with_shipped_ear(net)
    net.load_pretrained_trunks(soundnet_path=soundnet)
    return net.eval()


def _with_shipped_ear(net: SoundLocalizationNet) -> SoundLocalizationNet:
    """Take the log-mel trunk from the shipped checkpoint, and the eye if it has it."""
    shipped = load_checkpoint().net
    net.sound.trunk.load_state_dict(shipped.sound.trunk.state_dict())
    if shipped.config.visual_trunk == net.config.visual_trunk:
        net.copy_visual_trunk(shipped)
    else:
        net.load_pretrained_visual_trunk()
    return net.eval()


def load_visual_trunk(
    config: LocalizerConfig, trunks: Path | None = None
) -> SoundLocalizationNet:
    """Build a network with a pretrained visual trunk, all else fresh.

    Parameters
    ----------
    trunks
        A checkpoint whose visual trunk to take; None takes the published one.

    Raises
    ------
    CheckpointError
        If the trunk is not at hand.
    """
    net = SoundLocalizationNet(config)
    if trunks is None:
        net.load_pretrained_visual_trunk()
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
