"""Fine-tune SoundNet-8 on kinds and on the features of a teacher network.

The later layers learn to say what the teacher says of the same excerpt, and which kind
it is, while they hear it as a film would have it: mixed, filtered, in noise, at any
level. Speed and mixtures make new sounds of few recordings; the teacher, which hears
the excerpt without the noise, knows what has become of them. It is needed no more
afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.adaptation.finetune import Finetuning, OnStep, StateFile
from soundloc.adaptation.sound_excerpts import Excerpts, ExcerptSampler
from soundloc.network.model import SoundLocalizationNet, SoundStream
from soundloc.network.trunks.soundnet import SoundNet8

# Maps excerpts (b, n) at 22,050 Hz to what the teacher makes of each, (b, d).
Teacher = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_HIDDEN = 1024
_DROPOUT = 0.15
_LABEL_SMOOTHING = 0.1
# Excerpts by which features are standardised, the teacher's and the student's.
_N_STANDARD = 256


@dataclass(frozen=True, slots=True)
class SoundTrunkSettings:
    """Hyperparameters of adapting the sound trunk.

    Parameters
    ----------
    first_layer
        Layers before it stay as they are, counted from 0.
    kinds, teaching
        Weights of naming the kind and of the teacher's features.
    """

    n_excerpts: int = 16
    first_layer: int = 4
    kinds: float = 1.0
    teaching: float = 4.0
    finetuning: Finetuning = field(
        default_factory=lambda: Finetuning(2500, head_rate=1e-3, head_decay=0.05)
    )


def adapt_sound_trunk(
    net: SoundLocalizationNet,
    sampler: ExcerptSampler,
    teacher: Teacher | None,
    settings: SoundTrunkSettings,
    *,
    state: Path | None = None,
    on_step: OnStep = lambda step, loss: None,
) -> None:
    """Adapt the sound trunk in place; without a teacher it learns the kinds alone.

    Interrupted, it goes on from the state, if it is told where to keep one.

    Raises
    ------
    ValueError
        If the sound trunk is not SoundNet-8.
    CheckpointError
        If the state is damaged or of another adaptation.
    """
    if not isinstance(net.sound.trunk, SoundNet8):
        raise ValueError("only SoundNet-8 can be adapted; teach others by `distill`")
    torch.manual_seed(sampler.seed)
    net.sound.trunk.requires_grad_(False)
    _fit_standard(net.sound, sampler)
    student = _Student(
        net.sound, len(sampler.kinds), _StandardizedTeacher.of(teacher, sampler)
    )
    settings.finetuning.run(
        student.layers_from(settings.first_layer),
        student.heads,
        lambda step: student.loss(sampler, step, settings),
        on_step=on_step,
        state=None if state is None else StateFile(state, net.sound.trunk),
    )


def _held_out_excerpts(sampler: ExcerptSampler) -> Iterator[Excerpts]:
    """Draw excerpts that no step draws."""
    n = 16
    return (sampler.draw(-1 - k, n) for k in range(_N_STANDARD // n))


@torch.no_grad()
def _fit_standard(sound: SoundStream, sampler: ExcerptSampler) -> None:
    """Standardise f_s by what the trunk makes of some excerpts."""
    if sound.head.standardises:
        heard = [sound(torch.from_numpy(m.heard)) for m in _held_out_excerpts(sampler)]
        sound.head.fit(torch.cat(heard))


@dataclass(frozen=True, slots=True, eq=False)
class _StandardizedTeacher:
    """A teacher and the mean and deviation (d,) of what it says."""

    teacher: Teacher
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(
        cls, teacher: Teacher | None, sampler: ExcerptSampler
    ) -> _StandardizedTeacher | None:
        """Ask the teacher about some excerpts, to standardise what it says later."""
        if teacher is None:
            return None
        said = np.concatenate(
            [teacher(drawn.clean) for drawn in _held_out_excerpts(sampler)]
        )
        return cls(teacher, said.mean(axis=0), said.std(axis=0) + 1e-3)

    def teach(self, clean: NDArray[np.float32]) -> Tensor:
        """Return what the teacher says of excerpts, standardised (b, d)."""
        return torch.from_numpy((self.teacher(clean) - self.mean) / self.deviation)


class _Student:
    """The sound stream, and heads that are thrown away afterwards."""

    def __init__(
        self, sound: SoundStream, n_kinds: int, teacher: _StandardizedTeacher | None
    ) -> None:
        self.sound, self.teacher = sound, teacher
        width = sum(sound.head.layer_channels)
        self.heads = nn.ModuleDict(
            {
                "kinds": nn.Sequential(
                    nn.Linear(width, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, n_kinds)
                ),
            }
        )
        if teacher is not None:
            self.heads["said"] = nn.Linear(width, len(teacher.mean))

    def layers_from(self, first_layer: int) -> list[nn.Parameter]:
        """Return the parameters of the layers from this one on."""
        trunk = self.sound.trunk
        assert isinstance(trunk, SoundNet8)
        return [
            *trunk.convs[first_layer:].parameters(),
            *trunk.norms[first_layer:].parameters(),
        ]

    def loss(
        self, sampler: ExcerptSampler, step: int, settings: SoundTrunkSettings
    ) -> Tensor:
        """Cross-entropy of the kinds plus distance to the teacher's features."""
        drawn = sampler.draw(step, settings.n_excerpts)
        f_s = self.sound.standardise(self.sound(torch.from_numpy(drawn.heard)))
        f_s = F.dropout(f_s, _DROPOUT)
        surprise = F.cross_entropy(
            self.heads["kinds"](f_s),
            torch.from_numpy(drawn.kinds),
            ignore_index=-1,
            reduction="none",
            label_smoothing=_LABEL_SMOOTHING,
        )
        loss = settings.kinds * (torch.from_numpy(drawn.shares) * surprise).mean()
        if self.teacher is None:
            return loss
        said = self.teacher.teach(drawn.clean)
        return loss + settings.teaching * F.smooth_l1_loss(
            self.heads["said"](f_s), said
        )
