"""Clips for directors: sources whose way is known, as a localizer would report them.

Each family draws its clips at random: other seeds are other clips. The maps have what
real ones have: clutter that drifts, a blob that wanders about the source and changes
its size, confidence that is noisy, and false alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.saliency_maps.saliency_map import SILENCE_DB, SaliencyMap
from pano.sphere import grid_unit_vectors, to_angles_deg, unit_vectors

HEIGHT, WIDTH, RATE_HZ = 30, 60, 30.0
CLIP_S = 48.0

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One source: unit vectors (t, 3), and how loud it is in each frame, (t,)."""

    units: FloatArray
    loudness: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class KnownClip:
    """Sources, and the share of the maps that is clutter."""

    family: str
    tracks: tuple[Track, ...]
    clutter: float
    seed: int

    @property
    def time_s(self) -> FloatArray:
        return np.arange(len(self.tracks[0].units)) / RATE_HZ

    @property
    def n(self) -> int:
        return len(self.tracks[0].units)

    @property
    def loudest_deg(self) -> FloatArray:
        """Azimuth and elevation of the loudest source, shape (t, 2)."""
        loudest = np.argmax([track.loudness for track in self.tracks], axis=0)
        units = np.stack([track.units for track in self.tracks])
        return np.stack(to_angles_deg(units[loudest, np.arange(self.n)]), axis=1)

    @property
    def is_sounding(self) -> NDArray[np.bool_]:
        return np.any([track.loudness > 0.0 for track in self.tracks], axis=0)


Family = Callable[[np.random.Generator], tuple[tuple[Track, ...], float]]


def _clock() -> FloatArray:
    return np.arange(round(CLIP_S * RATE_HZ)) / RATE_HZ


def _at(yaw_deg: FloatArray | float, pitch_deg: FloatArray | float) -> FloatArray:
    t = _clock()
    return unit_vectors(np.zeros_like(t) + yaw_deg, np.zeros_like(t) + pitch_deg)


def _alone(units: FloatArray) -> tuple[Track, ...]:
    return (Track(units, np.ones(len(units))),)


def _turns(rng: np.random.Generator, shortest_s: float, longest_s: float) -> FloatArray:
    """Say whose turn it is, frame by frame: 0, 1, 2 …"""
    ends_s = np.cumsum(rng.uniform(shortest_s, longest_s, 99))
    return np.searchsorted(ends_s, _clock(), side="right").astype(float)


def _sign(rng: np.random.Generator) -> float:
    return float(rng.choice([-1.0, 1.0]))


def seam(rng):
    speed = _sign(rng) * rng.uniform(4.0, 11.0)
    yaw = 180.0 - speed * rng.uniform(5.0, 20.0) + speed * _clock()
    return _alone(_at(yaw, 12.0 * np.sin(_clock() / 6.0))), 0.6


def runner(rng):
    speed = _sign(rng) * rng.uniform(14.0, 24.0)
    pitch = rng.uniform(-25, 25)
    return _alone(_at(rng.uniform(-180, 180) + speed * _clock(), pitch)), 0.6


def pole(rng):
    along = rng.uniform(3.5, 5.5) * _clock() - rng.uniform(10, 40)
    over = along > 90.0
    side, up = rng.uniform(-180, 180), _sign(rng)
    yaw = np.where(over, side + 180.0, side)
    return _alone(_at(yaw, up * np.where(over, 180.0 - along, along))), 0.6


def opposite(rng):
    turn = _turns(rng, 5.0, 9.0) % 2
    yaw = rng.uniform(-180, 180)
    units = _at(yaw, rng.uniform(-15, 15)), _at(yaw + 180.0, rng.uniform(-15, 15))
    tracks = (Track(units[0], 1.0 - turn), Track(units[1], turn))
    return tracks, 0.6


def debate(rng):
    turn = _turns(rng, 1.5, 4.0) % 2
    yaw, apart = rng.uniform(-180, 180), rng.uniform(25.0, 45.0)
    tracks = (
        Track(_at(yaw, 0.0), 1.0 - turn),
        Track(_at(yaw + apart, rng.uniform(-8, 8)), turn),
    )
    return tracks, 0.6


