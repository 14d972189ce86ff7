"""Align a separate recorder with the camera's own sound: its offset and its drift.

Both heard the same event, from elsewhere and through other microphones. How the bands'
energies rise tells coarsely by how much one began later; then stretches of a few
seconds are compared by generalized cross-correlation with phase transform (Knapp and
Carter 1976), and a line through their offsets tells how far the clocks drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

ALIGN_RATE_HZ = 16_000
_HOP = 160  # 10 ms
_BANDS_HZ = ((200, 600), (600, 1_800), (1_800, 6_000))
_STRETCH_S = 8.0
_N_STRETCHES = 24
_SEARCH_S = 0.25
_MAX_DRIFT = 3e-4  # of cheap clocks, 300 ppm
_TOLERANCE_S = 0.004
_MIN_AGREEING = 0.5
_MIN_STRETCHES = 4
_SHORTEST_S = 2.0
_PEAK_S = 0.003
_MIN_PROMINENCE = 1.06


@dataclass(frozen=True, slots=True)
class SoundClock:
    """How a sound's own clock runs against the picture's: r = rate · t + shift_s.

    Parameters
    ----------
    shift_s
        The sound's own time at time 0 of the picture.
    rate
        The sound's seconds in one of the picture's.
    """

    shift_s: float = 0.0
    rate: float = 1.0

    def picture_time_s(self, sound_time_s: float) -> float:
        """Return the picture's time of a sound's own."""
        return (sound_time_s - self.shift_s) / self.rate


@dataclass(frozen=True, slots=True)
class Alignment:
    """A recorder's clock, and how sure it is.

    Parameters
    ----------
    agreeing
        The share of stretches that lie on it.
    """

    clock: SoundClock
    agreeing: float

    @property
    def drift_ppm(self) -> float:
        """How much faster the recorder's clock runs, in millionths."""
        return (self.clock.rate - 1.0) * 1e6


def align(
    camera: NDArray[np.float32], recorder: NDArray[np.float32]
) -> Alignment | None:
    """Find when a recorder heard what a camera heard; None if it cannot be told.

    Parameters
    ----------
    camera, recorder
        Mono at `ALIGN_RATE_HZ`, shapes (n,) and (m,); both from their time 0.
    """
    shortest = round(_SHORTEST_S * ALIGN_RATE_HZ)
    if min(len(camera), len(recorder)) < shortest:
        return None
    coarse = _coarse_lag_s(camera, recorder)
    if coarse is None:
        return None
    n_stretch = round(min(_STRETCH_S * ALIGN_RATE_HZ, len(camera) / 6))
    # Stretches that overlap by more than half say the same twice.
    n_stretches = min(_N_STRETCHES, round(2 * len(camera) / n_stretch) - 1)
    times, lags, weights = [], [], []
    for first in np.linspace(0, len(camera) - n_stretch, n_stretches).astype(int):
        found = _fine_lag_s(camera, recorder, int(first), n_stretch, coarse)
        if found is not None:
            times.append((first + n_stretch / 2) / ALIGN_RATE_HZ)
            lags.append(found[0])
            weights.append(found[1])
    if len(times) < _MIN_STRETCHES:
        return None
    return _line_through(np.array(times), np.array(lags), np.array(weights))


def _coarse_lag_s(
    camera: NDArray[np.float32], recorder: NDArray[np.float32]
) -> float | None:
    """Return the recorder's time minus the camera's, by the rise of band energies."""
    import scipy.signal  # slow to load

    a, b = _onsets(camera), _onsets(recorder)
    if a.shape[1] < 2 or b.shape[1] < 2 or not (a.any() and b.any()):
        return None
    both = sum(
        scipy.signal.correlate(b[k], a[k], mode="full", method="fft")
        for k in range(len(a))
    )
    lag = int(np.argmax(both)) - (a.shape[1] - 1)
    return float(lag * _HOP / ALIGN_RATE_HZ)


