"""Knowledge distillation: train the log-mel trunk on a teacher's embeddings and logits.

The student starts from nothing and there are few recordings, so it is asked to match a
function rather than to name kinds (Beyer et al. 2022, "Knowledge distillation: a good
teacher is patient and consistent"): mixtures, speeds and cuts without end, on each of
which the teacher has something to say. The student hears them through noise, filters
and at any level, the teacher clean. What it says is asked for from layers that are
thrown away afterwards.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from soundloc.adaptation.finetune import Finetuning, OnStep, StateFile
from soundloc.adaptation.sound_excerpts import ExcerptSampler
from soundloc.architecture.log_mel import CHANNELS, PATCH_CLOCK, PATCH_SAMPLES
from soundloc.data.pairs import SAMPLE_RATE_HZ
from soundloc.network.trunks.logmel import LogMelNet
from soundloc.whole_file import written_whole

N_PATCHES = 5  # of an excerpt, each half over the next
# A little longer than the patches, which the teacher cuts at a rate of its own.
TAUGHT_S = (PATCH_SAMPLES + (N_PATCHES - 1) * PATCH_CLOCK.stride + 5) / SAMPLE_RATE_HZ

# The logarithm is moved by up to so much, as another level would.
_LEVEL_JITTER = 0.6
_EMBEDDING, _COSINE, _ANSWERS = 4.0, 1.0, 20.0
_N_TOLD = 500  # patches by which the embedding is measured


@runtime_checkable
class PatchTeacher(Protocol):
    """A teacher network that classifies each second of a sound."""

    def teach(
        self, excerpt: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return embeddings (k, d), not negative, and logits (k, c) of an excerpt (n,).

        They are of k patches of 0.98 s, one every 0.48 s.
        """


@dataclass(frozen=True, slots=True)
class DistillationSettings:
    """Hyperparameters of the distillation.

    Parameters
    ----------
    n_excerpts
        Excerpts drawn once and asked the teacher about, five patches each.
    n_patches
        Patches of a step.
    """

    n_excerpts: int = 30_000
    n_patches: int = 64
    finetuning: Finetuning = field(
        default_factory=lambda: Finetuning(
            8000, 2e-3, head_rate=2e-3, head_decay=0.02, warmup_steps=200
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class DistillationSet:
    """Inputs of the student and targets of the teacher, memory-mapped.

    Parameters
    ----------
    heard
        float16 (n, 96, 64), log-mel patches.
    embeddings, logits
        float16 (n, d) and (n, c): the teacher's embedding and logits.
    """

    heard: NDArray[np.float16]
    embeddings: NDArray[np.float16]
    logits: NDArray[np.float16]

    @classmethod
    def prepare(
        cls,
        folder: Path,
        sampler: ExcerptSampler,
        teacher: PatchTeacher,
        n_excerpts: int,
        *,
        on_step: Callable[[int], None] = lambda done: None,
    ) -> DistillationSet:
        """Read the set from a folder, drawing them first if they are not there."""
        names = ("heard", "embeddings", "answers")
        paths = [folder / f"{name}-{n_excerpts}-{sampler.seed}.npy" for name in names]
        if not all(path.exists() for path in paths):
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.ExitStack() as stack:
                parts = [stack.enter_context(written_whole(path)) for path in paths]
                _draw(parts, sampler, teacher, n_excerpts, on_step)
        loaded = (np.load(p, mmap_mode="r", allow_pickle=False) for p in paths)
        return cls(*loaded)


def _draw(
    paths: list[Path],
    sampler: ExcerptSampler,
    teacher: PatchTeacher,
    n_excerpts: int,
    on_step: Callable[[int], None],
) -> None:
    student = LogMelNet()
    arrays: list[NDArray[np.float16]] = []
    for number in range(n_excerpts):
        drawn = sampler.draw(number, 1)
        told = [said[:N_PATCHES] for said in teacher.teach(drawn.clean[0])]
        heard = _patches(student, drawn.heard[0])
        rows = (heard, *told)
        if not arrays:
            arrays = [
                np.lib.format.open_memmap(
                    path,
                    mode="w+",
                    dtype=np.float16,
                    shape=(n_excerpts * N_PATCHES, *row.shape[1:]),
                )
                for path, row in zip(paths, rows, strict=True)
            ]
        at = slice(number * N_PATCHES, (number + 1) * N_PATCHES)
        for array, row in zip(arrays, rows, strict=True):
            array[at] = row
        on_step(number + 1)


@torch.inference_mode()
def _patches(student: LogMelNet, excerpt: NDArray[np.float32]) -> NDArray[np.float32]:
    cuts = torch.from_numpy(excerpt).unfold(0, PATCH_SAMPLES, PATCH_CLOCK.stride)
    seen: NDArray[np.float32] = student.spectrogram(cuts[:N_PATCHES])[:, 0].numpy()
    return seen


def distill(
    trunk: LogMelNet,
    material: DistillationSet,
    settings: DistillationSettings,
    *,
    seed: int = 0,
    state: Path | None = None,
    on_step: OnStep = lambda step, loss: None,
) -> None:
    """Distill a teacher into the trunk, in place."""
    torch.manual_seed(seed)
    some = material.embeddings[:: max(1, len(material.heard) // _N_TOLD)]
    student = _Student(trunk, some.astype(np.float32), material.logits.shape[1])

    def loss_at(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        chosen = np.sort(rng.integers(0, len(material.heard), settings.n_patches))
        jitter = rng.uniform(-_LEVEL_JITTER, _LEVEL_JITTER, (len(chosen), 1, 1))
        heard = np.float32(material.heard[chosen]) + np.float32(jitter)
        return student.loss(
            torch.from_numpy(heard)[:, None],
            torch.from_numpy(np.float32(material.embeddings[chosen])),
            torch.from_numpy(np.float32(material.logits[chosen])),
        )

    trunk.is_taught = True
    trunk.train()
    # The depthwise convolutions take two thirds of the time that way.
    trunk.to(memory_format=torch.channels_last)
    saved = None if state is None else StateFile(state, trunk)
    settings.finetuning.run(
        list(trunk.parameters()), student.heads, loss_at, on_step=on_step, state=saved
    )
    trunk.is_taught = False
    trunk.eval()


class _Student:
    """The trunk, and layers that say what the teacher says."""

    def __init__(
        self, trunk: LogMelNet, said: NDArray[np.float32], n_logits: int
    ) -> None:
        self._trunk = trunk
        n_said = said.shape[1]
        self.heads = nn.ModuleDict(
            {
                "embedding": nn.Linear(CHANNELS, n_said),
                "answers": nn.Linear(n_said, n_logits),
            }
        )
        # Features that are rarely above zero must not count for nothing.
        self._scale = torch.from_numpy(np.sqrt(np.square(said).mean(axis=0)) + 0.05)

    def loss(self, heard: Tensor, embedding: Tensor, logits: Tensor) -> Tensor:
        """Loss between student and teacher on patches (n, 1, 96, 64)."""
        heard = heard.contiguous(memory_format=torch.channels_last)
        ours = F.relu(self.heads["embedding"](self._trunk.name(heard)))
        scaled, wanted = ours / self._scale, embedding / self._scale
        apart = F.smooth_l1_loss(scaled, wanted)
        turned = 1.0 - F.cosine_similarity(scaled, wanted).mean()
        wrong = F.binary_cross_entropy_with_logits(
            self.heads["answers"](ours), logits.sigmoid()
        )
        return _EMBEDDING * apart + _COSINE * turned + _ANSWERS * wrong
