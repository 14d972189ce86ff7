"""Windows of sound as means of frames, by the time they cover and by loudness."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from soundloc.architecture.config import LocalizerConfig
from soundloc.architecture.frame_clock import FrameClock
from soundloc.architecture.log_mel import PATCH_CLOCK, SAMPLE_RATE_HZ
from soundloc.inference.prefix_sums import PrefixSums
from soundloc.network.model import SoundStream
from soundloc.network.trunks.soundnet import CONV7_CLOCK
from soundloc.network.window_pooling import frame_rms, window_mean

RNG = np.random.default_rng(0)
FRAMES = RNG.standard_normal((9, 4)).astype(np.float32)
WEIGHTS = RNG.uniform(0.1, 2.0, 9).astype(np.float32)
SPANS = [(0.0, 9.0), (2.25, 2.75), (1.5, 6.25), (-1.5, 3.0), (7.5, 11.0)]


def mean_by_hand(span: tuple[float, float], weights: np.ndarray) -> np.ndarray:
    """Weigh a thousand moments of the span, each with the frame it lies in."""
    begin, end = span
    moments = begin + (np.arange(1000) + 0.5) / 1000 * (end - begin)
    frame = np.clip(np.floor(moments), 0, len(FRAMES) - 1).astype(int)
    return np.average(FRAMES[frame], axis=0, weights=weights[frame])


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_window_is_the_mean_of_its_moments(span, weights):
    expected = mean_by_hand(span, np.ones(9) if weights is None else weights)
    sums = PrefixSums(FRAMES, weights).mean(span)
    given = None if weights is None else torch.from_numpy(weights)[None]
    frames = torch.from_numpy(FRAMES.T.copy())[None]
    mean = window_mean(frames, span, given)[0].numpy()
    np.testing.assert_allclose(sums, expected, atol=5e-3)
    np.testing.assert_allclose(mean, sums, atol=1e-6)


@pytest.mark.parametrize("clock", [PATCH_CLOCK, CONV7_CLOCK])
def test_the_loudness_of_a_frame_is_the_rms_about_it(clock: FrameClock):
    n = 8 * SAMPLE_RATE_HZ
    loud = np.repeat(RNG.uniform(0.0, 0.5, 16), n // 16)
    waveform = (loud * RNG.standard_normal(n)).astype(np.float32)
    n_frames = 12
    found = frame_rms(torch.from_numpy(waveform)[None], clock, n_frames)[0]
    half = min(clock.receptive_field, SAMPLE_RATE_HZ) / 2
    for number, loudness in enumerate(found.tolist()):
        center = clock.offset + clock.stride * number
        heard = waveform[max(0, round(center - half)) : max(0, round(center + half))]
        if len(heard) > half:
            assert loudness == pytest.approx(np.sqrt(np.mean(heard**2)), rel=0.02)
        else:  # mostly beyond the beginning
            assert 0.0 < loudness < 1.5


@pytest.mark.parametrize("n_samples", [1, 100, 30_000])
def test_silence_has_no_loudness_but_weight(n_samples):
    loudness = frame_rms(torch.zeros(2, n_samples), PATCH_CLOCK, 3)
    assert loudness.shape == (2, 3)
    assert 0.0 < float(loudness.min()) == float(loudness.max()) < 1e-3


def test_pauses_do_not_change_what_is_heard():
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0", sound_features="log-mel"
    )
    torch.manual_seed(0)
    plain = SoundStream(config).eval()
    weighing = SoundStream(replace(config, sound_pooling="loudness"))
    weighing.load_state_dict(plain.state_dict())
    weighing.eval()
    bark = 0.1 * torch.randn(1, 2 * SAMPLE_RATE_HZ)
    with_pause = torch.cat([bark, 1e-3 * torch.randn(1, 6 * SAMPLE_RATE_HZ)], dim=1)
    moved = []
    for stream in (plain, weighing):
        with torch.no_grad():
            alone, paused = stream(bark), stream(with_pause)
        moved.append(float((paused - alone).norm() / alone.norm()))
    assert moved[1] < 0.3 * moved[0]
