from pathlib import Path

import pytest
import torch

from pipelines.presets import PRESETS
from pipelines.trunks import load_trunks
from soundloc.checkpoint import load_checkpoint
from soundloc.errors import CheckpointError
from soundloc.model import SoundLocalizationNet


@pytest.fixture(autouse=True)
def _nothing_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: SoundLocalizationNet, *, soundnet_path: Path | None) -> None:
        raise CheckpointError("SoundNet is not at hand; download it.")

    monkeypatch.setattr(SoundLocalizationNet, "load_pretrained_trunks", refuse)


def test_without_downloads_the_shipped_trunks_serve() -> None:
    net, shipped = load_trunks(PRESETS["light"].config, None), load_checkpoint().net
    ours, theirs = net.state_dict(), shipped.state_dict()
    trunks = [n for n in ours if ".trunk." in n or n.startswith("visual.neck.head")]
    heads = [n for n in ours if n.startswith("sound.head.fc")]
    assert len(trunks) > 100
    assert all(torch.equal(ours[n], theirs[n]) for n in trunks)
    assert not any(torch.equal(ours[n], theirs[n]) for n in heads)


def test_a_named_file_is_not_replaced_in_silence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not at hand"):
        load_trunks(PRESETS["light"].config, tmp_path / "sound8.npy")


def test_trunks_that_were_never_shipped_are_asked_for() -> None:
    with pytest.raises(CheckpointError, match="not at hand"):
        load_trunks(PRESETS["paper"].config, None)
