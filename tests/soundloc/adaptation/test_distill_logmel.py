"""The log-mel trunk is taught by what a teacher says of every second."""

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from soundloc.adaptation.distill_logmel import (
    N_PATCHES,
    TAUGHT_S,
    DistillationSet,
    DistillationSettings,
    distill,
)
from soundloc.adaptation.finetune import Finetuning, StateFile
from soundloc.adaptation.sound_excerpts import ExcerptSampler, ExcerptSettings
from soundloc.architecture.log_mel import PATCH_CLOCK, PATCH_SAMPLES
from soundloc.data.pairs import SAMPLE_RATE_HZ, PairSet, SoundEntry, write_sound
from soundloc.errors import CheckpointError
from soundloc.network.trunks.logmel import LogMelNet

SETTINGS = DistillationSettings(
    n_excerpts=6,
    n_patches=8,
    finetuning=Finetuning(40, 1e-3, head_rate=1e-3, warmup_steps=3),
)


class PitchTeacher:
    """Says how strong each of 32 bands is in a patch, and which is the strongest."""

    pitches_hz = (200.0, 600.0, 2000.0, 5000.0)

    def __init__(self) -> None:
        self.n_asked = 0

    def teach(
        self, excerpt: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.n_asked += 1
        n = (len(excerpt) - PATCH_SAMPLES) // PATCH_CLOCK.stride + 1
        starts = [k * PATCH_CLOCK.stride for k in range(n)]
        power = np.abs([np.fft.rfft(excerpt[s : s + PATCH_SAMPLES]) for s in starts])
        lines = np.fft.rfftfreq(PATCH_SAMPLES, 1 / SAMPLE_RATE_HZ)
        edges = np.geomspace(100.0, 11_000.0, 33)
        bands = [
            np.log1p(power[:, (lines >= low) & (lines < high)].sum(1))
            for low, high in pairwise(edges)
        ]
        said = np.stack(bands, axis=1).astype(np.float32)
        loudest = np.eye(len(bands))[said.argmax(axis=1)]
        return said, np.asarray(12.0 * loudest - 6.0, np.float32)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> ExcerptSampler:
    folder = tmp_path_factory.mktemp("sounds")
    time_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    entries = []
    for pitch_hz in PitchTeacher.pitches_hz:
        name = f"{pitch_hz:.0f}.wav"
        write_sound(
            folder / name,
            np.asarray(0.3 * np.sin(6.283 * pitch_hz * time_s), np.float32),
        )
        entries.append(SoundEntry(name, name, "train", name))
    return ExcerptSampler(
        PairSet(folder, (), tuple(entries)),
        "train",
        how=ExcerptSettings(length_s=TAUGHT_S),
    )


@pytest.fixture(scope="module")
def material(
    sampler: ExcerptSampler, tmp_path_factory: pytest.TempPathFactory
) -> DistillationSet:
    return DistillationSet.prepare(
        tmp_path_factory.mktemp("l"), sampler, PitchTeacher(), 6
    )


def fresh() -> LogMelNet:
    torch.manual_seed(1)
    return LogMelNet()


def test_it_is_drawn_once_and_then_read(sampler: ExcerptSampler, tmp_path: Path):
    teacher, told = PitchTeacher(), list[int]()
    first = DistillationSet.prepare(tmp_path, sampler, teacher, 3, on_step=told.append)
    assert teacher.n_asked == 3
    assert told == [1, 2, 3]
    again = DistillationSet.prepare(tmp_path, sampler, teacher, 3)
    assert teacher.n_asked == 3
    assert first.heard.shape == (3 * N_PATCHES, 96, 64)
    np.testing.assert_array_equal(first.heard, again.heard)
    said, _ = teacher.teach(sampler.draw(1, 1).clean[0])
    np.testing.assert_allclose(
        first.embeddings[N_PATCHES : 2 * N_PATCHES], said[:N_PATCHES], rtol=1e-3
    )


def test_the_student_comes_to_say_what_the_teacher_says(material: DistillationSet):
    losses: list[float] = []
    trunk = fresh()
    distill(trunk, material, SETTINGS, on_step=lambda step, loss: losses.append(loss))
    assert sum(losses[-8:]) < 0.5 * sum(losses[:8])
    assert not any(p.requires_grad for p in trunk.parameters())
    assert not trunk.is_taught


def test_a_killed_lesson_goes_on_to_the_same_trunk(
    material: DistillationSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class KilledError(Exception):
        pass

    def die(step: int, loss: float) -> None:
        if step == 30:
            raise KilledError

    settings = DistillationSettings(
        n_excerpts=6, n_patches=4, finetuning=Finetuning(34, 1e-3, warmup_steps=2)
    )
    state = tmp_path / "state.safetensors"
    whole, halves = fresh(), fresh()
    distill(whole, material, settings)
    with monkeypatch.context() as patched:
        # Written every 200 steps, which is too seldom for a test.
        often = partial(StateFile, every=10)
        patched.setattr("soundloc.adaptation.distill_logmel.StateFile", often)
        with pytest.raises(KilledError):
            distill(fresh(), material, settings, state=state, on_step=die)
    assert state.exists()
    steps: list[int] = []
    distill(
        halves,
        material,
        settings,
        state=state,
        on_step=lambda step, loss: steps.append(step),
    )
    assert steps == [30, 31, 32, 33]
    assert not state.exists()
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, halves.state_dict()[name]), name


def test_a_damaged_or_foreign_state_is_refused(
    material: DistillationSet, tmp_path: Path
):
    state = tmp_path / "state.safetensors"
    state.write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="delete it"):
        distill(fresh(), material, SETTINGS, state=state)


def test_others_are_drawn_as_often_as_told(sampler: ExcerptSampler, tmp_path: Path):
    loud = (0.5 * 2**15 * np.sign(np.sin(np.arange(40_000)))).astype(np.int16)
    name = "faint.wav"
    write_sound(tmp_path / name, np.full(40_000, 1e-4, np.float32))
    pair_set = PairSet(tmp_path, (), (SoundEntry(name, "k", "train", name),))
    how = ExcerptSettings(length_s=0.1, any_share=0.5, others_share=0.65)
    drawn = ExcerptSampler(pair_set, "train", how=how, others=[loud]).draw(0, 400)
    unnamed = float((drawn.kinds < 0).mean())
    assert unnamed == pytest.approx(0.5 * 0.65, abs=0.07)
