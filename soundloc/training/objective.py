"""The training objective: the losses of one batch and their weighted sum.

The paper's two losses stand beside those that make them reach further: the mass in
the boxes, contrast over places, confidence, a common frame of kinds, and silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Literal

import torch
from torch import Tensor, nn

from soundloc.network.model import SoundLocalizationNet
from soundloc.training.batch import Batch
from soundloc.training.hard_negatives import without_likely_false_negatives
from soundloc.training.kind_anchors import KindAnchors
from soundloc.training.losses import (
    GroundTruthNorm,
    confidence_loss,
    mass_loss,
    ratio_loss,
    silence_loss,
    supervised_loss,
)

# Embeddings that agree this closely are one answer to everything; f_v starts near its
# bias, and leaves it slowly.
_SAME_H_COSINE = 0.99
_SAME_F_V_COSINE = 0.999


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the losses; 0 leaves one out."""

    supervised: float = 0.5
    mass: float = 1.0
    contrast: float = 0.5
    ratio: float = 0.2
    confidence: float = 0.5
    kinds: float = 0.5
    equivariance: float = 0.0
    silence: float = 0.5


@dataclass(frozen=True, slots=True)
class Objective:
    """What the losses of a batch are and how they add up.

    Parameters
    ----------
    weights
        Of the losses; one of weight 0 is not even computed.
    contrast_temperature
        Of the contrast over places.
    truth_norm
        Of the supervised loss, see `losses.supervised_loss`.
    ratio_distance
        `raw` is the paper: distances between whole embeddings, whose differences of
        several units saturate the ratio from the start. `per_feature` divides them by
        the square root of the length, so that its gradient lives.
    doubt_above_cosine
        Foreign sounds this like a picture's own are no negatives for it; 1 doubts
        none.
    """

    weights: LossWeights = field(default_factory=LossWeights)
    contrast_temperature: float = 0.07
    truth_norm: GroundTruthNorm = "sum"
    ratio_distance: Literal["raw", "per_feature"] = "per_feature"
    doubt_above_cosine: float = 1.0


@dataclass(frozen=True, slots=True)
class StepReport:
    """Losses and diagnostics of one step.

    Parameters
    ----------
    total
        The weighted sum of the losses that follow; those left out are 0.
    h_cosine, f_v_cosine
        Mean cosine between different sounds' h, and different pictures' f_v.
    """

    step: int
    total: float
    supervised: float
    mass: float
    contrast: float
    ratio: float
    confidence: float
    kinds: float
    equivariance: float
    silence: float
    h_cosine: float
    f_v_cosine: float

    @property
    def sound_is_dead(self) -> bool:
        """Tell whether h no longer depends on the sound."""
        return self.h_cosine > _SAME_H_COSINE

    @property
    def has_collapsed(self) -> bool:
        """Tell whether f_v is the same for every picture."""
        return self.f_v_cosine > _SAME_F_V_COSINE

    def warnings(self) -> tuple[str, ...]:
        """Say what has gone wrong, if anything has."""
        words = []
        if self.sound_is_dead:
            words.append(
                f"h no longer depends on the sound (mean cosine {self.h_cosine:.3f}); "
                "sound_norm='standardise' is the usual remedy"
            )
        if self.has_collapsed:
            words.append(
                "f_v is the same for every picture (mean cosine "
                f"{self.f_v_cosine:.3f}); a lower learning rate may help"
            )
        return tuple(words)


