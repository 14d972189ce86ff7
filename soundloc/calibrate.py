"""Confidence made honest: of the pairs given p, about p belong together.

Training moves the scale of the responses with every step, on thinned pictures; the two
numbers that turn a peak into a probability are fitted afterwards, on whole pictures of
a split that did not train.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from soundloc.batches import BatchDrawer, Related
from soundloc.cache import FeatureCache
from soundloc.model import SoundLocalizationNet

_BATCH_PICTURES = 10


def calibrate_confidence(
    net: SoundLocalizationNet, cache: FeatureCache, *, related: Related, seed: int = 1
) -> None:
    """Fit scale and bias of the confidence by logistic regression, in place.

    Own and foreign pairs weigh the same in total.
    """
    peaks, belongs = _peaks(net, cache, related, seed)
    x = torch.from_numpy(peaks)
    y = torch.from_numpy(belongs)
    weights = torch.where(y > 0, 0.5 / y.sum(), 0.5 / (1.0 - y).sum())
    scale, bias = net.confidence_scale, net.confidence_bias
    optimizer = torch.optim.LBFGS([scale, bias], lr=0.5, max_iter=100)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(
            scale * (x - bias), y, weight=weights, reduction="sum"
        )
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch leaves it untyped


def _peaks(
    net: SoundLocalizationNet, cache: FeatureCache, related: Related, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    drawer = BatchDrawer(cache, related=related, seed=seed)
    n_pictures = len(cache.pair_set.pictures)
    peaks, belongs = [], []
    net.eval()
    with torch.no_grad():
        for start in range(0, n_pictures, _BATCH_PICTURES):
            chosen = np.arange(start, min(start + _BATCH_PICTURES, n_pictures))
            batch = drawer.draw(
                start, pictures=chosen, n_per_picture=3, n_foreign=_BATCH_PICTURES
            )
            V, h = net.visual.neck(batch.pictures), net.sound.head(batch.sounds)
            peak = net.peak(net.respond(V, h))
            known = batch.belongs != 0
            peaks.append(peak[known].numpy())
            belongs.append((batch.belongs[known] > 0).float().numpy())
    return np.concatenate(peaks), np.concatenate(belongs)
