"""Training the heads: one readable, resumable loop over cached features.

The trunks stay frozen; the neck of the visual stream, FC9 and FC10 of the sound
stream, f_v's layers and the confidence train. A step is a pure function of the seed,
its number and the state before it, so n steps equal k, a resume, and n - k more.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from soundloc.batches import Batch, BatchDrawer
from soundloc.errors import CheckpointError
from soundloc.losses import (
    confidence_loss,
    mass_loss,
    ratio_loss,
    supervised_loss,
)
from soundloc.model import SoundLocalizationNet

logger = logging.getLogger(__name__)

_STATE_FORMAT = "soundloc.training/1"
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
class TrainSettings:
    """One training.

    Parameters
    ----------
    n_steps
        Steps of the whole training; the learning rate follows a cosine to zero.
    n_pictures, n_per_picture, n_foreign
        Pictures of a batch, sounds asked of each, and sounds that belong to none.
    n_cells
        Cells of each picture that a step looks at.
    learning_rate, weight_decay
        Of AdamW.
    ema_decay
        Of the averaged weights, which are the result.
    """

    n_steps: int = 3000
    n_pictures: int = 12
    n_per_picture: int = 3
    n_foreign: int = 12
    n_cells: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    warmup_steps: int = 100
    ema_decay: float = 0.998
    contrast_temperature: float = 0.07
    loss_weights: LossWeights = LossWeights()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_steps < 1 or self.n_pictures < 2 or self.n_per_picture < 1:
            raise ValueError(f"a training needs steps, pictures and sounds, got {self}")
        if not 0.0 <= self.ema_decay < 1.0:
            raise ValueError(f"ema_decay must be in [0, 1), got {self.ema_decay}")


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


def trainable(net: SoundLocalizationNet) -> dict[str, nn.Parameter]:
    """Return the parameters that train, by name; the trunks' do not."""
    return {
        name: parameter
        for name, parameter in net.named_parameters()
        if parameter.requires_grad and ".trunk." not in name
    }


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


class Training:
    """A training in progress, which can be saved and resumed.

    Parameters
    ----------
    net
        Trained in place; after `finish` it holds the averaged weights.
    """

    def __init__(
        self, net: SoundLocalizationNet, drawer: BatchDrawer, settings: TrainSettings
    ) -> None:
        self.net, self.drawer, self.settings = net, drawer, settings
        self.step = 0
        self.anchors = KindAnchors(len(drawer.kinds), net.config.embedding_dim)
        self._parameters = trainable(net) | {
            f"anchors.{name}": p for name, p in self.anchors.named_parameters()
        }
        self._averages = {n: p.detach().clone() for n, p in self._parameters.items()}
        self._optimizer = torch.optim.AdamW(
            self._parameters.values(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )

    def run(
        self,
        *,
        until: int | None = None,
        on_step: Callable[[StepReport], None] | None = None,
    ) -> None:
        """Train up to a step, by default the last."""
        stop = self.settings.n_steps if until is None else until
        self.net.train()
        while self.step < stop:
            report = self._train_step()
            if report.sound_is_dead:
                logger.warning(
                    "step %d: h no longer depends on the sound (mean cosine %.3f)",
                    report.step,
                    report.h_cosine,
                )
            if on_step is not None:
                on_step(report)

    def finish(self) -> None:
        """Put the averaged weights into the network."""
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(self._averages[name])
        self.net.eval()

    def _train_step(self) -> StepReport:
        settings = self.settings
        pictures = self.drawer.draw_pictures(self.step, settings.n_pictures)
        batch = self.drawer.draw(
            self.step,
            pictures=pictures,
            n_per_picture=settings.n_per_picture,
            n_foreign=settings.n_foreign,
        ).thinned(settings.n_cells, seed=self.step)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * self._rate_share()
        torch.manual_seed(settings.seed * 1_000_003 + self.step)  # dropout
        total, report = batch_loss(
            self.net, self.anchors, batch, settings, step=self.step
        )
        self._optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_(self._parameters.values(), 1.0)
        self._optimizer.step()
        self._average()
        self.step += 1
        return report

    def _rate_share(self) -> float:
        warm = min(1.0, (self.step + 1) / max(1, self.settings.warmup_steps))
        return (
            warm * 0.5 * (1.0 + math.cos(math.pi * self.step / self.settings.n_steps))
        )

    @torch.no_grad()
    def _average(self) -> None:
        # A young average would remember the start; let it forget faster at first.
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        for name, parameter in self._parameters.items():
            self._averages[name].lerp_(parameter, 1.0 - decay)

    def save(self, path: Path) -> None:
        """Write everything a resume needs, beside and then renamed."""
        tensors = {f"net.{n}": p.detach() for n, p in self._parameters.items()}
        tensors |= {f"average.{n}": a for n, a in self._averages.items()}
        for name, parameter in self._parameters.items():
            for key, value in self._optimizer.state[parameter].items():
                tensors[f"adam.{key}.{name}"] = value
        part = path.with_name(path.name + ".part")
        metadata = {
            "format": _STATE_FORMAT,
            "step": str(self.step),
            "settings": json.dumps(asdict(self.settings)),
        }
        save_file({n: t.contiguous() for n, t in tensors.items()}, part, metadata)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on where `save` left off.

        Raises
        ------
        CheckpointError
            If the file is damaged or belongs to a training with other settings.
        """
        try:
            with safe_open(path, framework="pt") as stored:
                metadata = stored.metadata() or {}
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # no mapping
        except (OSError, SafetensorError) as error:
            raise CheckpointError(
                f"{path} cannot be resumed from: {error}; delete it to start anew."
            ) from error
        ours = json.dumps(asdict(self.settings))
        if metadata.get("format") != _STATE_FORMAT or metadata["settings"] != ours:
            raise CheckpointError(
                f"{path} belongs to a training with other settings; "
                "delete it to start anew, or train with the same settings."
            )
        self.step = int(metadata["step"])
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(tensors[f"net.{name}"])
                self._averages[name].copy_(tensors[f"average.{name}"])
                suffix = f".{name}"
                self._optimizer.state[parameter] = {
                    key.removeprefix("adam.").removesuffix(suffix): value
                    for key, value in tensors.items()
                    if key.startswith("adam.") and key.split(".", 2)[2] == name
                }


def batch_loss(
    net: SoundLocalizationNet,
    anchors: KindAnchors,
    batch: Batch,
    settings: TrainSettings,
    *,
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
    weights = settings.loss_weights
    logits = response / net.config.temperature + batch.log_weights[batch.picture_of]
    terms = {
        "supervised": supervised_loss(logits[placed], batch.targets[placed]),
        "mass": mass_loss(logits[placed], batch.targets[placed]),
        "contrast": _contrast(net, responses, batch, settings.contrast_temperature),
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