def pauses(rng):
    turn = _turns(rng, 6.0, 10.0)
    yaw = rng.uniform(-180, 180, 99)[turn.astype(int) // 2]
    pitch = rng.uniform(-30, 30, 99)[turn.astype(int) // 2]
    return (Track(_at(yaw, pitch), 1.0 - turn % 2),), 0.6


def both(rng):
    """Two at once; the fainter one is 60° to 150° aside, and both drift."""
    yaw, drift = rng.uniform(-180, 180), _sign(rng) * rng.uniform(1.0, 4.0)
    aside = _sign(rng) * rng.uniform(60.0, 150.0)
    ones = np.ones(len(_clock()))
    tracks = (
        Track(_at(yaw + drift * _clock(), 5.0), ones),
        Track(_at(yaw + aside - drift * _clock(), -5.0), 0.6 * ones),
    )
    return tracks, 0.6


def noisy(rng):
    tracks, _ = wanderer(rng)
    return tracks, 0.88


def wanderer(rng):
    t = _clock()
    yaw = rng.uniform(-180, 180) + sum(
        rng.uniform(15, 45) * np.sin(t * rng.uniform(0.1, 0.4) + rng.uniform(0, 6))
        for _ in range(3)
    )
    pitch = rng.uniform(10, 30) * np.sin(t * rng.uniform(0.1, 0.3) + rng.uniform(0, 6))
    return _alone(_at(yaw, pitch)), 0.6


def round_table(rng):
    """Four around the viewer speak one after another, for six to eleven seconds."""
    turn = _turns(rng, 6.0, 11.0).astype(int)
    seats = np.arange(4) * 90.0 + rng.uniform(-25, 25, 4) + rng.uniform(-180, 180)
    order = np.cumsum(rng.integers(1, 4, 99)) % 4
    tracks = tuple(
        Track(_at(seats[k], rng.uniform(-10, 10)), (order[turn] == k).astype(float))
        for k in range(4)
    )
    return tracks, 0.6


def passing(rng):
    """A car: far, slowly; near, fast; far again. It is heard while it is near."""
    t = _clock() - CLIP_S / 2.0
    angle = np.degrees(np.arctan2(t * rng.uniform(2.0, 4.0), rng.uniform(10, 16)))
    yaw = rng.uniform(-180, 180) + _sign(rng) * angle
    heard = (np.abs(t) < rng.uniform(14, 20)).astype(float)
    return (Track(_at(yaw, -5.0), heard),), 0.6


FAMILIES: tuple[Family, ...] = (
    *(seam, runner, pole, opposite, debate, pauses),
    *(both, noisy, wanderer, round_table, passing),
)


def known_clips(seed: int, n_each: int) -> Iterator[KnownClip]:
    """Draw clips of every family."""
    for number, family in enumerate(FAMILIES):
        for variant in range(n_each):
            clip_seed = 1000 * seed + 100 * variant + number
            tracks, clutter = family(np.random.default_rng(clip_seed))
            yield KnownClip(family.__name__, tracks, clutter, clip_seed)


def maps_of(clip: KnownClip) -> Iterator[SaliencyMap]:
    """Draw what a localizer would say about a clip."""
    rng = np.random.default_rng(clip.seed + 1)
    units = grid_unit_vectors(HEIGHT, WIDTH)
    ground = rng.normal(size=(HEIGHT, WIDTH))
    off = rng.normal(size=(len(clip.tracks), 3))
    spread_deg, alarm_until, alarm = 11.0, -1, units[0, 0]
    for k, time_s in enumerate(clip.time_s):
        ground = 0.97 * ground + 0.24 * rng.normal(size=ground.shape)
        off = 0.95 * off + 0.31 * rng.normal(size=off.shape)
        spread_deg = float(np.clip(spread_deg + rng.normal(0.0, 0.2), 8.0, 16.0))
        if rng.random() < 0.15 / RATE_HZ:
            alarm_until = k + int(rng.uniform(0.2, 1.0) * RATE_HZ)
            alarm = rng.normal(size=3)
        clutter = np.exp(0.8 * ground)
        attention = clip.clutter * clutter / clutter.sum()
        for track, wandering in zip(clip.tracks, off, strict=True):
            where = track.units[k] + np.radians(3.0) * wandering
            strength = (1.0 - clip.clutter) * track.loudness[k]
            attention = attention + strength * _blob(units, where, spread_deg)
        if k < alarm_until:
            attention = attention + (1.0 - clip.clutter) * _blob(units, alarm, 8.0)
        sounds = bool(clip.is_sounding[k])
        confidence = rng.normal(0.7 if sounds else 0.2, 0.12)
        yield SaliencyMap.from_attention(
            attention,
            np.zeros(attention.shape),
            time_s=float(time_s),
            confidence=float(np.clip(confidence, 0.0, 1.0)),
            level_db=float(rng.normal(-25.0, 3.0)) if sounds else SILENCE_DB + 40.0,
        )


def _blob(units: FloatArray, where: FloatArray, spread_deg: float) -> FloatArray:
    cosine = units @ (where / np.linalg.norm(where))
    blob = np.exp((cosine - 1.0) / np.radians(spread_deg) ** 2)
    return np.asarray(blob / blob.sum())
