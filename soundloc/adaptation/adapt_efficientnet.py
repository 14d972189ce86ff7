"""Fine-tune EfficientNet-lite0 on scenes: classify the kind of every cell.

ImageNet shows one large thing at a time; a 360° frame shows many small ones. The later
blocks learn to name what each cell of a crop shows, or that it is background. They are
held near what they were, so that things nobody named stay recognisable, too. The
classifier is then thrown away.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.adaptation.crops import IGNORE_INDEX, CropSampler
from soundloc.adaptation.finetune import Finetuning, OnStep, StateFile
from soundloc.architecture.efficientnet_lite0 import HEAD_CHANNELS, MIDDLE_CHANNELS
from soundloc.network.model import SoundLocalizationNet
from soundloc.network.trunks.efficientnet import (
    EfficientNetLite0,
    EfficientNetLite0Head,
)
from soundloc.network.trunks.efficientnet_neck import LiteNeck

_DROPOUT = 0.1


@dataclass(frozen=True, slots=True)
class VisualTrunkSettings:
    """Hyperparameters of adapting the visual trunk.

    Parameters
    ----------
    first_block
        The blocks before it, edges and textures, stay as they are.
    background
        Weight of the cells that show nothing named.
    keep
        Weight of the cosine distance to the features of the pretrained trunk.
    share
        How far the weights go in the end, from the pretrained ones to the adapted.
        Between the two they often do better on what neither was shown (Wortsman et
        al. 2022, WiSE-FT).
    """

    n_crops: int = 12
    first_block: int = 5
    background: float = 0.5
    keep: float = 1.0
    share: float = 1.0
    finetuning: Finetuning = field(default_factory=lambda: Finetuning(3000))

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise ValueError(f"share must be in (0, 1], got {self.share}")


def adapt_visual_trunk(
    net: SoundLocalizationNet,
    sampler: CropSampler,
    settings: VisualTrunkSettings,
    *,
    state: Path | None = None,
    on_step: OnStep = lambda step, loss: None,
) -> None:
    """Adapt the visual trunk and the pretrained head of the neck, in place.

    Interrupted, it goes on from the state, if it is told where to keep one.

    Raises
    ------
    ValueError
        If the visual trunk is not EfficientNet-lite0.
    CheckpointError
        If the state is damaged or of another adaptation.
    """
    if not isinstance(net.visual.trunk, EfficientNetLite0):
        raise ValueError("only efficientnet_lite0 can be adapted")
    assert isinstance(net.visual.neck, LiteNeck)
    torch.manual_seed(sampler.seed)
    net.visual.trunk.requires_grad_(False)
    classifier = _CellClassifier(
        net.visual.trunk, net.visual.neck.head, len(sampler.kinds)
    )
    before = copy.deepcopy(classifier)
    moving = nn.ModuleList([classifier.trunk, classifier.head])

    def loss_at(step: int) -> Tensor:
        pixels, shown = sampler.draw(step, settings.n_crops)
        seen = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
        return _loss(classifier, before, seen, torch.from_numpy(shown), settings)

    settings.finetuning.run(
        classifier.blocks_from(settings.first_block),
        classifier.classifier,
        loss_at,
        on_step=on_step,
        state=None if state is None else StateFile(state, moving),
    )
    classifier.go_back_to(before, 1.0 - settings.share)


class _CellClassifier(nn.Module):
    """The trunk as published, at stride 32, and a name for every cell."""

    def __init__(
        self, trunk: EfficientNetLite0, head: EfficientNetLite0Head, n_kinds: int
    ) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head
        self.classifier = nn.Conv2d(MIDDLE_CHANNELS + HEAD_CHANNELS, n_kinds + 1, 1)
        nn.init.zeros_(self.classifier.weight)

    def blocks_from(self, first_block: int) -> list[nn.Parameter]:
        """Return the parameters of the blocks from this one on, and of the head."""
        return [*self.trunk.blocks[first_block:].parameters(), *self.head.parameters()]

    @torch.no_grad()
    def go_back_to(self, before: _CellClassifier, share: float) -> None:
        """Interpolate the weights towards the former ones by a share."""
        old = before.state_dict()
        for name, tensor in self.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(old[name], share)

    def see(self, early: Tensor, first_block: int) -> Tensor:
        """Map early features to middle and deep ones (b, 1392, h / 32, w / 32)."""
        middle, deep = self.trunk.see_late(early, first_block)
        return torch.cat([middle, self.head(deep)], dim=1)

    def name(self, seen: Tensor) -> Tensor:
        """Map features to the logits of every kind, background last."""
        logits: Tensor = self.classifier(F.dropout2d(seen, _DROPOUT))
        return logits


def _loss(
    classifier: _CellClassifier,
    before: _CellClassifier,
    pixels: Tensor,
    shown: Tensor,
    settings: VisualTrunkSettings,
) -> Tensor:
    first = settings.first_block
    # What is not trained may be rounded: it takes a third of the time in 16 bits.
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        early = classifier.trunk.see_early(pixels, first)
        old = before.see(early, first).float() if settings.keep > 0.0 else None
    seen = classifier.see(early.float(), first)
    logits = classifier.name(seen)
    n_kinds = logits.shape[1] - 1
    surprise = F.cross_entropy(
        logits, shown, ignore_index=IGNORE_INDEX, reduction="none"
    )
    is_named = (shown >= 0) & (shown < n_kinds)
    is_background = shown == n_kinds
    loss = _mean(surprise, is_named)
    loss = loss + settings.background * _mean(surprise, is_background)
    if old is not None:
        loss = loss + settings.keep * (
            _distance(seen[:, :MIDDLE_CHANNELS], old[:, :MIDDLE_CHANNELS])
            + _distance(seen[:, MIDDLE_CHANNELS:], old[:, MIDDLE_CHANNELS:])
        )
    return loss


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


def _distance(seen: Tensor, old: Tensor) -> Tensor:
    return (1.0 - F.cosine_similarity(seen, old, dim=1)).mean()
