"""Augmentation of sounds on their way into a window: level, noise, gaps, bandwidth.

Training clips are clean, close and short; the sound of a 360° video is none of
that. Each call makes one plausible window around a clip, as a pure function of the
random generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from soundloc.data.pairs import SAMPLE_RATE_HZ

Waveform = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SoundVariation:
    """Ranges drawn from, uniformly.

    Parameters
    ----------
    window_s
        Length of the window, drawn log-uniformly.
    level_db
        RMS of the result in dBFS.
    noise_snr_db
        Sound over background, where there is a background.
    """

    window_s: tuple[float, float] = (2.0, 12.0)
    level_db: tuple[float, float] = (-34.0, -14.0)
    noise_share: float = 0.5
    noise_snr_db: tuple[float, float] = (3.0, 30.0)
    filter_share: float = 0.3


def vary_sound(
    clip: Waveform,
    backgrounds: Sequence[Waveform],
    variation: SoundVariation,
    rng: np.random.Generator,
) -> Waveform:
    """Make one window of sound around a clip, mono at 22,050 Hz.

    `backgrounds` are the sounds that may lie under it.
    """
    low, high = np.log(variation.window_s)
    n = int(np.exp(rng.uniform(low, high)) * SAMPLE_RATE_HZ)
    window = repeat_with_gaps(clip, n, rng)
    if rng.random() < variation.filter_share:
        window = limit_bandwidth(window, rng)
    if backgrounds and rng.random() < variation.noise_share:
        under = backgrounds[int(rng.integers(len(backgrounds)))]
        snr_db = rng.uniform(*variation.noise_snr_db)
        window = mix(window, repeat_with_gaps(under, n, rng, max_gap=0.0), snr_db)
    return scale_to_level(window, rng.uniform(*variation.level_db))


def repeat_with_gaps(
    clip: Waveform, n: int, rng: np.random.Generator, *, max_gap: float = 0.4
) -> Waveform:
    """Fill n samples with a clip: cut at random, or repeated with random silences.

    `max_gap` is the longest silence as a share of the clip's length.
    """
    if len(clip) >= n:
        start = int(rng.integers(0, len(clip) - n + 1))
        return np.asarray(clip[start : start + n], dtype=np.float32)
    window = np.zeros(n, dtype=np.float32)
    position = -int(rng.integers(0, len(clip)))
    while position < n:
        first, last = max(position, 0), min(position + len(clip), n)
        if last > first:
            window[first:last] = clip[first - position : last - position]
        position += len(clip) + int(rng.uniform(0, max_gap) * len(clip))
    return window


def mix(sound: Waveform, under: Waveform, snr_db: float) -> Waveform:
    """Lay one sound under another of the same length at a ratio of powers."""
    power, power_under = float(np.mean(sound**2)), float(np.mean(under**2))
    if power == 0.0 or power_under == 0.0:
        return sound
    gain = np.sqrt(power / power_under) * 10.0 ** (-snr_db / 20.0)
    return np.asarray(sound + gain * under, dtype=np.float32)


def scale_to_level(sound: Waveform, level_db: float) -> Waveform:
    """Bring the RMS to a level in dBFS; peaks are clipped at full scale."""
    rms = float(np.sqrt(np.mean(sound**2)))
    if rms == 0.0:
        return sound
    scaled = sound * (10.0 ** (level_db / 20.0) / rms)
    return np.asarray(np.clip(scaled, -1.0, 1.0), dtype=np.float32)


def colored_noise(n: int, rng: np.random.Generator) -> Waveform:
    """Draw noise whose spectrum falls with a random power of frequency (0 to 2)."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency = np.maximum(np.arange(len(spectrum)), 1.0)
    spectrum /= frequency ** (rng.uniform(0.0, 2.0) / 2.0)
    noise = np.fft.irfft(spectrum, n)
    return np.asarray(0.1 * noise / max(float(np.std(noise)), 1e-12), dtype=np.float32)


def limit_bandwidth(sound: Waveform, rng: np.random.Generator) -> Waveform:
    """Take the highs or the lows away, as small loudspeakers and walls do."""
    nyquist_hz = SAMPLE_RATE_HZ / 2.0
    if rng.random() < 0.5:
        edge_hz, how = float(np.exp(rng.uniform(np.log(1500), np.log(8000)))), "lowpass"
    else:
        edge_hz, how = float(np.exp(rng.uniform(np.log(60), np.log(600)))), "highpass"
    sections = signal.butter(2, edge_hz / nyquist_hz, how, output="sos")
    return np.asarray(signal.sosfilt(sections, sound), dtype=np.float32)
