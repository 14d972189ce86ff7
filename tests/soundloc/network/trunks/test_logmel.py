"""The log-mel trunk: its front end, its frames, and windows of long tracks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import signal

from soundloc.architecture.config import LocalizerConfig
from soundloc.architecture.log_mel import (
    N_WINDOWS,
    PATCH_CLOCK,
    PATCH_SAMPLES,
    SAMPLE_RATE_HZ,
)
from soundloc.inference.loudness import at_reference_level
from soundloc.inference.torch_localizer import localizer_of
from soundloc.network.model import SoundLocalizationNet, SoundStream
from soundloc.network.trunks.logmel import LogMelNet, hear_track

CONFIG = LocalizerConfig(
    visual_trunk="efficientnet_lite0",
    sound_features="log-mel",
    sound_norm="standardise",
    embedding_dim=16,
)


@pytest.fixture(scope="module")
def trunk() -> LogMelNet:
    torch.manual_seed(0)
    return LogMelNet()


def noise(duration_s: float, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(round(duration_s * SAMPLE_RATE_HZ), generator=generator)


def mel(frequency_hz: float) -> float:
    return 2595.0 * float(np.log10(1.0 + frequency_hz / 700.0))


@pytest.mark.parametrize("pitch_hz", [200.0, 440.0, 1000.0, 3000.0, 7000.0])
def test_a_tone_lights_up_the_band_of_its_mel(trunk, pitch_hz):
    time_s = torch.arange(PATCH_SAMPLES) / SAMPLE_RATE_HZ
    tone = torch.sin(2 * torch.pi * pitch_hz * time_s)
    spectrogram = trunk.spectrogram(tone[None])[0, 0]
    edges = np.linspace(mel(125.0), mel(7500.0), 66)
    nearest = int(np.abs(edges[1:-1] - mel(pitch_hz)).argmin())
    assert spectrogram.shape == (N_WINDOWS, 64)
    assert (spectrogram.argmax(dim=1) - nearest).abs().max() <= 1


def test_the_spectrogram_is_that_of_scipy(trunk):
    sound = noise(1.0)[:PATCH_SAMPLES]
    k = 40
    window = sound.numpy()[round(k * 220.5) :][:551]
    lines = np.abs(np.fft.rfft(window * signal.get_window("hann", 551), 1024))
    bands = np.log(lines @ trunk.bank.numpy() + 1e-3)
    ours = trunk.spectrogram(sound[None])[0, 0, k].numpy()
    np.testing.assert_allclose(ours, bands, rtol=1e-4, atol=1e-4)


def test_silence_and_a_click_are_heard_without_fault(trunk):
    for sound in (torch.zeros(1, 5 * SAMPLE_RATE_HZ), torch.ones(1, 1)):
        frames = trunk(sound).patches
        assert torch.isfinite(frames).all()
        assert frames.shape[-1] >= 1
    with pytest.raises(ValueError, match="empty"):
        trunk(torch.zeros(1, 0))


def test_a_frame_hears_its_own_second_and_nothing_else(trunk):
    sound = noise(5.0)
    before = trunk(sound[None]).patches[0]
    k = 4
    center = PATCH_CLOCK.offset + k * PATCH_CLOCK.stride
    half = PATCH_CLOCK.receptive_field / 2
    outside = sound.clone()
    outside[: int(center - half)] = 0.0
    outside[int(center + half) + 1 :] = 0.0
    after = trunk(outside[None]).patches[0]
    torch.testing.assert_close(after[:, k], before[:, k], rtol=1e-4, atol=0.0)
    for other in (k - 1, k + 1):
        assert not torch.allclose(
            after[:, other], before[:, other], rtol=1e-4, atol=0.0
        )


@pytest.mark.parametrize("duration_s", [0.3, 0.98, 1.4, 31.3, 31.8, 95.0])
def test_a_track_in_chunks_is_the_track_in_one(trunk, duration_s):
    track = noise(duration_s)
    with torch.no_grad():
        whole = trunk(track[None]).patches
    torch.testing.assert_close(hear_track(trunk, track).patches, whole)


@pytest.mark.parametrize("sound_pooling", ["mean", "loudness"])
def test_a_window_of_a_track_is_the_window_heard_alone(sound_pooling):
    torch.manual_seed(0)
    net = SoundLocalizationNet(replace(CONFIG, sound_pooling=sound_pooling)).eval()
    track = noise(12.0).numpy()
    start = 4 * PATCH_CLOCK.stride
    n = PATCH_SAMPLES + 5 * PATCH_CLOCK.stride
    alone = track[start : start + n]
    window_s, center_s = n / SAMPLE_RATE_HZ, (start + n / 2) / SAMPLE_RATE_HZ
    pooled = localizer_of(net).hear(track).pooled(center_s, window_s)
    levels = np.sqrt([np.mean(track**2), np.mean(alone**2)])
    heard = localizer_of(net).hear(alone * np.float32(levels[0] / levels[1]))
    np.testing.assert_allclose(
        pooled, heard.pooled(window_s / 2, window_s), rtol=2e-3, atol=2e-4
    )


def test_a_window_over_the_whole_track_is_what_the_stream_hears():
    torch.manual_seed(0)
    net = SoundLocalizationNet(replace(CONFIG, sound_pooling="loudness")).eval()
    track = noise(6.0) * torch.linspace(0.1, 1.0, 6 * SAMPLE_RATE_HZ)
    levelled = torch.from_numpy(at_reference_level(track.numpy()))
    with torch.no_grad():
        expected = net.sound(levelled[None])[0]
    pooled = localizer_of(net).hear(track.numpy()).pooled(3.0, 6.0)
    np.testing.assert_allclose(pooled, expected, atol=1e-5)


def test_its_stream_pools_to_what_the_head_takes():
    torch.manual_seed(0)
    stream = SoundStream(CONFIG).eval()
    h = stream.head(stream(noise(3.0)[None]))
    assert h.shape == (1, 16)


def test_normalisation_stays_fixed_unless_the_trunk_is_taught(trunk):
    patches = trunk.spectrogram(noise(1.0)[None, :PATCH_SAMPLES].repeat(4, 1))
    before = trunk.norm.running_mean.clone()
    trunk.train()
    trunk.name(patches)
    assert torch.equal(trunk.norm.running_mean, before)
    trunk.is_taught = True
    trunk.train()
    trunk.name(patches)
    assert not torch.equal(trunk.norm.running_mean, before)
    trunk.is_taught = False
    trunk.eval()
    trunk.norm.running_mean.copy_(before)
