"""Search a cached split with a picture or a sound that is not part of it.

A picture with a sound finds the pictures that lie nearest in f_v under the same sound
(Fig. 12, bottom). One alone finds the other kind by the peak of the response, which on
the pair sets at hand ranks better than either embedding.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from soundloc.data.feature_cache import FeatureCache
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import Progress
from soundloc.retrieval.scores import Embedder


@torch.inference_mode()
def find_pictures(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    *,
    pooled: NDArray[np.float32],
    seen: NDArray[np.float32] | None = None,
    on_step: Progress | None = None,
) -> NDArray[np.float32]:
    """Tell how alike each cached picture is to a query, (n_pictures,).

    Parameters
    ----------
    pooled
        (c,), the pooled trunk output of the query's sound.
    seen
        (channels, h, w), the trunk features of the query's picture; without them the
        pictures are asked for the sound's source.
    """
    embedder = Embedder(net.eval(), cache)
    h = embedder.directions(torch.from_numpy(pooled)[None])
    query = None if seen is None else embedder.guided(embedder.activation(seen), h)[0]
    n_pictures = len(cache.pair_set.pictures)
    alike = np.empty(n_pictures, np.float32)
    for number in range(n_pictures):
        f_v, peak = embedder.guided(embedder.picture(number), h)
        alike[number] = float(peak[0] if query is None else (query * f_v).sum())
        if on_step is not None:
            on_step(number + 1, n_pictures)
    return alike


@torch.inference_mode()
def find_sounds(
    net: SoundLocalizationNet, cache: FeatureCache, *, seen: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Tell how strongly a picture answers to each cached sound, (n_sounds,).

    `seen` is (channels, h, w), the trunk features of the picture.
    """
    embedder = Embedder(net.eval(), cache)
    h = embedder.directions(embedder.pooled(np.arange(len(cache.pair_set.sounds))))
    _, peaks = embedder.guided(embedder.activation(seen), h)
    strongest: NDArray[np.float32] = peaks.cpu().numpy()
    return strongest
