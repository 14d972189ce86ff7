"""Tell what a track of four channels without a tag is: by the physics of a field.

In every ambisonic format the first channel hears all directions alike and the other
three are copies of it in phase, weighed by the direction; the sum of their powers is
that of the first times 1 (SN3D), 2 (FuMa) or 3 (N3D), wherever the sound comes from.
Loudspeaker channels and separate microphones know no such law, and the capsules of an
array all resemble each other. Where the law does not decide, nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.formats import AmbisonicFormat

FloatArray = NDArray[np.float32]
Verdict: TypeAlias = Literal["field", "speakers", "unknown"]

_WINDOW_S = 0.02
_SMOOTHING_HOPS = 8
_BAND_HZ = (200.0, 4_000.0)
_N_BANDS = 24
# In phase with the first channel to this share of the power: a single plane wave.
_MIN_IN_PHASE = 0.85
# Less of the sound than this in such bands, and there is nothing to read a law from.
_MIN_DIRECT_SHARE = 0.02
_MIN_LAWFUL_SHARE = 0.6
_RATIO_TOLERANCE = 1.3
_SILENT = 1e-4  # of the first channel's power
# Capsules of one array resemble each other more than this; components do not.
_CAPSULE_CORRELATION = 0.5
# Capsules and panned loudspeakers only add; components subtract for half of the sphere.
_MIN_OPPOSITE = 0.05
_RATIOS: dict[float, AmbisonicFormat] = {
    1.0: AmbisonicFormat(),
    2.0: AmbisonicFormat(ordering="FuMa", normalization="FuMa"),
    3.0: AmbisonicFormat(normalization="N3D"),
}


@dataclass(frozen=True, slots=True)
class Recognized:
    """What four channels were found to be.

    Parameters
    ----------
    format
        Only for a field.
    is_planar
        Its vertical channel is empty.
    reason
        What was seen, in half a sentence.
    """

    verdict: Verdict
    reason: str
    format: AmbisonicFormat | None = None
    is_planar: bool = False


@dataclass(slots=True, eq=False)
class Recognizer:
    """Gathers the powers and correlations of a track that arrives in pieces.

    Parameters
    ----------
    sample_rate_hz
        Of the track.
    """

    sample_rate_hz: int
    _rest: FloatArray = field(init=False)
    _powers: list[FloatArray] = field(init=False)
    _crosses: list[NDArray[np.complexfloating]] = field(init=False)

    def __post_init__(self) -> None:
        self._rest = np.zeros((4, 0), np.float32)
        self._powers, self._crosses = [], []

    def add(self, block: FloatArray) -> None:
        """Take the next samples, shape (≥ 4, n)."""
        import scipy.fft  # slow to load

        n_window = round(_WINDOW_S * self.sample_rate_hz)
        samples = np.concatenate([self._rest, block[:4]], axis=1)
        hop = n_window // 2
        n_hops = (samples.shape[1] - n_window) // hop + 1
        if n_hops < 1:
            self._rest = samples
            return
        self._rest = samples[:, n_hops * hop :]
        frames = np.lib.stride_tricks.sliding_window_view(samples, n_window, axis=1)
        window = np.hanning(n_window + 1)[:-1].astype(np.float32)
        spectra = scipy.fft.rfft(frames[:, ::hop][:, :n_hops] * window, axis=-1)
        bins = np.geomspace(*_BAND_HZ, _N_BANDS + 1) * _WINDOW_S
        edges = np.unique(np.round(bins).astype(np.intp))
        spectra = spectra[..., : edges[-1]]
        cross = spectra * np.conj(spectra[0])
        power = np.square(np.abs(spectra))
        self._powers.append(np.add.reduceat(power, edges[:-1], axis=-1))
        self._crosses.append(np.add.reduceat(cross, edges[:-1], axis=-1))

    def recognize(self) -> Recognized:
        """Judge what was heard."""
        if not self._powers:
            return Recognized("unknown", "it is too short to tell")
        powers = np.concatenate(self._powers, axis=1).astype(np.float64)
        crosses = np.concatenate(self._crosses, axis=1).astype(np.complex128)
        power, cross = _smoothed(powers), _smoothed(crosses)
        total = power.sum(axis=(1, 2))
        if total[0] <= 0.0 or total.sum() < 1e-9:
            return Recognized("unknown", "its first channel is silent")
        is_silent = total < _SILENT * total[0]
        if is_silent[1:].sum() > 1:
            return Recognized("unknown", "fewer than three of its channels sound")
        likeness = cross.real.sum(axis=(1, 2)) / np.sqrt(total * total[0] + 1e-30)
        if np.all(likeness[1:] > _CAPSULE_CORRELATION):
            return Recognized("unknown", "all its channels resemble each other")
        return _judge(power, cross, is_silent)


def _judge(
    power: NDArray[np.float64],
    cross: NDArray[np.complex128],
    is_silent: NDArray[np.bool_],
) -> Recognized:
    first = np.maximum(power[0], 1e-20)
    ratio = power[1:].sum(axis=0) / first
    copied = np.square(cross[1:].real).sum(axis=0) / first**2
    weight = power.sum(axis=0)
    is_direct = copied > _MIN_IN_PHASE * ratio
    is_direct &= ratio > 1.0 / _RATIO_TOLERANCE**2
    share = float(weight[is_direct].sum() / weight.sum())
    lawful = {
        law: float(weight[is_direct & _near(ratio, law)].sum())
        / max(float(weight[is_direct].sum()), 1e-30)
        for law in _RATIOS
    }
    law = max(lawful, key=lambda key: lawful[key])
    is_lawful = lawful[law] >= _MIN_LAWFUL_SHARE
    if share < _MIN_DIRECT_SHARE or not is_lawful:
        return _unlawful(share, lawful[law], float(power[1:].sum() / first.sum()))
    gains = cross[1:, is_direct].real * weight[is_direct]
    if np.minimum(gains, 0.0).sum() > -_MIN_OPPOSITE * np.abs(gains).sum():
        return Recognized("unknown", "none of its channels is ever in opposite phase")
    found = _RATIOS[law]
    planar_at = np.flatnonzero(is_silent).tolist()
    if planar_at == [3] and law == 1.0:
        found = AmbisonicFormat(ordering="FuMa", normalization="SN3D")
    elif planar_at and planar_at != [3 if found.ordering == "FuMa" else 2]:
        return Recognized("unknown", "a channel is empty that should not be")
    return Recognized(
        "field",
        f"the powers of its channels obey the law of {found.words} in "
        f"{lawful[law]:.0%} of its direct sound",
        found,
        is_planar=bool(planar_at),
    )


def _unlawful(share: float, lawful: float, ratio: float) -> Recognized:
    if share < _MIN_DIRECT_SHARE:
        return Recognized("unknown", "it holds too little direct sound to tell")
    if lawful < 0.5 * _MIN_LAWFUL_SHARE:
        return Recognized(
            "speakers", "the powers of its channels obey no law of a sound field"
        )
    return Recognized(
        "unknown", f"its channels are {ratio:.1f} times its first one, and not steadily"
    )


def _near(ratio: NDArray[np.float64], law: float) -> NDArray[np.bool_]:
    distance = np.abs(np.log(np.maximum(ratio, 1e-9) / law))
    return np.asarray(distance < np.log(_RATIO_TOLERANCE))


def _smoothed(values: NDArray[Any]) -> NDArray[Any]:
    """Average neighbouring hops, so that chance makes no plane waves."""
    n = min(_SMOOTHING_HOPS, values.shape[1])
    starts = np.arange(0, values.shape[1] - n + 1, n)
    return np.asarray(np.add.reduceat(values, starts, axis=1))