def _onsets(track: NDArray[np.float32]) -> FloatArray:
    """Return how the log energy of each band rises, (bands, hops), centred."""
    import scipy.signal  # slow to load

    rises = []
    for low, high in _BANDS_HZ:
        sos = scipy.signal.butter(
            2, (low, high), "bandpass", fs=ALIGN_RATE_HZ, output="sos"
        )
        band = scipy.signal.sosfilt(sos, track.astype(np.float64))
        n_hops = len(band) // _HOP
        power = np.square(band[: n_hops * _HOP]).reshape(n_hops, _HOP).mean(axis=1)
        floor = 1e-3 * power.mean() + 1e-12
        rise = np.maximum(np.diff(np.log(power + floor)), 0.0)
        rises.append(rise - rise.mean() if len(rise) else rise)
    return np.stack(rises)


def _fine_lag_s(
    camera: NDArray[np.float32],
    recorder: NDArray[np.float32],
    first: int,
    n_stretch: int,
    coarse_s: float,
) -> tuple[float, float] | None:
    """Return a stretch's lag in seconds and how far its peak stands out."""
    import scipy.fft  # slow to load

    drifted = first / ALIGN_RATE_HZ * _MAX_DRIFT
    n_search = round((_SEARCH_S + drifted) * ALIGN_RATE_HZ)
    begin = first + round(coarse_s * ALIGN_RATE_HZ) - n_search
    end = begin + n_stretch + 2 * n_search
    part = camera[first : first + n_stretch].astype(np.float64)
    other = np.zeros(end - begin)  # what the recorder did not hear is silence
    heard = recorder[max(begin, 0) : max(end, 0)]
    other[max(-begin, 0) :][: len(heard)] = heard
    if not (np.any(part) and np.any(other)):
        return None
    n_fft = scipy.fft.next_fast_len(len(part) + len(other), real=True)
    cross = scipy.fft.rfft(other, n_fft) * np.conj(scipy.fft.rfft(part, n_fft))
    hz = scipy.fft.rfftfreq(n_fft, 1.0 / ALIGN_RATE_HZ)
    audible = (hz > 150.0) & (hz < 6_000.0)
    flat = np.where(audible, cross / (np.abs(cross) + 1e-12), 0.0)
    peaks = scipy.fft.irfft(flat, n_fft)[: 2 * n_search + 1]
    best = int(np.argmax(peaks))
    # A hum agrees with itself at every period: only a peak without equals counts.
    near = round(_PEAK_S * ALIGN_RATE_HZ)
    others = np.concatenate([peaks[: max(best - near, 0)], peaks[best + near + 1 :]])
    prominence = float(peaks[best] / (np.abs(others).max() + 1e-12))
    if prominence < _MIN_PROMINENCE:
        return None
    return coarse_s + (best - n_search) / ALIGN_RATE_HZ, prominence


def _line_through(
    times: FloatArray, lags: FloatArray, weights: FloatArray
) -> Alignment | None:
    """Fit lag = shift + drift · t to those that agree, whatever the others say."""
    best: tuple[int, float, float] | None = None
    for i in range(len(times)):
        for j in range(i, len(times)):
            span = times[j] - times[i]
            drift = (lags[j] - lags[i]) / span if span > 0.0 else 0.0
            if abs(drift) > _MAX_DRIFT:
                continue
            shift = float(lags[i] - drift * times[i])
            n = int(np.sum(np.abs(lags - shift - drift * times) < _TOLERANCE_S))
            if best is None or n > best[0]:
                best = n, shift, float(drift)
    if best is None or best[0] < max(_MIN_STRETCHES, _MIN_AGREEING * len(times)):
        return None
    near = np.abs(lags - best[1] - best[2] * times) < _TOLERANCE_S
    # Over a short time a drift cannot be told from the grain of the lags.
    degree = 1 if np.ptp(times[near]) > 30.0 else 0
    fit = np.polynomial.polynomial.polyfit(
        times[near], lags[near], degree, w=np.sqrt(weights[near])
    )
    drift = float(fit[1]) if degree else 0.0
    return Alignment(SoundClock(float(fit[0]), 1.0 + drift), float(near.mean()))
