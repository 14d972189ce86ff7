"""Calibration of the confidence by maximum likelihood: where it says p, p are right.

Training moves the scale of the responses with every step, on thinned pictures, and
shows the presence head as much wind as things; the numbers that turn a peak and a
presence into a probability are fitted afterwards, on whole pictures of a split that
did not train.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from soundloc.data.feature_cache import FeatureCache
from soundloc.network.model import SoundLocalizationNet
from soundloc.training.batch_sampler import BatchSampler, Related

_BATCH_PICTURES = 10


# In a film that shows all around, most of what is heard is also seen.
_OWN_SHARE = 0.8
# Of the target's best covered cell; a cell that holds less of it lies beside it.
_MIN_COVERAGE = 0.5


def calibrate_confidence(
    net: SoundLocalizationNet, cache: FeatureCache, *, related: Related, seed: int = 1
) -> None:
    """Fit scale and bias of the match, and of the presence head, by maximum likelihood.

    In place. A pair is right if the sound is the picture's own and the peak of the
    response lies in its source; where nobody gave the place, being its own is enough.
    Own pairs weigh four times as much as foreign ones in total, and of these wind, rain
    and noise as much as the sounds of absent things.
    """
    pairs = _pairs(net, cache, related, seed)
    weights = _weights(pairs)
    match, presence = _Line(pairs.peak), _Line(pairs.presence_logit)
    presence_head = net.sound.head.presence_head
    optimizer = torch.optim.LBFGS(
        [match.fitted, presence.fitted], max_iter=100, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        log_right = F.logsigmoid(match.logit())
        if presence_head is not None:
            log_right = log_right + F.logsigmoid(presence.logit())
        wrong = (1.0 - log_right.exp()).clamp(min=1e-6)
        likelihood = torch.where(pairs.is_right, log_right, wrong.log())
        loss = -(weights * likelihood).sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    with torch.no_grad():
        scale, offset = match.found()
        net.confidence_scale.copy_(scale)
        net.confidence_bias.copy_(-offset / scale)
        if presence_head is not None:
            scale, offset = presence.found()
            presence_head.weight.mul_(scale)
            presence_head.bias.mul_(scale).add_(offset)


class _Line:
    """Slope and offset that turn values (n,) into logits, fitted where they spread."""

    def __init__(self, values: Tensor) -> None:
        deviation, self._mean = torch.std_mean(values)
        self._deviation = deviation.clamp(min=1e-6)
        self._standard = (values - self._mean) / self._deviation
        self.fitted = torch.tensor([1.0, 0.0], requires_grad=True)

    def logit(self) -> Tensor:
        """Return the logits as they are now (n,)."""
        return self.fitted[0] * self._standard + self.fitted[1]

    def found(self) -> tuple[Tensor, Tensor]:
        """Return slope and offset of the values as they came."""
        slope, offset = self.fitted.detach()
        # A higher value never means less, whatever the pairs at hand say.
        scale = slope.clamp(min=1e-3) / self._deviation
        return scale, offset - scale * self._mean


def _weights(pairs: _Pairs) -> Tensor:
    groups = (
        (pairs.is_own, _OWN_SHARE),
        (~pairs.is_own & ~pairs.is_unlocalizable, (1.0 - _OWN_SHARE) / 2),
        (~pairs.is_own & pairs.is_unlocalizable, (1.0 - _OWN_SHARE) / 2),
    )
    weights = torch.zeros(len(pairs.is_own))
    for chosen, share in groups:
        weights += share * chosen.float() / chosen.sum().clamp(min=1)
    return weights


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of a picture and a sound, (n,) each.

    Parameters
    ----------
    presence_logit
        Of the sound, from the presence head; 0 without one.
    """

    peak: Tensor
    presence_logit: Tensor
    is_unlocalizable: Tensor
    is_own: Tensor
    is_right: Tensor


@torch.no_grad()
def _pairs(
    net: SoundLocalizationNet, cache: FeatureCache, related: Related, seed: int
) -> _Pairs:
    sampler = BatchSampler(cache, related=related, seed=seed)
    n_pictures = len(cache.pair_set.pictures)
    columns: list[tuple[Tensor, ...]] = []
    net.eval()
    for start in range(0, n_pictures, _BATCH_PICTURES):
        chosen = np.arange(start, min(start + _BATCH_PICTURES, n_pictures))
        batch = sampler.draw(
            start, pictures=chosen, n_per_picture=3, n_foreign=_BATCH_PICTURES
        )
        wraps = torch.tensor([cache.pair_set.pictures[i].wrap for i in chosen])
        V = net.visual.activate(batch.pictures, wrap=wraps)
        head = net.sound.head
        response = net.respond(V, head(batch.sounds))  # b n h w
        peak, presence_logit = net.peak(response), torch.zeros(len(batch.sounds))
        if head.presence_head is not None:
            presence_logit = head.presence_logit(batch.sounds)
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
                presence_logit.expand_as(peak)[known],
                batch.is_unlocalizable.expand_as(peak)[known],
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
