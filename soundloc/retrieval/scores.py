"""Similarities between every sound and every picture of a database.

f_v depends on the sound that guides the attention, so n pictures and m sounds have
n · m visual embeddings. They are made picture by picture from cached features, and
only their cosines are kept: 450 × 450 take two minutes on one core.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from soundloc.data.feature_cache import FeatureCache
from soundloc.network import attention
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import Progress
from soundloc.retrieval.pairs import Database


@dataclass(frozen=True, slots=True, eq=False)
class Similarities:
    """Cosines between sounds, the rows, and pictures, the columns.

    Parameters
    ----------
    paper
        (n, n): f_s of sound i and f_v(Y_v, Y_s) of pair j, as in Table 6. What the
        picture is embedded as depends on its own sound.
    guided
        (n, n): f_s of sound i and f_v(Y_v, X_s), picture j with sound i.
    unguided
        (n, n): f_s of sound i and f_v of picture j averaged without attention.
    peak
        (n, n): the peak response to sound i in picture j, with no embedding at all.
    given_sound
        (m, n): f_v(X_v, X_s) of query i and f_v(Y_v, X_s), picture j with the same
        sound; Fig. 12, bottom.
    given_picture
        (m, n): f_v(X_v, X_s) of query i and f_v(X_v, Y_s), the same picture with sound
        j; Fig. 12, top.
    """

    paper: NDArray[np.float32]
    guided: NDArray[np.float32]
    unguided: NDArray[np.float32]
    peak: NDArray[np.float32]
    given_sound: NDArray[np.float32]
    given_picture: NDArray[np.float32]


class Embedder:
    """Embeds cached features in the shared space.

    Parameters
    ----------
    net
        In evaluation mode.
    """

    def __init__(self, net: SoundLocalizationNet, cache: FeatureCache) -> None:
        self._net, self._cache = net, cache
        self._device = next(net.visual_embedding.parameters()).device

    def pooled(self, sounds: NDArray[np.int64]) -> Tensor:
        """Return the pooled trunk output of cached sounds, (n, c)."""
        rows = np.float32(self._cache.sounds[sounds, 0])
        return torch.from_numpy(rows).to(self._device)

    def picture(self, number: int) -> Tensor:
        """Return V of a cached picture, (D, h, w)."""
        features = self._cache.pictures[number].astype(np.float32)
        wrap = self._cache.pair_set.pictures[number].wrap
        return self.activation(features, wrap=wrap)

    def activation(
        self, features: NDArray[np.float32], *, wrap: bool = False
    ) -> Tensor:
        """Return V of a picture's trunk features (channels, h, w): (D, h, w)."""
        batch = torch.from_numpy(features)[None].to(self._device)
        return self._net.visual.activate(batch, wrap=wrap)[0]

    def sounds(self, pooled: Tensor) -> Tensor:
        """Return f_s of pooled sounds (n, c), of length 1."""
        return F.normalize(self._net.sound.standardise(pooled.to(self._device)), dim=1)

    def directions(self, pooled: Tensor) -> Tensor:
        """Return h of pooled sounds, (n, D)."""
        h: Tensor = self._net.sound.head(pooled.to(self._device))
        return h

    def guided(self, V: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return f_v of one picture (D, h, w) under n sounds (n, D), and their peaks.

        f_v is (n, c), of length 1; the peaks of the response are (n,).
        """
        a = self._net.respond(V[None], h)[0]
        alpha = self._attend(a)
        z = torch.einsum("nij,dij->nd", alpha, V)  # Eq. 4, many sounds in one picture
        return F.normalize(self._net.embed(z), dim=1), self._net.peak(a)

    def attended(self, V: Tensor, h: Tensor) -> Tensor:
        """Return where one picture (D, h, w) answers to n sounds (n, D): (n, h, w)."""
        return self._attend(self._net.respond(V[None], h)[0])

    def _attend(self, a: Tensor) -> Tensor:
        return attention.attend(a, temperature=self._net.config.temperature)

    def unguided(self, V: Tensor) -> Tensor:
        """Return f_v (c,) of a picture whose cells all count the same."""
        return F.normalize(self._net.embed(V.mean(dim=(1, 2))[None]), dim=1)[0]


@torch.inference_mode()
def compare_all(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    database: Database,
    *,
    on_step: Progress | None = None,
) -> Similarities:
    """Compare every sound of a database with every picture of it.

    The features are those of the database's split, in its order; of a sound's
    variations the first is taken.
    """
    tell = on_step or (lambda done, total: None)
    pairs, embedder = database.pairs, Embedder(net.eval(), cache)
    n, m = len(pairs), len(database.query_pairs)
    pooled = embedder.pooled(database.query_sounds)
    h, f_s = embedder.directions(pooled), embedder.sounds(pooled[:n])
    own, unguided = _own(embedder, database, h, tell)
    similar = Similarities(
        paper=(f_s @ own[:n].T).cpu().numpy(),
        guided=np.empty((n, n), np.float32),
        unguided=(f_s @ unguided.T).cpu().numpy(),
        peak=np.empty((n, n), np.float32),
        given_sound=np.empty((m, n), np.float32),
        given_picture=np.empty((m, n), np.float32),
    )
    for j, pair in enumerate(pairs):
        f_v, peaks = embedder.guided(embedder.picture(pair.picture), h)
        asked = np.flatnonzero(database.query_pairs == j)
        similar.guided[:, j] = (f_s * f_v[:n]).sum(dim=1).cpu()
        similar.peak[:, j] = peaks[:n].cpu()
        similar.given_sound[:, j] = (own * f_v).sum(dim=1).cpu()
        similar.given_picture[asked] = (own[asked] @ f_v[:n].T).cpu()
        tell(n + j + 1, 2 * n)
    return similar


def _own(
    embedder: Embedder,
    database: Database,
    h: Tensor,
    tell: Progress,
) -> tuple[Tensor, Tensor]:
    """Embed the conditional queries (m, c), and the pictures unguided (n, c)."""
    own: dict[int, Tensor] = {}
    unguided = []
    for j, pair in enumerate(database.pairs):
        V = embedder.picture(pair.picture)
        asked = np.flatnonzero(database.query_pairs == j).tolist()
        own |= dict(zip(asked, embedder.guided(V, h[asked])[0], strict=True))
        unguided.append(embedder.unguided(V))
        tell(j + 1, 2 * len(database.pairs))
    return torch.stack([own[i] for i in range(len(h))]), torch.stack(unguided)
