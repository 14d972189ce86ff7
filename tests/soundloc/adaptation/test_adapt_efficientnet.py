"""The visual trunk learns to name cells, and forgets little."""

from pathlib import Path

import pytest
import torch

from soundloc.adaptation.adapt_efficientnet import (
    VisualTrunkSettings,
    adapt_visual_trunk,
)
from soundloc.adaptation.crops import CropSampler, CropSettings
from soundloc.adaptation.finetune import Finetuning
from soundloc.architecture.config import LocalizerConfig
from soundloc.network.model import SoundLocalizationNet
from soundloc.network.trunks.efficientnet import EfficientNetLite0
from soundloc.network.trunks.enlarging import enlarge
from tests.soundloc.adaptation.test_crops import drawn_set

HOW = CropSettings(size_px=64, n_least=1)


def lite0_net() -> SoundLocalizationNet:
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0", sound_features="conv5+conv7"
    )
    return SoundLocalizationNet(config).eval()


def test_late_features_are_those_of_pictures_enlarged_before() -> None:
    trunk = lite0_net().visual.trunk
    assert isinstance(trunk, EfficientNetLite0)
    pixels = torch.rand(1, 3, 64, 96) * 255
    larger = enlarge(pixels, 2, wrap=False)
    far = EfficientNetLite0(picture_scale=2)
    far.load_state_dict(trunk.state_dict())
    with torch.no_grad():
        whole = far(pixels, wrap=False)
        for n_blocks in (0, 5):
            middle, deep = trunk.see_late(trunk.see_early(larger, n_blocks), n_blocks)
            torch.testing.assert_close(torch.cat([middle, deep], dim=1), whole)


def test_the_later_blocks_move_and_the_earlier_stay(tmp_path: Path) -> None:
    net = lite0_net()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    sampler = CropSampler(drawn_set(tmp_path), "train", how=HOW)
    settings = VisualTrunkSettings(n_crops=2, finetuning=Finetuning(3, warmup_steps=1))
    losses: list[float] = []
    adapt_visual_trunk(
        net, sampler, settings, on_step=lambda step, loss: losses.append(loss)
    )
    moved = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    assert len(losses) == 3
    assert all(
        k.startswith(("visual.trunk.blocks.", "visual.neck.head.")) for k in moved
    )
    numbers = {int(k.split(".")[3]) for k in moved if ".blocks." in k}
    assert numbers == set(range(5, 16))
    assert not any("running" in k for k in moved)
    assert not any(p.requires_grad for p in net.visual.trunk.parameters())


def test_a_share_of_the_way_lies_between_the_old_weights_and_the_new(
    tmp_path: Path,
) -> None:
    sampler = CropSampler(drawn_set(tmp_path), "train", how=HOW)
    old = lite0_net().visual.state_dict()
    new = []
    for share in (1.0, 0.25):
        net = lite0_net()
        settings = VisualTrunkSettings(
            n_crops=2, share=share, finetuning=Finetuning(3, warmup_steps=1)
        )
        adapt_visual_trunk(net, sampler, settings)
        new.append(net.visual.state_dict())
    for name, before in old.items():
        if before.is_floating_point():
            wanted = before + 0.25 * (new[0][name] - before)
            torch.testing.assert_close(new[1][name], wanted, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="share"):
        VisualTrunkSettings(share=0.0)


def test_adapting_is_repeatable(tmp_path: Path) -> None:
    sampler = CropSampler(drawn_set(tmp_path), "train", how=HOW)
    settings = VisualTrunkSettings(n_crops=2, finetuning=Finetuning(2, warmup_steps=1))
    first, second = lite0_net(), lite0_net()
    for net in (first, second):
        adapt_visual_trunk(net, sampler, settings)
    for one, two in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, two)


def test_cells_get_their_names(tmp_path: Path) -> None:
    sampler = CropSampler(drawn_set(tmp_path), "train", how=HOW)
    finetuning = Finetuning(40, learning_rate=1e-3, head_rate=1e-2, warmup_steps=5)
    losses: list[float] = []
    adapt_visual_trunk(
        lite0_net(),
        sampler,
        VisualTrunkSettings(n_crops=4, keep=0.0, finetuning=finetuning),
        on_step=lambda step, loss: losses.append(loss),
    )
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_vgg16_is_not_adapted(tmp_path: Path) -> None:
    sampler = CropSampler(drawn_set(tmp_path), "train", how=HOW)
    with pytest.raises(ValueError, match="efficientnet_lite0"):
        adapt_visual_trunk(
            SoundLocalizationNet(LocalizerConfig()), sampler, VisualTrunkSettings()
        )
