"""The predictions of a network for every question of a split.

The network runs once, ten pictures at a time; its responses are kept on its own grid
in 16 bits (a cell of 16 × 16 pixels costs two bytes), and whatever is measured is a
pure function of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from soundloc.architecture.config import Mechanism
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import PairSet
from soundloc.evaluation.queries import Question, Relation
from soundloc.network import attention
from soundloc.network.model import SAMPLE_RATE_HZ, SoundLocalizationNet
from soundloc.network.sound_head import SoundEmbedding
from soundloc.progress import StepProgress, untold

# What a picture looks like to "any" sound: enough of them for the mean to settle.
N_PRIOR_SOUNDS = 64
_TOP_SHARE = 0.25
_SILENCE_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Strength:
    """How strong the responses (n,) to n questions are, before any softmax.

    Parameters
    ----------
    peak
        The mean of the strongest 0.5 % of the cells, which confidence is made of.
    top_quarter
        The mean of the strongest 25 %: SLAVC's confidence.
    """

    peak: NDArray[np.float32]
    top_quarter: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The responses of a network to n questions about the pictures of a split.

    Parameters
    ----------
    responses
        (n, h, w), under the network's own mechanism.
    priors
        (n_pictures, h, w), the mean response to many sounds: what it would look at
        without listening.
    confidence
        (n,), in [0, 1].
    cosine, relu_cosine
        The strength of the responses as the paper's Mechanism 1 and 2 have them.
    mechanism
        Which of the two is the network's own.
    """

    pair_set: PairSet
    questions: tuple[Question, ...]
    responses: NDArray[np.float16]
    priors: NDArray[np.float16]
    confidence: NDArray[np.float32]
    cosine: Strength
    relu_cosine: Strength
    mechanism: Mechanism

    @property
    def strength(self) -> Strength:
        """How strong the responses are under the network's own mechanism."""
        return self.cosine if self.mechanism == "cosine" else self.relu_cosine


@torch.inference_mode()
def predict(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    questions: Sequence[Question],
    *,
    seed: int = 0,
    on_step: StepProgress = untold,
) -> Predictions:
    """Predict the response to every question.

    `cache` holds the features of the split that the questions are about, of clean
    sounds; of several variations the first is heard.
    """
    net.eval()
    embeddings = _SoundEmbeddings(net, cache)
    n, (height, width) = len(questions), cache.pictures.shape[-2:]
    n_pictures = len(cache.pair_set.pictures)
    responses = np.zeros((n, height, width), dtype=np.float16)
    priors = np.zeros((n_pictures, height, width), dtype=np.float16)
    columns = np.zeros((5, n), dtype=np.float32)
    asked: dict[int, list[int]] = defaultdict(list)
    for number, question in enumerate(questions):
        asked[question.picture].append(number)
    any_h, mechanism = embeddings.sample(seed), net.config.mechanism
    for picture in range(n_pictures):
        features = torch.from_numpy(np.float32(cache.pictures[[picture]]))
        V = net.visual.activate(features, wrap=cache.pair_set.pictures[picture].wrap)
        prior = attention.respond(V, any_h, mechanism=mechanism)[0].mean(0)
        priors[picture] = prior.numpy()
        rows = asked[picture]
        if rows:
            sounds = embeddings.of([questions[row] for row in rows])
            a = attention.respond(V, sounds.h, mechanism=mechanism)[0]
            responses[rows] = a.numpy()
            columns[:, rows] = _strengths(net, V, sounds, a)
        on_step("asking", picture + 1, n_pictures)
    return Predictions(
        cache.pair_set,
        tuple(questions),
        responses,
        priors,
        columns[0],
        Strength(columns[1], columns[2]),
        Strength(columns[3], columns[4]),
        mechanism,
    )


def _strengths(
    net: SoundLocalizationNet, V: Tensor, sounds: SoundEmbedding, a: Tensor
) -> NDArray[np.float32]:
    """Return confidence, peak and top quarter, under both mechanisms: (5, n)."""
    cosine = a
    if net.config.mechanism != "cosine":
        cosine = attention.respond(V, sounds.h, mechanism="cosine")[0]
    rows = [net.confidence(a, sounds.presence)]
    for response in (cosine, F.relu(cosine)):
        rows += [net.peak(response), top_quarter(response)]
    return torch.stack(rows).numpy()


def top_quarter(a: Tensor) -> Tensor:
    """Average the strongest quarter of the cells of (..., h, w): shape (...)."""
    cells = a.flatten(-2)
    n_strongest = max(1, int(cells.shape[-1] * _TOP_SHARE))
    return cells.topk(n_strongest, dim=-1).values.mean(-1)


class _SoundEmbeddings:
    """The embeddings of every sound that may be asked with."""

    def __init__(self, net: SoundLocalizationNet, cache: FeatureCache) -> None:
        self._n_sounds = len(cache.sounds)
        nothing = torch.zeros(1, int(_SILENCE_S * SAMPLE_RATE_HZ))
        embedded = [
            net.sound.head.embed(pooled)
            for pooled in (
                torch.from_numpy(np.float32(cache.sounds[:, 0])),
                torch.from_numpy(np.float32(cache.noises)),
                net.sound(nothing),
            )
        ]
        self._h = torch.cat([e.h for e in embedded])
        self._presence = torch.cat([e.presence for e in embedded])
        entries = cache.pair_set.sounds
        self._placeable = [i for i, s in enumerate(entries) if not s.is_unlocalizable]

    def of(self, questions: Sequence[Question]) -> SoundEmbedding:
        """Return the embeddings of questions' sounds."""
        rows = [self._row(question) for question in questions]
        return SoundEmbedding(self._h[rows], self._presence[rows])

    def _row(self, question: Question) -> int:
        if question.relation is Relation.SILENCE:
            return -1
        if question.relation is Relation.NOISE:
            return self._n_sounds + question.sound
        return question.sound

    def sample(self, seed: int) -> Tensor:
        """Draw h (k, D) of the sounds whose mean response is the object prior."""
        known = self._placeable or list(range(self._n_sounds))
        rng = np.random.default_rng(seed)
        n = min(N_PRIOR_SOUNDS, len(known))
        return self._h[np.sort(rng.choice(known, n, replace=False))]
