"""The sound trunk learns what its teacher says, and excerpts are what they say."""

import numpy as np
import pytest
import torch

from soundloc.adaptation.adapt_soundnet import SoundTrunkSettings, adapt_sound_trunk
from soundloc.adaptation.finetune import Finetuning
from soundloc.adaptation.sound_excerpts import EXCERPT_S, ExcerptSampler
from soundloc.architecture.config import LocalizerConfig
from soundloc.data.pairs import SAMPLE_RATE_HZ, PairSet, SoundEntry, write_sound
from soundloc.errors import DatasetError
from soundloc.network.model import SoundLocalizationNet

N = round(EXCERPT_S * SAMPLE_RATE_HZ)
PITCHES_HZ = {"low": 200.0, "high": 2000.0}


@pytest.fixture(scope="module")
def pair_set(tmp_path_factory: pytest.TempPathFactory) -> PairSet:
    folder = tmp_path_factory.mktemp("sounds")
    time_s = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    entries = []
    for kind, pitch_hz in PITCHES_HZ.items():
        for split in ("train", "test"):
            name = f"{kind}-{split}.wav"
            tone = 0.3 * np.sin(2 * np.pi * pitch_hz * time_s)
            write_sound(folder / name, np.asarray(tone, np.float32))
            entries.append(SoundEntry(name, kind, split, name))
    noise = np.random.default_rng(0).normal(size=len(time_s)).astype(np.float32)
    write_sound(folder / "wind.wav", 0.1 * noise)
    entries.append(SoundEntry("wind.wav", None, "train", "wind"))
    return PairSet(folder, (), tuple(entries))


def small_net() -> SoundLocalizationNet:
    torch.manual_seed(0)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0",
        sound_features="conv5+conv7",
        sound_norm="standardise",
    )
    return SoundLocalizationNet(config).eval()


def loudness_by_band(excerpts: np.ndarray) -> np.ndarray:
    """Say how much of each excerpt lies below 600 Hz, and above: a simple teacher."""
    power = np.abs(np.fft.rfft(excerpts)) ** 2
    edge = round(600.0 * EXCERPT_S)
    low, high = power[:, :edge].sum(1), power[:, edge:].sum(1)
    return np.stack([low, high], axis=1).astype(np.float32) / power.sum(1)[:, None]


def test_excerpts_are_repeatable_and_of_one_length(pair_set: PairSet) -> None:
    sampler = ExcerptSampler(pair_set, "train")
    assert sampler.kinds == ("high", "low")
    drawn, again = sampler.draw(4, 8), ExcerptSampler(pair_set, "train").draw(4, 8)
    assert drawn.clean.shape == drawn.heard.shape == (8, N)
    np.testing.assert_array_equal(drawn.heard, again.heard)
    assert not np.array_equal(drawn.heard, sampler.draw(5, 8).heard)
    assert not np.array_equal(drawn.heard, sampler.draw(-4, 8).heard)
    assert ((drawn.shares >= 0.5) & (drawn.shares <= 1.0)).all()


def test_the_kind_of_an_excerpt_is_its_louder_sounds(pair_set: PairSet) -> None:
    sampler = ExcerptSampler(pair_set, "train")
    n_checked = 0
    for step in range(8):
        drawn = sampler.draw(step, 8)
        # Played faster or slower, 200 Hz stays below 600 and 2000 above.
        loudest = loudness_by_band(drawn.clean).argmax(axis=1)
        for heard, kind, share in zip(loudest, drawn.kinds, drawn.shares, strict=True):
            if kind >= 0 and share == 1.0:
                assert sampler.kinds[kind] == ("low", "high")[heard]
                n_checked += 1
    assert n_checked > 20


def test_what_is_heard_lies_between_the_levels(pair_set: PairSet) -> None:
    heard = ExcerptSampler(pair_set, "train").draw(0, 16).heard
    level_db = 20.0 * np.log10(np.sqrt((heard**2).mean(axis=1)))
    assert level_db.min() >= -34.1
    assert level_db.max() <= -13.9


def test_the_later_layers_move_and_the_earlier_stay(pair_set: PairSet) -> None:
    net = small_net()
    before = {k: v.clone() for k, v in net.sound.trunk.state_dict().items()}
    settings = SoundTrunkSettings(
        n_excerpts=2, finetuning=Finetuning(2, warmup_steps=1)
    )
    adapt_sound_trunk(
        net, ExcerptSampler(pair_set, "train"), loudness_by_band, settings
    )
    after = net.sound.trunk.state_dict()
    moved = {k for k, v in after.items() if not torch.equal(v, before[k])}
    assert {int(k.split(".")[1]) for k in moved} == {4, 5, 6}
    assert not any("running" in k for k in moved)
    assert not any(p.requires_grad for p in net.sound.trunk.parameters())


@pytest.mark.slow
def test_the_student_comes_to_say_what_the_teacher_says(pair_set: PairSet) -> None:
    losses: list[float] = []
    adapt_sound_trunk(
        small_net(),
        ExcerptSampler(pair_set, "train"),
        loudness_by_band,
        SoundTrunkSettings(
            n_excerpts=4,
            kinds=0.0,
            finetuning=Finetuning(40, learning_rate=1e-3, warmup_steps=5),
        ),
        on_step=lambda step, loss: losses.append(loss),
    )
    assert sum(losses[-8:]) < 0.7 * sum(losses[:8])


def test_without_a_teacher_the_kinds_are_learned(pair_set: PairSet) -> None:
    losses: list[float] = []
    settings = SoundTrunkSettings(n_excerpts=2, finetuning=Finetuning(1))
    adapt_sound_trunk(
        small_net(),
        ExcerptSampler(pair_set, "train"),
        None,
        settings,
        on_step=lambda step, loss: losses.append(loss),
    )
    assert len(losses) == 1


def test_sounds_without_kinds_cannot_be_adapted_to(pair_set: PairSet) -> None:
    nameless = PairSet(pair_set.folder, (), pair_set.sounds[-1:])
    with pytest.raises(DatasetError, match="nothing to adapt"):
        ExcerptSampler(nameless, "train")


def test_finetuning_needs_steps() -> None:
    with pytest.raises(ValueError, match="n_steps"):
        Finetuning(0)
