"""The losses, one function each, with the numbers of the paper's equations.

Every loss is a mean over its batch and 0 for an empty one, so that a batch without
annotations is simply not supervised.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

GroundTruthNorm = Literal["sum", "paper"]


def ratio_loss(f_v: Tensor, f_s_positive: Tensor, f_s_negative: Tensor) -> Tensor:
    """Pull f_v to its own sound, relative to a foreign one (Eq. 5 and 6).

    Not normalised, as in the paper; all arguments are (b, c). With D⁺ + D⁻ = 1 the
    norm of Eq. 6 is 2·(D⁺)²: 0.5 where the sounds are equally near, 2 at worst.
    """
    d_positive = _distance(f_v, f_s_positive)  # Eq. 5
    d_negative = _distance(f_v, f_s_negative)
    D = torch.stack([d_positive, d_negative], dim=1).softmax(dim=1)
    return _mean((D - torch.tensor([0.0, 1.0]).to(D)).square().sum(dim=1))  # Eq. 6


def _distance(a: Tensor, b: Tensor) -> Tensor:
    # The gradient of a distance of exactly 0 would be NaN.
    return (a - b).square().sum(dim=1).clamp(min=1e-12).sqrt()


def supervised_loss(
    logits: Tensor, truth: Tensor, *, truth_norm: GroundTruthNorm = "sum"
) -> Tensor:
    """Cross-entropy of the attention against the known place (Eq. 8).

    Parameters
    ----------
    logits
        Response over temperature (b, h, w), before the softmax: the logarithm of the
        softmax is more exact than the paper's log(α).
    truth
        α_GT (b, h, w), not negative; a map of zeros costs nothing.
    truth_norm
        `paper` takes α_GT as it is. Binary, its loss is about K·log M: for a box of
        100 cells 600 against 0.5 for the ratio loss. `sum` scales every map to sum 1,
        so that large boxes do not drown small ones nor the unsupervised loss.
    """
    log_alpha = F.log_softmax(logits.flatten(1), dim=1)
    target = truth.flatten(1)
    if truth_norm == "sum":
        target = target / target.sum(dim=1, keepdim=True).clamp(min=1e-12)
    return _mean(-(target * log_alpha).sum(dim=1))  # Eq. 8


def mass_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Negative log of the attention's mass inside the boxes.

    Eq. 8 asks every cell of a box for its share, though a bark comes from the snout;
    this asks only that the peak be inside, and so for the choice between objects.

    Parameters
    ----------
    logits, truth
        As in `supervised_loss`; a cell counts where its truth is above 0.
    """
    log_alpha = F.log_softmax(logits.flatten(1), dim=1)
    inside = log_alpha.masked_fill(truth.flatten(1) <= 0, -torch.inf)
    return _mean(-inside.logsumexp(dim=1))


def silence_loss(
    responses: Tensor, silent: Tensor, is_denied: Tensor, *, temperature: float
) -> Tensor:
    """Penalize peaks of some sounds' responses on some things, such as speech on apes.

    Only these things give way: elsewhere nothing is asked to answer instead.

    Parameters
    ----------
    responses
        (b, n, h, w), of n sounds in b pictures.
    silent
        (b, k, h, w), above 0 where a cell shows a thing of each of k kinds; a picture
        without such a cell, or with no other, costs nothing.
    is_denied
        (k, n), the sounds that must not point at things of a kind.
    """
    inside = (silent > 0).flatten(2)
    is_asked = inside.any(dim=2) & ~inside.all(dim=2)
    picture, kind, sound = (is_asked[:, :, None] & is_denied).nonzero(as_tuple=True)
    inside, flat = inside[picture, kind], responses[picture, sound].flatten(1)
    there = flat.masked_fill(~inside, -torch.inf).amax(dim=1)
    elsewhere = flat.masked_fill(inside, -torch.inf).amax(dim=1).detach()
    return _mean(F.softplus((there - elsewhere) / temperature))


def confidence_loss(logits: Tensor, is_present: Tensor) -> Tensor:
    """Binary cross-entropy over (b,) of the source being in the picture."""
    return _mean(
        F.binary_cross_entropy_with_logits(
            logits, is_present.to(logits), reduction="none"
        )
    )


def _mean(per_sample: Tensor) -> Tensor:
    return per_sample.sum() / max(1, per_sample.numel())
