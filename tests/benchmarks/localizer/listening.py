"""The localizer under test, and every sound it is asked with, heard once.

A sound is a window of five seconds at one level, a pure function of its file, so that
each picture asked with it hears the same. Noise laid under it is recorded wind or rain
of the test split.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pano.errors import MediaError
from pano_jobs.datasets.material import Material, SoundSource
from pano_jobs.datasets.sources.clips import read_track
from soundloc import SoundLocalizer
from soundloc.audit.inspection import is_silent
from soundloc.data.augment import colored_noise, mix, repeat_with_gaps, scale_to_level
from soundloc.data.pairs import SAMPLE_RATE_HZ
from soundloc.evaluation.predictions import N_PRIOR_SOUNDS
from soundloc.inference.localizer import Localization
from soundloc.inference.window_embedding import WindowEmbedding

WINDOW_S = 5.0
LEVEL_DBFS = -22.0
N_SAMPLES = int(WINDOW_S * SAMPLE_RATE_HZ)
# Of the sounds from nowhere, those that lie under others outdoors.
_WEATHER = ("wind", "rain")

Array = NDArray[np.float32]


def seeded_rng(name: str, *numbers: int) -> np.random.Generator:
    """Return a random generator seeded by a name and numbers alone."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([int.from_bytes(digest[:8]), *numbers])


@dataclass
class Listener:
    """Asks the localizer; hears each sound of the test split only once."""

    localizer: SoundLocalizer
    material: Material
    sounds: tuple[SoundSource, ...] = field(init=False)
    weather: tuple[SoundSource, ...] = field(init=False)
    _clips: dict[Path, Array | None] = field(init=False, default_factory=dict)
    _embeddings: dict[tuple[Path, float | None], WindowEmbedding] = field(
        init=False, default_factory=dict
    )
    _any: list[WindowEmbedding] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        held_back = [s for s in self.material.sounds if s.split == "test"]
        self.sounds = tuple(s for s in held_back if s.kind is not None)
        self.weather = tuple(s for s in held_back if s.path.parent.name in _WEATHER)

    def draw(
        self, pool: list[SoundSource], rng: np.random.Generator
    ) -> SoundSource | None:
        """Draw a recording, then a clip of it that can be heard; None if there is none.

        One long recording cut into many clips then counts as one.
        """
        recordings = sorted({s.source for s in pool})
        for number in rng.permutation(len(recordings)):
            clips = [s for s in pool if s.source == recordings[number]]
            chosen = clips[int(rng.integers(len(clips)))]
            if self._clip(chosen.path) is not None:
                return chosen
        return None

    def embed(self, sound: SoundSource, snr_db: float | None = None) -> WindowEmbedding:
        """Embed a sound, over wind or rain if a ratio is given."""
        key = (sound.path, snr_db)
        if key not in self._embeddings:
            self._embeddings[key] = self.hear(self._window(sound, snr_db))
        return self._embeddings[key]

    def noise(self, number: int) -> WindowEmbedding:
        """Embed coloured noise, each number its own."""
        rng = seeded_rng("coloured noise", number)
        return self.hear(scale_to_level(colored_noise(N_SAMPLES, rng), LEVEL_DBFS))

    def silence(self) -> WindowEmbedding:
        """Embed digital silence."""
        return self.hear(np.zeros(N_SAMPLES, np.float32))

    def hear(self, window: Array) -> WindowEmbedding:
        """Embed a whole stretch of sound."""
        track = self.localizer.hear(window)
        return track.window(track.duration_s / 2.0, track.duration_s)

    def ask(self, visual: Array, sound: WindowEmbedding) -> Localization:
        """Answer with attention, response and confidence."""
        return self.localizer.attend(visual, sound)

    def prior(self, visual: Array) -> Array:
        """Return the mean response (h, w) to many sounds: looking without listening."""
        if not self._any:
            rng = seeded_rng("any sound")
            for number in rng.permutation(len(self.sounds)):
                if self._clip(self.sounds[number].path) is not None:
                    self._any.append(self.embed(self.sounds[number]))
                if len(self._any) == N_PRIOR_SOUNDS:
                    break
        responses = [self.ask(visual, sound).response for sound in self._any]
        return np.asarray(np.mean(responses, axis=0), dtype=np.float32)

    def _window(self, sound: SoundSource, snr_db: float | None) -> Array:
        clip = self._clip(sound.path)
        if clip is None:
            raise ValueError(f"{sound.path} holds nothing that can be heard")
        rng = seeded_rng(sound.path.name)
        window = repeat_with_gaps(clip, N_SAMPLES, rng)
        if snr_db is not None:
            under = self._clip(self.weather[int(rng.integers(len(self.weather)))].path)
            if under is None:
                raise ValueError("a recording of the weather is silent")
            below = repeat_with_gaps(under, N_SAMPLES, rng, max_gap=0.0)
            window = mix(window, below, snr_db)
        return scale_to_level(window, LEVEL_DBFS)

    def _clip(self, path: Path) -> Array | None:
        if path not in self._clips:
            try:
                clip = read_track(path)
            except MediaError:
                clip = np.zeros(0, np.float32)
            self._clips[path] = None if is_silent(clip) else clip
        return self._clips[path]
