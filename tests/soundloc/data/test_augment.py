import numpy as np
import pytest

from soundloc.data.augment import (
    SoundVariation,
    colored_noise,
    mix,
    repeat_with_gaps,
    scale_to_level,
    vary_sound,
)


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def test_the_level_is_what_was_asked_for() -> None:
    sound = np.asarray(0.5 * np.sin(np.arange(1000)), np.float32)
    assert rms(scale_to_level(sound, -30.0)) == pytest.approx(
        10 ** (-30 / 20), rel=1e-4
    )


def test_silence_stays_silence() -> None:
    assert not scale_to_level(np.zeros(10, np.float32), -10.0).any()


def test_the_mixture_has_the_ratio_of_powers() -> None:
    rng = np.random.default_rng(0)
    sound, under = (rng.standard_normal(5000).astype(np.float32) for _ in range(2))
    added = mix(sound, 0.01 * under, 6.0) - sound
    assert 20 * np.log10(rms(sound) / rms(added)) == pytest.approx(6.0, abs=0.01)


def test_a_short_clip_is_repeated_with_silences() -> None:
    clip = np.ones(100, np.float32)
    window = repeat_with_gaps(clip, 1000, np.random.default_rng(0))
    assert len(window) == 1000
    assert 0.5 < window.mean() < 1.0


def test_a_long_clip_is_cut() -> None:
    clip = np.arange(1000, dtype=np.float32)
    window = repeat_with_gaps(clip, 10, np.random.default_rng(0))
    assert np.array_equal(np.diff(window), np.ones(9))


def test_variations_stay_in_range_and_differ() -> None:
    clip = colored_noise(3000, np.random.default_rng(0))
    variation = SoundVariation(window_s=(0.1, 0.5))
    rng = np.random.default_rng(1)
    first, second = (vary_sound(clip, [clip], variation, rng) for _ in range(2))
    assert np.abs(first).max() <= 1.0
    assert len(first) != len(second)
