"""How sound flows through the listening point: intensity and diffuseness.

The active intensity I = Re(W* · (X, Y, Z)) points to where the sound comes from; the
energy density is E = ½(|W|² + |X|² + |Y|² + |Z|²). A single plane wave has |I| = E, a
diffuse field has I = 0 on average, so ψ = 1 - |⟨I⟩| / ⟨E⟩ is its diffuseness (Merimaa
and Pulkki 2005; Pulkki 2007, DirAC). Both are measured per band and moment, because
sounds that overlap in time seldom do in frequency too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

N_BANDS = 32
# Below, wind and handling; above, the capsules of an array are too far apart.
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 8_000.0
_WINDOW_S = 0.024
STEP_S = 0.032  # how often a moment is kept
_AT_ONCE_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FieldMoments:
    """Intensity and energy of a field, per moment and band.

    Parameters
    ----------
    intensity
        float32, shape (n, bands, 3): right, up, ahead, as in `pano.sphere`.
    energy
        float32, shape (n, bands); 1 is a full-scale plane wave of one band.
    step_s
        From moment to moment; moment k lasts from k·step_s to (k + 1)·step_s.
    samples
        How many spectral values one moment of a band averages, shape (bands,).
    """

    intensity: FloatArray
    energy: FloatArray
    step_s: float
    samples: FloatArray

    def __len__(self) -> int:
        return len(self.energy)

    def smoothed(self, width_s: float) -> FieldMoments:
        """Average over a stretch of time around each moment."""
        n = max(round(width_s / self.step_s) | 1, 1)
        return FieldMoments(
            _running_mean(self.intensity, n),
            _running_mean(self.energy, n),
            self.step_s,
            self.samples * n,
        )

    def directness(self) -> FloatArray:
        """Return 1 - ψ, shape (n, bands), in [0, 1]; 0 for silence."""
        length = np.linalg.norm(self.intensity, axis=-1)
        quiet = self.energy <= 0.0
        share = length / np.where(quiet, 1.0, self.energy)
        return np.where(quiet, 0.0, np.minimum(share, 1.0)).astype(np.float32)


@dataclass(slots=True, eq=False)
class IntensityMeter:
    """Measures a first-order field that arrives in pieces.

    Parameters
    ----------
    sample_rate_hz
        Of the field.
    """

    sample_rate_hz: int
    _rest: FloatArray = field(init=False)
    _moments: list[tuple[FloatArray, FloatArray]] = field(init=False)
    _window: FloatArray = field(init=False)
    _hop: int = field(init=False)
    _edges: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        import scipy.fft  # slow to load

        rate_hz = self.sample_rate_hz
        # Half as long as the window, an even number of hops to a moment.
        n_hops = max(round(STEP_S / (_WINDOW_S / 2.0)), 1)
        self._hop = max(round(STEP_S * rate_hz / n_hops), 1)
        n_window = 2 * self._hop
        self._window = np.hanning(n_window + 1)[:-1].astype(np.float32)
        n_fft = scipy.fft.next_fast_len(n_window, real=True)
        highest_hz = min(_HIGHEST_HZ, 0.45 * rate_hz)
        edges_hz = np.geomspace(_LOWEST_HZ, highest_hz, N_BANDS + 1)
        bins = np.round(edges_hz * n_fft / rate_hz).astype(np.intp)
        # Every band has a bin at least.
        self._edges = np.maximum.accumulate(bins - np.arange(N_BANDS + 1))
        self._edges += np.arange(N_BANDS + 1)
        self._rest = np.zeros((4, self._hop), np.float32)  # centres the first window
        self._moments = []

    @property
    def step_s(self) -> float:
        """How often a moment is kept, in seconds."""
        return self._hop * self._hops_a_step / self.sample_rate_hz

    @property
    def _hops_a_step(self) -> int:
        return max(round(STEP_S / (_WINDOW_S / 2.0)), 1)

    def add(self, block: FloatArray) -> None:
        """Take the next samples of an ambiX field, shape (≥ 4, n)."""
        self._take(block, is_last=False)

    def _take(self, block: FloatArray, *, is_last: bool) -> None:
        # A float track may hold what is no number; one would spoil all that follows.
        block = np.nan_to_num(block[:4], posinf=0.0, neginf=0.0)
        samples = np.concatenate([self._rest, block], axis=1)
        n_step = self._hop * self._hops_a_step
        n_steps = (samples.shape[1] - self._hop) // n_step
        # Many small pieces are dear; a second at once is not.
        if n_steps * self.step_s < _AT_ONCE_S and not is_last:
            self._rest = samples
            return
        used = samples[:, : n_steps * n_step + self._hop]
        self._rest = samples[:, n_steps * n_step :]
        self._moments.append(self._measure(used, n_steps))

    def finish(self) -> FieldMoments:
        """Return all moments; the field is followed by silence."""
        n_step = self._hop * self._hops_a_step
        n_rest = self._rest.shape[1] - self._hop
        if n_rest > 0:
            missing = -(-n_rest // n_step) * n_step - n_rest
            self._take(np.zeros((4, missing), np.float32), is_last=True)
        if not self._moments:
            nothing = np.zeros((0, N_BANDS), np.float32)
            nowhere = np.zeros((0, N_BANDS, 3), np.float32)
            return FieldMoments(nowhere, nothing, STEP_S, self._samples())
        intensity, energy = zip(*self._moments, strict=True)
        return FieldMoments(
            np.concatenate(intensity),
            np.concatenate(energy),
            self.step_s,
            self._samples(),
        )

    def _samples(self) -> FloatArray:
        return np.asarray(np.diff(self._edges) * self._hops_a_step, np.float32)

    def _measure(
        self, samples: FloatArray, n_steps: int
    ) -> tuple[FloatArray, FloatArray]:
        import scipy.fft  # slow to load

        n_window = len(self._window)
        frames = np.lib.stride_tricks.sliding_window_view(samples, n_window, axis=1)
        frames = frames[:, :: self._hop] * self._window
        n_fft = scipy.fft.next_fast_len(n_window, real=True)
        spectra = scipy.fft.rfft(frames, n_fft, axis=-1)[..., : self._edges[-1]]
        w, y, z, x = spectra
        # Of a windowed full-scale sine, summed over its bins, the power is 1.
        scale = 4.0 / (n_fft * float(np.square(self._window).sum()))
        flow = np.stack([-y, z, x], axis=-1)
        intensity = (np.conj(w)[..., None] * flow).real
        energy = 0.5 * (np.square(np.abs(w)) + np.square(np.abs(flow)).sum(-1))
        return (
            self._banded(intensity, n_steps) * scale,
            self._banded(energy, n_steps) * scale,
        )

    def _banded(self, values: NDArray[np.floating], n_steps: int) -> FloatArray:
        banded = np.add.reduceat(values, self._edges[:-1], axis=1)
        steps = banded.reshape(n_steps, self._hops_a_step, *banded.shape[1:])
        return np.asarray(steps.mean(axis=1), dtype=np.float32)


def _running_mean(values: FloatArray, n: int) -> FloatArray:
    """Average over n moments around each; beyond the ends there is silence."""
    if n == 1 or len(values) == 0:
        return values
    # By differences of a running sum in double precision, in one pass for any n.
    total = np.cumsum(values, axis=0, dtype=np.float64)
    total = np.concatenate([np.zeros_like(total[:1]), total])
    k = np.arange(len(values))
    upper = np.minimum(k + n // 2 + 1, len(values))
    lower = np.maximum(k - n // 2, 0)
    return np.asarray((total[upper] - total[lower]) / n, dtype=np.float32)
