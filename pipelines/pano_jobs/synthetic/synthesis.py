"""Synthesises the sounds of the sources, each kind in many variants.

Each recipe follows how the real sound arises (impulses of breaking wood, inharmonic
partials of struck metal, bubbles in falling water), because the localizer's sound
network was pretrained on real recordings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from pano_jobs.synthetic.canvas import individual_rng
from pano_jobs.synthetic.sprites import SourceKind

Wave = NDArray[np.float64]
FloatWave = NDArray[np.float32]

RMS = 0.1
_FADE_S = 0.03


def sound(
    kind: SourceKind, seed: int, duration_s: float, sample_rate_hz: int = 22_050
) -> FloatWave:
    """Synthesise the sound of one individual.

    Returns
    -------
    float32 (n,) in [-1, 1], RMS 0.1 unless peaks forbid it, soft at both ends.

    Raises
    ------
    ValueError
        If the duration holds no sample.
    """
    n = round(duration_s * sample_rate_hz)
    if n < 1:
        raise ValueError(f"duration_s must hold a sample, got {duration_s}")
    rng = individual_rng(f"{kind} sound", seed)
    dry = _SYNTHESES[kind](rng, n, float(sample_rate_hz))
    wet = _in_a_place(rng, dry, float(sample_rate_hz))
    fade = min(round(_FADE_S * sample_rate_hz), n // 2)
    ramp = np.ones(n)
    ramp[:fade] = np.sin(np.linspace(0, np.pi / 2, fade, endpoint=False)) ** 2
    ramp[n - fade :] = ramp[:fade][::-1]
    return _levelled(wet * ramp).astype(np.float32)


def _levelled(wave: Wave) -> Wave:
    """Bring to the common RMS; rare peaks are rounded off rather than clipped."""
    level = float(np.sqrt(np.mean(wave**2)))
    scaled = wave * (RMS / max(level, 1e-9))
    rounded = np.tanh(scaled / 0.9) * 0.9
    level = float(np.sqrt(np.mean(rounded**2)))
    return np.clip(rounded * (RMS / max(level, 1e-9)), -1.0, 1.0)


def _in_a_place(rng: np.random.Generator, dry: Wave, rate_hz: float) -> Wave:
    """Add the reflections of some street or yard, and its faint noise."""
    tail_s = rng.uniform(0.15, 0.5)
    n = round(tail_s * rate_hz)
    decay = np.exp(-6.0 * np.arange(n) / n)
    reflections = rng.standard_normal(n) * decay * (rng.random(n) < 0.2)
    reflections /= np.sqrt(np.sum(reflections**2)) + 1e-9
    wet: Wave = signal.fftconvolve(dry, reflections)[: len(dry)]
    noise = _colored_noise(rng, len(dry), rate_hz, slope=-1.0)
    level = np.sqrt(np.mean(dry**2)) + 1e-9
    faint = rng.uniform(0.003, 0.015) * level * noise
    return np.asarray(dry + rng.uniform(0.08, 0.25) * wet + faint)


def _colored_noise(
    rng: np.random.Generator,
    n: int,
    rate_hz: float,
    *,
    slope: float,
    low_hz: float = 40.0,
    high_hz: float = 20_000.0,
) -> Wave:
    """Return noise of unit RMS whose amplitude falls as frequency ** (slope / 2)."""
    frequency = np.fft.rfftfreq(n, 1.0 / rate_hz)
    spectrum = rng.standard_normal(len(frequency)) + 1j * rng.standard_normal(
        len(frequency)
    )
    safe = np.maximum(frequency, low_hz)
    band = 1.0 / np.sqrt(1.0 + (frequency / high_hz) ** 8)
    band *= np.minimum(1.0, (frequency / low_hz) ** 2)
    noise = np.fft.irfft(spectrum * safe ** (slope / 2.0) * band, n)
    return np.asarray(noise / (np.sqrt(np.mean(noise**2)) + 1e-12))


def _wandering(rng: np.random.Generator, n: int, rate_hz: float, per_s: float) -> Wave:
    """Return a smooth curve of about unit spread, `per_s` changes a second."""
    n_knots = max(4, int(n / rate_hz * per_s) + 4)
    knots = rng.standard_normal(n_knots)
    place = np.linspace(0, n_knots - 1.001, n)
    left = place.astype(int)
    share = 0.5 - 0.5 * np.cos(np.pi * (place - left))
    return np.asarray(knots[left] * (1 - share) + knots[left + 1] * share)


def _add(wave: Wave, start: int, piece: Wave) -> None:
    stop = min(len(wave), start + len(piece))
    if 0 <= start < stop:
        wave[start:stop] += piece[: stop - start]


def _partials(
    t: Wave, frequencies_hz: Wave, amplitudes: Wave, decays_s: Wave, phases: Wave
) -> Wave:
    """Sum decaying sinusoids over t, shape (n,)."""
    wave = np.zeros_like(t)
    for hz, amplitude, decay, phase in zip(
        frequencies_hz, amplitudes, decays_s, phases, strict=True
    ):
        wave += amplitude * np.exp(-t / decay) * np.sin(2.0 * np.pi * hz * t + phase)
    return wave


def _fire(rng: np.random.Generator, n: int, rate_hz: float) -> Wave:
    """Let wood crackle in clusters over the flames' low, unsteady roar."""
    roar = _colored_noise(rng, n, rate_hz, slope=-2.2, low_hz=60.0, high_hz=900.0)
    roar *= np.exp(0.35 * _wandering(rng, n, rate_hz, 5.0))
    hiss = _colored_noise(rng, n, rate_hz, slope=-0.3, low_hz=1500.0, high_hz=7000.0)
    hiss *= np.exp(0.5 * _wandering(rng, n, rate_hz, 3.0))
    wave = rng.uniform(0.16, 0.3) * roar + rng.uniform(0.03, 0.07) * hiss
    busy = np.exp(0.9 * _wandering(rng, n, rate_hz, 2.0))
    per_s = rng.uniform(18, 40)
    starts = np.flatnonzero(rng.random(n) < per_s * busy / np.mean(busy) / rate_hz)
    for start in starts:
        long_s = float(np.exp(rng.uniform(np.log(0.0012), np.log(0.016))))
        t = np.arange(round(6 * long_s * rate_hz)) / rate_hz
        ring_hz = min(
            float(np.exp(rng.uniform(np.log(900), np.log(7000)))), 0.4 * rate_hz
        )
        loud = min(0.25 * float(rng.pareto(1.6)) + 0.1, 4.0)
        click = rng.standard_normal(len(t)) * (
            0.4 + 0.6 * np.cos(2 * np.pi * ring_hz * t)
        )
        _add(wave, int(start), loud * click * np.exp(-t / long_s))
    return wave