def batch_loss(
    net: SoundLocalizationNet,
    anchors: KindAnchors,
    batch: Batch,
    objective: Objective,
    *,
    step: int,
) -> tuple[Tensor, StepReport]:
    """Sum the weighted losses of a batch.

    The supervised loss (Senocak et al., Eq. 8) asks for the attention where the place
    is known, the ratio loss (Eq. 6) for f_v near its own f_s and far from a foreign
    one, the contrast for the highest response in the right picture, the confidence
    for knowing foreign sounds, the kinds for a common frame, the equivariance for
    responses that move with the picture, and the silence for no sound that points at
    what it must not.
    """
    seen = _see_and_hear(net, batch, objective)
    terms = {
        name: loss(seen)
        for name, loss in _LOSSES.items()
        if getattr(objective.weights, name) > 0.0
    }
    if objective.weights.kinds > 0.0:
        terms["kinds"] = _name_kinds(anchors, seen)
    if objective.weights.ratio > 0.0:
        terms["ratio"] = _ratio(seen, step)
    total = torch.stack(
        [getattr(objective.weights, name) * term for name, term in terms.items()]
    ).sum()
    values = {f.name: 0.0 for f in fields(LossWeights)}
    values |= {name: term.item() for name, term in terms.items()}
    report = StepReport(
        step,
        total.item(),
        **values,
        h_cosine=_mean_cosine(seen.h),
        f_v_cosine=_mean_cosine(net.embed(seen.z)),
    )
    return total, report


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What the network makes of a batch; n sounds, m of them own, b pictures."""

    net: SoundLocalizationNet
    batch: Batch
    objective: Objective
    belongs: Tensor  # b n
    V: Tensor  # b D h w
    h: Tensor  # n D
    responses: Tensor  # b n h w
    logits: Tensor  # m h w
    z: Tensor  # m D
    placed: Tensor  # m


def _see_and_hear(
    net: SoundLocalizationNet, batch: Batch, objective: Objective
) -> _Seen:
    V, h = net.visual.neck(batch.pictures), net.sound.head(batch.sounds)
    responses = net.respond(V, h)
    own = torch.arange(batch.n_own, device=h.device)
    response = responses[batch.picture_of, own]
    log_weights = batch.log_weights[batch.picture_of]
    _, z = net.locate(V[batch.picture_of], response, log_prior=log_weights)
    belongs = batch.belongs
    if objective.doubt_above_cosine < 1.0:
        belongs = without_likely_false_negatives(
            belongs,
            net.sound.standardise(batch.sounds),
            batch.picture_of,
            above_cosine=objective.doubt_above_cosine,
        )
    return _Seen(
        net,
        batch,
        objective,
        belongs,
        V,
        h,
        responses,
        logits=response / net.config.temperature + log_weights,
        z=z,
        placed=batch.targets.flatten(1).sum(1) > 0,
    )


def _mean_cosine(embeddings: Tensor) -> float:
    n = len(embeddings)
    if n < 2:
        return 0.0
    unit = nn.functional.normalize(embeddings.detach(), dim=1)
    return float(((unit @ unit.T).sum() - n) / (n * (n - 1)))


def _supervised(seen: _Seen) -> Tensor:
    targets = seen.batch.targets[seen.placed]
    norm = seen.objective.truth_norm
    if norm == "paper":  # binary, as the paper has it
        targets = (targets > 0).float()
    return supervised_loss(seen.logits[seen.placed], targets, truth_norm=norm)


def _mass(seen: _Seen) -> Tensor:
    return mass_loss(seen.logits[seen.placed], seen.batch.targets[seen.placed])


def _equivariance(seen: _Seen) -> Tensor:
    """Ask two views of a place for the same response (SSL-TIE)."""
    if seen.batch.views is None:
        raise ValueError("the equivariance loss needs a second view of the pictures")
    whole, view = (
        seen.net.visual.neck(cells[:, :, None])[:, :, 0] for cells in seen.batch.views
    )  # b D k
    h = nn.functional.normalize(seen.h[: seen.batch.n_own], dim=1)
    of = seen.batch.picture_of
    first, second = (
        torch.einsum("mdk,md->mk", nn.functional.normalize(V, dim=1)[of], h)
        for V in (whole, view)
    )
    # In units of the temperature, in which attention feels a difference.
    return ((first - second) / seen.net.config.temperature).square().mean()


def _name_kinds(anchors: KindAnchors, seen: _Seen) -> Tensor:
    """Name the kind of every sound and of what its boxes show."""
    batch, placed = seen.batch, seen.placed
    unit = nn.functional.normalize(seen.V, dim=1)[batch.picture_of]  # m D h w
    shown = torch.einsum("mdij,mij->md", unit, batch.targets)[placed]
    own_kinds = batch.kinds[: batch.n_own][placed]
    heard: Tensor = anchors(seen.h, batch.kinds)
    shown_kinds: Tensor = anchors(shown, own_kinds)
    return heard + shown_kinds


def _contrast(seen: _Seen) -> Tensor:
    """Max-over-place contrast (EZ-VSL): among pictures per sound and the reverse."""
    batch, temperature = seen.batch, seen.objective.contrast_temperature
    peaks = seen.net.peak(seen.responses) / temperature  # b n
    own = torch.arange(batch.n_own, device=peaks.device)
    positive = peaks[batch.picture_of, own]  # m
    # Foreign pairs are the negatives; related and equal kinds are left out.
    foreign = peaks.masked_fill(seen.belongs >= 0, -torch.inf)
    among_pictures = torch.cat([positive[None], foreign[:, : batch.n_own]]).logsumexp(0)
    among_sounds = torch.cat(
        [positive[:, None], foreign[batch.picture_of]], dim=1
    ).logsumexp(1)
    return (among_pictures + among_sounds - 2.0 * positive).mean()


def _ratio(seen: _Seen, step: int) -> Tensor:
    """Eq. 6 with a random foreign sound as the negative of each pair."""
    net, batch = seen.net, seen.batch
    per_feature = seen.objective.ratio_distance == "per_feature"
    scale = 1.0 / math.sqrt(batch.sounds.shape[1]) if per_feature else 1.0
    f_s = net.sound.standardise(batch.sounds) * scale
    foreign = (seen.belongs[batch.picture_of] < 0).float()  # m n
    usable = foreign.sum(1) > 0
    if not bool(usable.any()):
        return seen.z.sum() * 0.0
    generator = torch.Generator().manual_seed(step)
    negative = torch.multinomial(foreign[usable].cpu(), 1, generator=generator)[:, 0]
    f_v = net.embed(seen.z[usable]) * scale
    return ratio_loss(f_v, f_s[: batch.n_own][usable], f_s[negative.to(f_s.device)])


def _confidence(seen: _Seen) -> Tensor:
    """Binary cross-entropy, own and foreign pairs in balance; what has a place, too."""
    match = seen.net.match_logit(seen.responses)  # b n
    loss = _in_balance(match, seen.belongs > 0, seen.belongs < 0)
    head = seen.net.sound.head
    if head.presence_head is None:
        return loss
    nowhere = seen.batch.is_unlocalizable.bool()
    return loss + _in_balance(head.presence_logit(seen.batch.sounds), ~nowhere, nowhere)


def _silence(seen: _Seen) -> Tensor:
    batch, temperature = seen.batch, seen.net.config.temperature
    return silence_loss(
        *(seen.responses, batch.silent, batch.is_denied), temperature=temperature
    )


def _in_balance(logits: Tensor, is_true: Tensor, is_false: Tensor) -> Tensor:
    """Binary cross-entropy in which the true and the false weigh the same."""
    return confidence_loss(
        logits[is_true], torch.ones(int(is_true.sum()))
    ) + confidence_loss(logits[is_false], torch.zeros(int(is_false.sum())))


_LOSSES: dict[str, Callable[[_Seen], Tensor]] = {
    "supervised": _supervised,
    "mass": _mass,
    "contrast": _contrast,
    "confidence": _confidence,
    "equivariance": _equivariance,
    "silence": _silence,
}
