"""Confidence made honest: where it says p, about p of the peaks lie in the right place.

Training moves the scale of the responses with every step, on thinned pictures; the two
numbers that turn a peak into a probability are fitted afterwards, on whole pictures of
a split that did not train.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from soundloc.batches import BatchDrawer, Related
from soundloc.cache import FeatureCache
from soundloc.model import SoundLocalizationNet

_BATCH_PICTURES = 10


# In a film that shows all around, most of what is heard is also seen.
_OWN_SHARE = 0.8
# Of the target's best covered cell; a cell that holds less of it lies beside it.
_MIN_COVERAGE = 0.5


def calibrate_confidence(
    net: SoundLocalizationNet, cache: FeatureCache, *, related: Related, seed: int = 1
) -> None:
    """Fit scale and bias of the confidence by maximum likelihood, in place.

    A pair is right if the sound is the picture's own and the peak of the response lies
    in its source; where nobody gave the place, being its own is enough. Own pairs
    weigh four times as much as foreign ones in total.
    """
    pairs = _pairs(net, cache, related, seed)
    own = pairs.is_own.float()
    foreign = 1.0 - own
    weights = (
        _OWN_SHARE * own / own.sum() + (1.0 - _OWN_SHARE) * foreign / foreign.sum()
    )
    deviation, mean = torch.std_mean(pairs.peak)
    standard = (pairs.peak - mean) / deviation.clamp(min=1e-6)
    line = torch.tensor([1.0, 0.0], requires_grad=True)  # slope and offset
    optimizer = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        log_right = F.logsigmoid(line[0] * standard + line[1]) + pairs.log_place
        wrong = (1.0 - log_right.exp()).clamp(min=1e-6)
        likelihood = torch.where(pairs.is_right, log_right, wrong.log())
        loss = -(weights * likelihood).sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    slope, offset = line.detach()
    # Higher peaks never mean less, whatever the pairs at hand say.
    scale = slope.clamp(min=1e-3) / deviation.clamp(min=1e-6)
    with torch.no_grad():
        net.confidence_scale.copy_(scale)
        net.confidence_bias.copy_(mean - offset / scale)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of a picture and a sound, (n,) each.

    Parameters
    ----------
    log_place
        Logarithm of the probability that the sound's like has a place at all.
    """

    peak: Tensor
    log_place: Tensor
    is_own: Tensor
    is_right: Tensor


@torch.no_grad()
def _pairs(
    net: SoundLocalizationNet, cache: FeatureCache, related: Related, seed: int
) -> _Pairs:
    drawer = BatchDrawer(cache, related=related, seed=seed)
    n_pictures = len(cache.pair_set.pictures)
    columns: list[tuple[Tensor, ...]] = []
    net.eval()
    for start in range(0, n_pictures, _BATCH_PICTURES):
        chosen = np.arange(start, min(start + _BATCH_PICTURES, n_pictures))
        batch = drawer.draw(
            start, pictures=chosen, n_per_picture=3, n_foreign=_BATCH_PICTURES
        )
        wraps = torch.tensor([cache.pair_set.pictures[i].wrap for i in chosen])
        V = net.visual.activate(batch.pictures, wrap=wraps)
        h = net.sound.head(batch.sounds)
        response = net.respond(V, h)  # b n h w
        peak, log_place = net.peak(response), F.logsigmoid(net.place_logit(h))
        is_own = torch.zeros_like(batch.belongs, dtype=torch.bool)
        sounds = torch.arange(batch.n_own)
        is_own[batch.picture_of, sounds] = True
        is_right = torch.zeros_like(is_own)
        is_right[batch.picture_of, sounds] = _peaks_in(
            response[batch.picture_of, sounds], batch.targets
        )
        known = is_own | (batch.belongs < 0)
        columns.append(
            (
                peak[known],
                log_place.expand_as(peak)[known],
                is_own[known],
                is_right[known],
            )
        )
    return _Pairs(*(torch.cat(column) for column in zip(*columns, strict=True)))


def _peaks_in(response: Tensor, targets: Tensor) -> Tensor:
    """Tell whether the peaks of responses (m, h, w) lie in their targets: (m,)."""
    covered = targets.flatten(1)
    best = covered.max(dim=1).values
    at = response.flatten(1).argmax(dim=1)
    inside = covered.gather(1, at[:, None])[:, 0] >= _MIN_COVERAGE * best
    return inside | (best <= 0.0)