# Partials of a church bell over its prime: hum, prime, tierce, quint, nominal, ...
_BELL_RATIOS = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.17, 5.43, 6.8])
_BELL_LEVELS = np.array([0.5, 0.7, 0.6, 0.3, 1.0, 0.4, 0.45, 0.35, 0.3, 0.2, 0.12])


def _bell(rng: np.random.Generator, n: int, rate_hz: float) -> Wave:
    """Swing a bell: strikes in turn, each with a long inharmonic tail."""
    prime_hz = float(np.exp(rng.uniform(np.log(260), np.log(720))))
    ratios = _BELL_RATIOS * (1.0 + rng.normal(0, 0.006, len(_BELL_RATIOS)))
    ratios = np.concatenate([ratios, ratios * (1.0 + rng.uniform(0.001, 0.004))])
    levels = np.concatenate([_BELL_LEVELS, 0.5 * _BELL_LEVELS])
    levels = levels * rng.uniform(0.6, 1.4, len(levels))
    keep = ratios * prime_hz < 0.45 * rate_hz
    ratios, levels = ratios[keep], levels[keep]
    decays_s = rng.uniform(1.6, 3.2) / ratios**0.8
    period_s = rng.uniform(0.75, 1.5)
    wave = np.zeros(n)
    t = np.arange(round(min(n / rate_hz, 4.5) * rate_hz)) / rate_hz
    at_s = rng.uniform(0.0, 0.1)
    while at_s * rate_hz < n:
        phases = rng.uniform(0, 2 * np.pi, len(ratios))
        strike = _partials(t, ratios * prime_hz, levels, decays_s, phases)
        clank = rng.standard_normal(len(t)) * np.exp(-t / 0.006) * 1.5
        _add(wave, round(at_s * rate_hz), rng.uniform(0.75, 1.0) * (strike + clank))
        at_s += period_s * rng.uniform(0.96, 1.04)
    return wave


