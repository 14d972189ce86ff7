"""Augmented sound excerpts to adapt the sound trunks: clean for a teacher, and noisy.

A pair set has few recordings of a kind. Played faster or slower, laid over each other
and cut anew they are many; noise, filters and level then make of each what a film's
track would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soundloc.data.augment import (
    limit_bandwidth,
    mix,
    repeat_with_gaps,
    scale_to_level,
)
from soundloc.data.pairs import SAMPLE_RATE_HZ, PairSet, read_sound
from soundloc.errors import DatasetError

EXCERPT_S = 4.3  # the shortest that SoundNet's conv7 hears as a whole
_CLEAN_LEVEL_DB = -20.0
_LEVELS_DB = (-34.0, -14.0)
_SPEEDS = (0.75, 1.33)
_SPEED_SHARE = 0.7
_MIX_SHARE, _MIX_SNR_DB = 0.4, (0.0, 12.0)
_FILTER_SHARE = 0.3
_NOISE_SHARE, _NOISE_SNR_DB = 0.5, (3.0, 30.0)
# A longer sound holds more, but not in proportion.
_MAX_WEIGHED_S = 8.0
_NO_KIND = -1

Waveform = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Excerpts:
    """A batch of excerpts, clean and augmented.

    Parameters
    ----------
    clean, heard
        (b, n) at 22,050 Hz, before and after noise, filters and level.
    kinds
        (b,), the number of the loudest sound's kind, or -1.
    shares
        (b,), in [0.5, 1]: how much of the excerpt that sound is.
    """

    clean: Waveform
    heard: Waveform
    kinds: NDArray[np.int64]
    shares: Waveform


@dataclass(frozen=True, slots=True)
class ExcerptSettings:
    """How excerpts are drawn.

    Parameters
    ----------
    length_s
        Of an excerpt.
    any_share
        Of the excerpts, so many are of any sound, also from nowhere; the rest are of
        named kinds.
    others_share
        Of any sounds, so many are of those beside the pair set, if there are some.
    """

    length_s: float = EXCERPT_S
    any_share: float = 0.15
    others_share: float = 0.65


class ExcerptSampler:
    """Draws excerpts from one split's sounds; a pure function of the seed and step.

    Parameters
    ----------
    others
        Sounds beside the pair set that nobody named, in 16 bits.

    Raises
    ------
    DatasetError
        If no sound of the split has a kind.
    """

    def __init__(
        self,
        pair_set: PairSet,
        split: str,
        *,
        seed: int = 0,
        how: ExcerptSettings | None = None,
        others: Sequence[NDArray[np.int16]] = (),
    ) -> None:
        self.seed, self._how, self._others = seed, how or ExcerptSettings(), others
        entries = [s for s in pair_set.sounds if s.split == split]
        self._sounds = [read_sound(pair_set.folder / s.sound) for s in entries]
        named = [s.kind for s in entries if s.kind is not None]
        self.kinds = tuple(sorted(set(named)))
        if not self.kinds:
            raise DatasetError(
                f"{pair_set.folder} has no {split} sound with a kind; there is nothing "
                "to adapt the sound trunk to."
            )
        numbers = {kind: i for i, kind in enumerate(self.kinds)}
        self._numbers = [numbers.get(s.kind or "", _NO_KIND) for s in entries]
        self._of_kind = [
            np.flatnonzero(np.array(self._numbers) == i) for i in range(len(self.kinds))
        ]
        # Between as often as they are and all alike.
        shares = np.sqrt([len(found) for found in self._of_kind])
        self._shares = shares / shares.sum()
        weights = np.sqrt(
            [min(len(x) / SAMPLE_RATE_HZ, _MAX_WEIGHED_S) for x in others]
        )
        self._other_shares = weights / weights.sum() if others else weights
        self._backgrounds = [
            sound
            for sound, entry in zip(self._sounds, entries, strict=True)
            if entry.is_unlocalizable
        ]

    def draw(self, step: int, n: int) -> Excerpts:
        """Draw n excerpts; negative steps are others than positive ones."""
        rng = np.random.default_rng([self.seed, int(step < 0), abs(step)])
        drawn = [self._draw_one(rng) for _ in range(n)]
        clean, heard, kinds, shares = zip(*drawn, strict=True)
        return Excerpts(
            np.stack(clean),
            np.stack(heard),
            np.array(kinds),
            np.array(shares, np.float32),
        )

    def _draw_one(
        self, rng: np.random.Generator
    ) -> tuple[Waveform, Waveform, int, float]:
        sounds_any = rng.random() < self._how.any_share
        number = self._any(rng) if sounds_any else self._named(rng)
        sound, share = self._cut(number, rng), 1.0
        if rng.random() < _MIX_SHARE:
            snr_db = float(rng.uniform(*_MIX_SNR_DB))
            sound = mix(sound, self._cut(self._any(rng), rng), snr_db)
            share = 0.5 + 0.5 * snr_db / _MIX_SNR_DB[1]
        clean = scale_to_level(sound, _CLEAN_LEVEL_DB)
        return clean, self._as_heard(clean, rng), self._kind_of(number), share

    def _any(self, rng: np.random.Generator) -> int:
        if self._others and rng.random() < self._how.others_share:
            chosen = rng.choice(len(self._others), p=self._other_shares)
            return len(self._sounds) + int(chosen)
        return int(rng.integers(len(self._sounds)))

    def _kind_of(self, number: int) -> int:
        return self._numbers[number] if number < len(self._numbers) else _NO_KIND

    def _sound(self, number: int) -> Waveform:
        if number < len(self._sounds):
            return self._sounds[number]
        other = self._others[number - len(self._sounds)]
        return np.asarray(other / np.float32(2**15), dtype=np.float32)

    def _named(self, rng: np.random.Generator) -> int:
        found = self._of_kind[int(rng.choice(len(self.kinds), p=self._shares))]
        return int(found[rng.integers(len(found))])

    def _cut(self, number: int, rng: np.random.Generator) -> Waveform:
        sound = self._sound(number)
        if rng.random() < _SPEED_SHARE:
            low, high = map(math.log, _SPEEDS)
            sound = _faster(sound, math.exp(rng.uniform(low, high)))
        return repeat_with_gaps(sound, round(self._how.length_s * SAMPLE_RATE_HZ), rng)

    def _as_heard(self, clean: Waveform, rng: np.random.Generator) -> Waveform:
        sound = clean
        if rng.random() < _FILTER_SHARE:
            sound = limit_bandwidth(sound, rng)
        if self._backgrounds and rng.random() < _NOISE_SHARE:
            under = self._backgrounds[int(rng.integers(len(self._backgrounds)))]
            under = repeat_with_gaps(under, len(sound), rng, max_gap=0.0)
            sound = mix(sound, under, float(rng.uniform(*_NOISE_SNR_DB)))
        return scale_to_level(sound, float(rng.uniform(*_LEVELS_DB)))


def _faster(sound: Waveform, speed: float) -> Waveform:
    """Play a sound faster, and so higher, by interpolating between its samples."""
    at = np.arange(max(1, int(len(sound) / speed))) * speed
    return np.asarray(np.interp(at, np.arange(len(sound)), sound), dtype=np.float32)
