"""The objective: what the losses of one batch are, and how they add up.

The paper's two losses stand beside those that make them reach further: the mass in
the boxes, contrast over places, confidence, and a common frame of kinds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from soundloc.batches import Batch
from soundloc.losses import (
    confidence_loss,
    mass_loss,
    ratio_loss,
    supervised_loss,
)
from soundloc.model import SoundLocalizationNet

# Sounds whose h agree this closely are one answer to everything.
_DEAD_COSINE = 0.99
_ANCHOR_TEMPERATURE = 0.1


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each loss counts; 0 leaves it out."""

    supervised: float = 0.5
    mass: float = 1.0
    contrast: float = 0.5
    ratio: float = 0.2
    confidence: float = 0.5
    kinds: float = 0.5


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did: its losses and the mean cosine between different sounds' h."""

    step: int
    total: float
    supervised: float
    mass: float
    contrast: float
    ratio: float
    confidence: float
    kinds: float
    h_cosine: float

    @property
    def sound_is_dead(self) -> bool:
        """Tell whether h has stopped to depend on the sound."""
        return self.h_cosine > _DEAD_COSINE


class KindAnchors(nn.Module):
    """A direction of the joint space for every kind of the material.

    Few thousand sounds teach FC9 and FC10 slowly through maps alone. Naming the kind
    of h, and of what is seen in the boxes, gives both streams a common frame early.
    The anchors serve the training only and are no part of the result.
    """

    def __init__(self, n_kinds: int, dim: int) -> None:
        super().__init__()
        self.directions = nn.Parameter(
            nn.functional.normalize(torch.randn(n_kinds, dim))
        )

    def forward(
        self, embeddings: Tensor, kinds: Tensor, *, temperature: float
    ) -> Tensor:
        """Name the kinds (n,) of embeddings (n, D): mean cross-entropy."""
        directions = nn.functional.normalize(self.directions, dim=1)
        unit = nn.functional.normalize(embeddings, dim=1)
        known = kinds >= 0
        if not bool(known.any()):
            return embeddings.sum() * 0.0
        logits = unit[known] @ directions.T / temperature
        loss: Tensor = nn.functional.cross_entropy(logits, kinds[known])
        return loss


def batch_loss(
    net: SoundLocalizationNet,
    anchors: KindAnchors,
    batch: Batch,
    weights: LossWeights,
    *,
    contrast_temperature: float,
    step: int,
) -> tuple[Tensor, StepReport]:
    """Sum the weighted losses of a batch.

    The supervised loss (Senocak et al., Eq. 8) asks for the attention where the place
    is known, the ratio loss (Eq. 6) for f_v near its own f_s and far from a foreign
    one, the contrast for the highest response in the right picture, and the
    confidence for knowing foreign sounds, and the kinds for a common frame.
    """
    V = net.visual.neck(batch.pictures)  # b D h w
    h = net.sound.head(batch.sounds)  # n D
    responses = net.respond(V, h)  # b n h w
    own = torch.arange(batch.n_own)
    response = responses[batch.picture_of, own]  # m h w
    _, z = net.locate(
        V[batch.picture_of], response, log_prior=batch.log_weights[batch.picture_of]
    )
    placed = batch.targets.flatten(1).sum(1) > 0
    logits = response / net.config.temperature + batch.log_weights[batch.picture_of]
    terms = {
        "supervised": supervised_loss(logits[placed], batch.targets[placed]),
        "mass": mass_loss(logits[placed], batch.targets[placed]),
        "contrast": _contrast(net, responses, batch, contrast_temperature),
        "ratio": _ratio(net, z, batch, step),
        "confidence": _confidence(net, responses, batch),
        "kinds": _name_kinds(anchors, V, h, batch, placed),
    }
    total = torch.stack(
        [getattr(weights, f.name) * terms[f.name] for f in fields(LossWeights)]
    ).sum()
    unit = nn.functional.normalize(h.detach(), dim=1)
    cosine = (unit @ unit.T).mean().item()
    values = {name: term.item() for name, term in terms.items()}
    return total, StepReport(step, total.item(), **values, h_cosine=cosine)


def _name_kinds(
    anchors: KindAnchors, V: Tensor, h: Tensor, batch: Batch, placed: Tensor
) -> Tensor:
    """Name the kind of every sound and of what its boxes show."""
    unit = nn.functional.normalize(V, dim=1)[batch.picture_of]  # m D h w
    shown = torch.einsum("mdij,mij->md", unit, batch.targets)[placed]
    own_kinds = batch.kinds[: batch.n_own][placed]
    heard: Tensor = anchors(h, batch.kinds, temperature=_ANCHOR_TEMPERATURE)
    seen: Tensor = anchors(shown, own_kinds, temperature=_ANCHOR_TEMPERATURE)
    return heard + seen


def _contrast(
    net: SoundLocalizationNet, responses: Tensor, batch: Batch, temperature: float
) -> Tensor:
    """Max-over-place contrast (EZ-VSL): among pictures per sound and the reverse."""
    peaks = net.peak(responses) / temperature  # b n
    own = torch.arange(batch.n_own)
    positive = peaks[batch.picture_of, own]  # m
    # Foreign pairs are the negatives; related and equal kinds are left out.
    foreign = peaks.masked_fill(batch.belongs >= 0, -torch.inf)
    among_pictures = torch.cat([positive[None], foreign[:, : batch.n_own]]).logsumexp(0)
    among_sounds = torch.cat(
        [positive[:, None], foreign[batch.picture_of]], dim=1
    ).logsumexp(1)
    return (among_pictures + among_sounds - 2.0 * positive).mean()


def _ratio(net: SoundLocalizationNet, z: Tensor, batch: Batch, step: int) -> Tensor:
    """Eq. 6 with a random foreign sound as the negative of each pair."""
    # Distances per feature: those of a thousand summed features would saturate the
    # ratio from the start, where its gradient vanishes.
    scale = 1.0 / math.sqrt(batch.sounds.shape[1])
    f_s = net.sound.standardise(batch.sounds) * scale
    foreign = (batch.belongs[batch.picture_of] < 0).float()  # m n
    usable = foreign.sum(1) > 0
    generator = torch.Generator().manual_seed(step)
    negative = torch.multinomial(foreign[usable], 1, generator=generator)[:, 0]
    f_v = net.embed(z[usable]) * scale
    return ratio_loss(f_v, f_s[: batch.n_own][usable], f_s[negative])


def _confidence(net: SoundLocalizationNet, responses: Tensor, batch: Batch) -> Tensor:
    """Binary cross-entropy, own and foreign pairs in balance."""
    confidence = net.confidence_logit(responses)  # b n
    own = batch.belongs > 0
    foreign = batch.belongs < 0
    return confidence_loss(
        confidence[own], torch.ones(int(own.sum()))
    ) + confidence_loss(confidence[foreign], torch.zeros(int(foreign.sum())))