def _siren(rng: np.random.Generator, n: int, rate_hz: float) -> Wave:
    """Sound a horn whose pitch alternates (two-tone) or sweeps (wail, yelp)."""
    t = np.arange(n) / rate_hz
    style = int(rng.integers(3))
    if style == 0:
        low_hz, high_hz = rng.uniform(400, 480), rng.uniform(540, 660)
        step_s = rng.uniform(0.45, 0.7)
        upper = (t / step_s + rng.random()) % 2.0 < 1.0
        pitch_hz = np.where(upper, high_hz, low_hz)
        pitch_hz = signal.lfilter([0.004], [1.0, -0.996], pitch_hz - low_hz) + low_hz
    else:
        low_hz, high_hz = rng.uniform(500, 720), rng.uniform(1250, 1650)
        period_s = rng.uniform(3.0, 5.0) if style == 1 else rng.uniform(0.28, 0.4)
        sweep = 0.5 - 0.5 * np.cos(2 * np.pi * (t / period_s + rng.random()))
        pitch_hz = low_hz * (high_hz / low_hz) ** sweep
    phase = 2.0 * np.pi * np.cumsum(pitch_hz) / rate_hz
    fall = rng.uniform(0.7, 1.3)
    wave = np.zeros(n)
    for harmonic in range(1, 14):
        audible = 1.0 / (1.0 + (harmonic * pitch_hz / (0.42 * rate_hz)) ** 16)
        even = 0.35 if harmonic % 2 == 0 else 1.0
        wave += even * audible * np.sin(harmonic * phase) / harmonic**fall
    horn = signal.butter(
        2, [350, min(4200, 0.45 * rate_hz)], "band", fs=rate_hz, output="sos"
    )
    engine = _colored_noise(rng, n, rate_hz, slope=-2.0, low_hz=50.0, high_hz=500.0)
    return np.asarray(signal.sosfilt(horn, np.tanh(1.4 * wave))) + 0.03 * engine


def _fountain(rng: np.random.Generator, n: int, rate_hz: float) -> Wave:
    """Let water fall: a broad rush, and the chirps of thousands of bubbles."""
    rush = _colored_noise(
        rng,
        n,
        rate_hz,
        slope=rng.uniform(-1.1, -0.5),
        low_hz=rng.uniform(250, 500),
        high_hz=rng.uniform(5000, 8500),
    )
    rush *= np.exp(0.18 * _wandering(rng, n, rate_hz, 9.0))
    wave = rush
    per_s = rng.uniform(60, 120)
    for start in np.flatnonzero(rng.random(n) < per_s / rate_hz):
        hz = float(np.exp(rng.uniform(np.log(500), np.log(3500))))
        # A bubble rings at its own size and rises in pitch as it shrinks.
        decay_s = 13.0 / hz
        t = np.arange(round(5 * decay_s * rate_hz)) / rate_hz
        turn = hz * t * (1.0 + rng.uniform(0, 2.5) * t)
        loud = rng.uniform(0.2, 1.6) * (900.0 / hz) ** 0.5
        _add(wave, int(start), loud * np.sin(2 * np.pi * turn) * np.exp(-t / decay_s))
    return wave


def _alarm_clock(rng: np.random.Generator, n: int, rate_hz: float) -> Wave:
    """Let a hammer beat two small bells many times a second."""
    beat_hz = rng.uniform(14, 24)
    t = np.arange(round(0.6 * rate_hz)) / rate_hz
    bells = []
    for tone_hz in np.exp(rng.uniform(np.log(1900), np.log(3100), 2)):
        ratios = np.array([1.0, 1.52, 2.31, 2.93, 3.75]) * rng.uniform(0.98, 1.02, 5)
        keep = ratios * tone_hz < 0.47 * rate_hz
        levels = np.array([1.0, 0.6, 0.7, 0.4, 0.3])[keep] * rng.uniform(
            0.6, 1.4, keep.sum()
        )
        decays_s = rng.uniform(0.1, 0.25) / ratios[keep] ** 0.5
        phases = rng.uniform(0, 2 * np.pi, int(keep.sum()))
        ring = _partials(t, ratios[keep] * tone_hz, levels, decays_s, phases)
        bells.append(ring + 1.2 * rng.standard_normal(len(t)) * np.exp(-t / 0.0025))
    wave = np.zeros(n)
    at_s, side = 0.0, 0
    while at_s * rate_hz < n:
        _add(wave, round(at_s * rate_hz), rng.uniform(0.7, 1.0) * bells[side])
        at_s += rng.uniform(0.94, 1.06) / beat_hz
        side = 1 - side
    return wave


_SYNTHESES: dict[SourceKind, Callable[[np.random.Generator, int, float], Wave]] = {
    SourceKind.FIRE: _fire,
    SourceKind.BELL: _bell,
    SourceKind.SIREN: _siren,
    SourceKind.FOUNTAIN: _fountain,
    SourceKind.ALARM_CLOCK: _alarm_clock,
}
