"""A synthetic 360° scene with sound sources of known directions and times.

All things are in the picture all the time and move all the time, so only the sound
tells where to look. The direction of everything that sounds is known exactly.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.harmonics import spherical_harmonics
from pano.draw.billboard import paint_billboard
from pano.media.frames import ANALYSIS_WIDTH_PX
from pano.sphere import Direction
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from pano_jobs.synthetic.synthesis import sound

Interval = tuple[float, float]

_KNOT_S = 0.01  # how often a moving source is placed anew


@dataclass(frozen=True, slots=True)
class DrawnSource:
    """A source of the scene: its kind, place, size and sounding times.

    Parameters
    ----------
    kind, seed
        Which individual it is, to the eye and to the ear.
    start
        Where its middle is at time 0.
    width_deg
        Angle its picture subtends.
    sounding
        Times (start_s, end_s) at which it is heard.
    yaw_speed_deg_per_s
        How fast it goes round, positive to the right. The pitch stays.
    """

    kind: SourceKind
    seed: int
    start: Direction
    width_deg: float
    sounding: tuple[Interval, ...] = ()
    yaw_speed_deg_per_s: float = 0.0

    def __post_init__(self) -> None:
        for start_s, end_s in self.sounding:
            if not 0.0 <= start_s < end_s:
                raise ValueError(f"not an interval of time: {(start_s, end_s)}")

    def direction(self, time_s: float) -> Direction:
        """Return the direction of its centre."""
        yaw_deg = self.start.yaw_deg + self.yaw_speed_deg_per_s * time_s
        return Direction(yaw_deg, self.start.pitch_deg)

    def is_sounding(self, time_s: float) -> bool:
        """Tell whether it is heard."""
        return any(start_s <= time_s < end_s for start_s, end_s in self.sounding)


@dataclass(frozen=True, slots=True)
class DrawnWorld:
    """A synthetic scene: a landscape with sources, for some seconds.

    Parameters
    ----------
    seed
        Of the landscape.
    sources
        Painted in this order: far things first.
    """

    seed: int
    duration_s: float
    sources: tuple[DrawnSource, ...]

    def __post_init__(self) -> None:
        if not self.duration_s > 0.0:
            raise ValueError(f"duration_s must be positive, got {self.duration_s}")

    def frame(
        self, time_s: float, *, width_px: int = ANALYSIS_WIDTH_PX
    ) -> NDArray[np.uint8]:
        """Draw the world at one moment, equirectangular (width_px/2, width_px, 3)."""
        picture = _background(self.seed, width_px).copy()
        for source in self.sources:
            paint_billboard(
                picture,
                sprite(source.kind, source.seed, time_s),
                center=source.direction(time_s),
                width_deg=source.width_deg,
            )
        return picture

    def sound(self, *, sample_rate_hz: int = 22_050) -> NDArray[np.float32]:
        """Synthesise all that is heard, one channel from time 0 to the end."""
        track = np.zeros(round(self.duration_s * sample_rate_hz), np.float32)
        for _, first, piece in self._pieces(sample_rate_hz):
            track[first : first + len(piece)] += piece
        return np.clip(track, -1.0, 1.0)

    def sound_field(self, *, sample_rate_hz: int = 48_000) -> NDArray[np.float32]:
        """Synthesise the same from where it comes: an ambiX field of first order.

        Returns
        -------
        NDArray[np.float32]
            Shape (4, n), from time 0 to the end; nothing echoes.
        """
        n_samples = round(self.duration_s * sample_rate_hz)
        field = np.zeros((4, n_samples), np.float32)
        for source, first, piece in self._pieces(sample_rate_hz):
            time_s = (first + np.arange(len(piece))) / sample_rate_hz
            knots_s = np.arange(time_s[0], time_s[-1] + _KNOT_S, _KNOT_S)
            units = np.stack([source.direction(t).unit() for t in knots_s.tolist()])
            gains = spherical_harmonics(units, 1)
            for channel in range(4):
                gain = np.interp(time_s, knots_s, gains[:, channel])
                field[channel, first : first + len(piece)] += gain * piece
        return field

    def _pieces(
        self, sample_rate_hz: int
    ) -> Iterator[tuple[DrawnSource, int, NDArray[np.float32]]]:
        """Yield each stretch of sound with its source and its first sample."""
        n_samples = round(self.duration_s * sample_rate_hz)
        for source in self.sources:
            for number, (start_s, end_s) in enumerate(source.sounding):
                first = round(start_s * sample_rate_hz)
                last = min(round(end_s * sample_rate_hz), n_samples)
                if first >= last:
                    continue
                piece = sound(
                    source.kind,
                    source.seed + 1000 * number,
                    (last - first) / sample_rate_hz,
                    sample_rate_hz,
                )
                yield source, first, piece[: last - first]

    def truth(self, time_s: float) -> tuple[Direction, ...]:
        """Return the directions of everything heard at one moment."""
        return tuple(
            source.direction(time_s)
            for source in self.sources
            if source.is_sounding(time_s)
        )


@functools.lru_cache(maxsize=2)
def _background(seed: int, width_px: int) -> NDArray[np.uint8]:
    picture = panorama(seed, width_px, width_px // 2)
    picture.setflags(write=False)
    return picture


def default_world(seed: int = 0, *, duration_s: float = 20.0) -> DrawnWorld:
    """Compose the demo: a fire, then a vehicle that crosses the seam, then a bell.

    The fountain never sounds; it is there to be resisted. All times scale with the
    duration. Other seeds turn the world, choose other individuals and vary places.
    """
    rng = np.random.default_rng([seed, 360])
    unit_s = duration_s / 20.0
    turn_deg = rng.uniform(-15.0, 15.0)
    individuals = rng.integers(0, 1_000_000, 4)
    sounding: tuple[Interval, ...] = ((7.0 * unit_s, 14.0 * unit_s),)
    # The vehicle is at the seam in the middle of its siren.
    speed_deg_per_s = float(rng.uniform(7.0, 9.0)) / unit_s
    siren = DrawnSource(
        SourceKind.SIREN,
        int(individuals[0]),
        Direction(180.0 - speed_deg_per_s * 10.5 * unit_s, -4.2),
        24.0,
        sounding,
        speed_deg_per_s,
    )
    fire = _standing(SourceKind.FIRE, int(individuals[1]), 42.0 + turn_deg, -8.0, 22.0)
    bell = _standing(SourceKind.BELL, int(individuals[2]), -62.0 + turn_deg, -5.0, 20.0)
    fountain = _standing(
        SourceKind.FOUNTAIN, int(individuals[3]), -118.0 + turn_deg, -7.0, 24.0
    )
    fire = replace(fire, sounding=((1.0 * unit_s, 6.5 * unit_s),))
    bell = replace(bell, sounding=((14.5 * unit_s, duration_s),))
    return DrawnWorld(seed, duration_s, (siren, fountain, bell, fire))


def _standing(
    kind: SourceKind, seed: int, yaw_deg: float, pitch_deg: float, width_deg: float
) -> DrawnSource:
    return DrawnSource(kind, seed, Direction(yaw_deg, pitch_deg), width_deg)
