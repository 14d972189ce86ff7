"""Makes sound fields whose truth is known, for the tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.harmonics import spherical_harmonics
from pano.sphere import Direction

FloatArray = NDArray[np.float32]

RATE_HZ = 16_000
LEVEL = 0.1


def noise(rng: np.random.Generator, duration_s: float = 2.0) -> FloatArray:
    """Return white noise at -20 dBFS, shape (n,)."""
    n = round(duration_s * RATE_HZ)
    return (LEVEL * rng.normal(size=n)).astype(np.float32)


def bursts(rng: np.random.Generator, duration_s: float = 2.0) -> FloatArray:
    """Return noise that comes and goes as often as syllables, shape (n,)."""
    sound = noise(rng, duration_s)
    ends = np.arange(0, len(sound) + RATE_HZ // 8, RATE_HZ // 8)
    level = np.interp(np.arange(len(sound)), ends, rng.random(len(ends)) ** 4)
    return np.asarray(sound * level, dtype=np.float32)


def spread_units(n: int) -> NDArray[np.float64]:
    """Return unit vectors spread evenly over the sphere, shape (n, 3)."""
    k = np.arange(n) + 0.5
    height, angle = 1.0 - 2.0 * k / n, np.pi * (3.0 - np.sqrt(5.0)) * k
    radius = np.sqrt(1.0 - height**2)
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=-1)


def diffuse(rng: np.random.Generator, duration_s: float = 2.0) -> FloatArray:
    """Return independent noise from everywhere, its W at -20 dBFS, shape (4, n)."""
    gains = spherical_harmonics(spread_units(48), 1)
    waves = rng.normal(size=(len(gains), round(duration_s * RATE_HZ)))
    return (LEVEL * gains.T @ waves / np.sqrt(len(gains))).astype(np.float32)


def any_direction(rng: np.random.Generator) -> Direction:
    """Return a direction, each as likely as each other."""
    return Direction.from_unit(rng.normal(size=3))
