"""Draws equirectangular landscapes: sky, hills, a meadow, a lake and a road all around.

Everything is a function of direction, never of columns: hills are sums of whole
waves in yaw, clouds and grass lie on planes above and below the viewer. So the seam
cannot be seen and the poles are clean, whatever the seed.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.draw.billboard import paint_billboard
from pano.sphere import Direction, pixel_to_angles_deg, unit_vectors
from pano_jobs.synthetic.canvas import (
    Rgb,
    individual_rng,
    mix_colors,
    pick_color,
    scale_color,
)
from pano_jobs.synthetic.scenery import house, tree

Plane = NDArray[np.float32]

EYE_HEIGHT_M = 1.6
ROAD_RADIUS_M = 9.0
_ROAD_HALF_WIDTH_M = 2.0
_TILE_PX = 512


@dataclass(frozen=True, slots=True)
class _Mood:
    """The light of one hour: sky from zenith to horizon, clouds, sun, ground."""

    zenith: Rgb
    horizon: Rgb
    cloud: Rgb
    sun: Rgb
    ground_light: float


_MOODS = (
    _Mood((58, 118, 196), (198, 222, 238), (255, 255, 255), (255, 250, 226), 1.0),
    _Mood((88, 140, 204), (222, 228, 226), (250, 248, 246), (255, 246, 214), 0.95),
    _Mood((74, 92, 152), (246, 190, 140), (250, 206, 176), (255, 226, 160), 0.78),
    _Mood((132, 150, 168), (206, 212, 216), (232, 234, 236), (240, 240, 232), 0.82),
)


def panorama(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    """Draw an equirectangular landscape, shape (height, width, 3)."""
    rng = individual_rng("landscape", seed)
    mood = _MOODS[int(rng.integers(len(_MOODS)))]
    yaw_deg, _ = pixel_to_angles_deg(np.arange(width), 0, width, height)
    _, pitch_deg = pixel_to_angles_deg(0, np.arange(height), width, height)
    picture = np.empty((height, width, 3), np.float32)
    noise = _noise_tile(seed)
    above = pitch_deg > -2.0
    picture[above] = _sky(rng, mood, noise, yaw_deg, pitch_deg[above])
    below = ~above
    picture[below] = _ground(rng, mood, noise, yaw_deg, pitch_deg[below])
    _hills(rng, mood, picture, yaw_deg, pitch_deg)
    finished = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    _things(rng, mood, finished)
    return finished


@functools.lru_cache(maxsize=8)
def _noise_tile(seed: int) -> Plane:
    """Return fractal noise in about [-1, 1] that repeats in both axes."""
    rng = individual_rng("noise", seed)
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(_TILE_PX)] * 2)) * _TILE_PX
    spectrum = np.fft.fft2(rng.standard_normal((_TILE_PX, _TILE_PX)))
    spectrum *= np.where(frequency > 2, 1.0 / np.maximum(frequency, 1.0) ** 1.35, 0.0)
    noise = np.fft.ifft2(spectrum).real
    tile = np.asarray(noise / (2.0 * noise.std()), np.float32)
    tile.setflags(write=False)
    return tile


def _sampled(noise: Plane, x: NDArray[np.float64], y: NDArray[np.float64]) -> Plane:
    map_x = np.asarray(x % _TILE_PX, np.float32)
    map_y = np.asarray(y % _TILE_PX, np.float32)
    wrapped = cv2.remap(
        noise, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    return np.asarray(wrapped, np.float32)


def _waves(
    rng: np.random.Generator, yaw_deg: NDArray[np.float64], first: int, last: int
) -> NDArray[np.float64]:
    """Return a curve of about unit spread over yaw, made of whole waves."""
    yaw_rad = np.radians(yaw_deg)
    curve = np.zeros_like(yaw_rad)
    for wave in range(first, last + 1):
        curve += np.sin(wave * yaw_rad + rng.uniform(0, 2 * np.pi)) / wave**0.9
    power = sum(0.5 / wave**1.8 for wave in range(first, last + 1))
    return np.asarray(curve / np.sqrt(power))


def _sky(
    rng: np.random.Generator,
    mood: _Mood,
    noise: Plane,
    yaw_deg: NDArray[np.float64],
    pitch_deg: NDArray[np.float64],
) -> Plane:
    share = np.clip(pitch_deg / 90.0, 0.0, 1.0)[:, None, None] ** 0.55
    sky = np.asarray(mood.horizon) * (1 - share) + np.asarray(mood.zenith) * share
    sky = np.broadcast_to(sky, (len(pitch_deg), len(yaw_deg), 3)).astype(np.float32)
    sun = Direction(rng.uniform(-180, 180), rng.uniform(18, 50)).unit()
    units = unit_vectors(yaw_deg[None, :], pitch_deg[:, None])
    away_deg = np.degrees(np.arccos(np.clip(units @ sun, -1, 1)))[..., None]
    halo = 0.55 * np.exp(-away_deg / 14.0) + 0.3 * np.exp(-((away_deg / 5.0) ** 2))
    disc = np.clip((1.6 - away_deg) / 0.3, 0, 1)
    sky += (np.asarray(mood.sun) - sky) * np.maximum(halo, disc)
    # Clouds hang on a plane overhead, so they grow small towards the horizon.
    reach = np.cos(np.radians(pitch_deg)) / (np.sin(np.radians(pitch_deg)) + 0.18)
    x = reach[:, None] * np.sin(np.radians(yaw_deg)) * 60.0
    y = reach[:, None] * np.cos(np.radians(yaw_deg)) * 60.0
    thick = _sampled(noise, x, y) + 0.25 * _sampled(noise, 4.1 * x, 4.1 * y)
    cover = np.clip((thick - rng.uniform(-0.1, 0.35)) / 0.5, 0, 1)[..., None] ** 1.2
    cover *= np.clip((pitch_deg - 1.0) / 8.0, 0, 1)[:, None, None] * 0.92
    lit = 0.86 + 0.14 * np.clip(1.2 - thick, 0, 1)[..., None]
    return np.asarray(sky + (np.asarray(mood.cloud) * lit - sky) * cover, np.float32)


def _ground(
    rng: np.random.Generator,
    mood: _Mood,
    noise: Plane,
    yaw_deg: NDArray[np.float64],
    pitch_deg: NDArray[np.float64],
) -> Plane:
    away_m = EYE_HEIGHT_M / np.tan(np.radians(-pitch_deg))[:, None]
    x = away_m * np.sin(np.radians(yaw_deg))
    z = away_m * np.cos(np.radians(yaw_deg))
    grass = pick_color(
        rng, ((104, 146, 62), (128, 152, 70), (92, 132, 66), (150, 148, 84))
    )
    # Detail finer than a pixel would only shimmer: it fades with distance.
    fine = _sampled(noise, 90.0 * x, 90.0 * z) * np.clip(3.0 / away_m, 0, 1)
    middle = _sampled(noise, 13.0 * x, 13.0 * z) * np.clip(14.0 / away_m, 0, 1)
    broad = _sampled(noise, 1.7 * x, 1.7 * z) * np.clip(90.0 / away_m, 0, 1)
    tone = 1.0 + 0.16 * fine + 0.14 * middle + 0.12 * broad
    ground = np.asarray(grass) * tone[..., None]
    ground[..., 0] += 14.0 * broad
    _lake(rng, mood, ground, x, z)
    _road(ground, away_m, yaw_deg, np.asarray(middle + fine, np.float64))
    haze = np.clip(np.log(np.maximum(away_m, 12.0) / 12.0) / 6.0, 0, 0.7)[..., None]
    ground = ground * mood.ground_light * (1 - haze) + np.asarray(mood.horizon) * haze
    return np.asarray(ground, np.float32)


def _lake(
    rng: np.random.Generator,
    mood: _Mood,
    ground: NDArray[np.float64],
    x: NDArray[np.float64],
    z: NDArray[np.float64],
) -> None:
    yaw_rad, away_m = rng.uniform(-np.pi, np.pi), rng.uniform(30, 42)
    long_m, deep_m = rng.uniform(16, 26), rng.uniform(9, 14)
    along = x * np.sin(yaw_rad) + z * np.cos(yaw_rad) - away_m
    side = x * np.cos(yaw_rad) - z * np.sin(yaw_rad)
    angle = np.arctan2(along, side)
    shore = 1.0 + 0.09 * np.sin(3 * angle + 1.0) + 0.05 * np.sin(5 * angle)
    depth = shore - np.hypot(side / long_m, along / deep_m)
    sand = np.clip((depth + 0.10) / 0.05, 0, 1)[..., None]
    ground += (np.array([186, 172, 130]) - ground) * sand
    ripple = 8.0 * np.sin(along * 5.0 + 2.0 * np.sin(side * 0.8))[..., None]
    water = np.asarray(mix_colors(mood.zenith, mood.horizon, 0.35)) * 0.86
    wet = np.clip(depth / 0.04, 0, 1)[..., None]
    ground += (water + ripple - ground) * wet


def _road(
    ground: NDArray[np.float64],
    away_m: NDArray[np.float64],
    yaw_deg: NDArray[np.float64],
    grain: NDArray[np.float64],
) -> None:
    """Lay a ring road about the viewer: vehicles pass at a constant distance."""
    off_m = np.abs(away_m - ROAD_RADIUS_M)
    shoulder = np.clip((_ROAD_HALF_WIDTH_M + 0.35 - off_m) / 0.15, 0, 1)[..., None]
    ground += (np.array([164, 152, 128]) - ground) * shoulder
    asphalt = np.clip((_ROAD_HALF_WIDTH_M - off_m) / 0.06, 0, 1)[..., None]
    ground += ((np.array([92, 92, 96]) + 9.0 * grain[..., None]) - ground) * asphalt
    edge = np.clip((0.07 - np.abs(off_m - _ROAD_HALF_WIDTH_M + 0.25)) / 0.04, 0, 1)
    dash = np.clip(6.0 * np.sin(np.radians(yaw_deg) * 24.0) + 0.5, 0, 1)[None, :]
    middle = np.clip((0.08 - off_m) / 0.04, 0, 1) * dash
    paint = np.maximum(edge, middle)[..., None] * 0.85
    ground += (np.array([236, 234, 224]) - ground) * paint


def _hills(
    rng: np.random.Generator,
    mood: _Mood,
    picture: Plane,
    yaw_deg: NDArray[np.float64],
    pitch_deg: NDArray[np.float64],
) -> None:
    """Raise three ridges on the horizon, the far ones bluer and smoother."""
    pixel_deg = abs(pitch_deg[1] - pitch_deg[0])
    colors: tuple[Rgb, ...] = ((110, 126, 150), (92, 122, 104), (84, 118, 66))
    for number, (color, base_deg, spread_deg) in enumerate(
        zip(colors, (6.5, 3.6, 1.4), (2.4, 1.3, 0.5), strict=True)
    ):
        top_deg = base_deg + spread_deg * _waves(rng, yaw_deg, 2 + 2 * number, 14)
        top_deg += (0.10, 0.10, 0.14)[number] * _waves(rng, yaw_deg, 20, 90)
        shade = _waves(rng, yaw_deg, 3, 40)[None, :, None]
        cover = np.clip((top_deg[None, :] - pitch_deg[:, None]) / pixel_deg + 0.5, 0, 1)
        cover *= (pitch_deg > -2.0)[:, None]
        depth = np.clip((top_deg[None, :] - pitch_deg[:, None]) / 8.0, 0, 1)[..., None]
        air = mix_colors(
            scale_color(color, mood.ground_light), mood.horizon, 0.5 - 0.2 * number
        )
        ridge = np.asarray(air) * (1.02 + 0.03 * shade - 0.12 * depth)
        picture += ((ridge - picture) * cover[..., None]).astype(np.float32)


def _things(rng: np.random.Generator, mood: _Mood, picture: NDArray[np.uint8]) -> None:
    """Plant trees and houses beyond the road, the far ones first."""
    n_trees = int(rng.integers(16, 34))
    away_m = np.sort(np.exp(rng.uniform(np.log(16), np.log(75), n_trees)))[::-1]
    for number, distance_m in enumerate(away_m):
        is_house = number % 9 == 4
        haze_share = float(np.clip(np.log(distance_m / 12.0) / 4.0, 0, 0.6))
        draw = house if is_house else tree
        sprite = draw(rng, haze=mood.horizon, haze_share=haze_share)
        sprite[..., :3] = (sprite[..., :3] * mood.ground_light).astype(np.uint8)
        width_m = rng.uniform(7.5, 9.5) if is_house else rng.uniform(3.6, 6.5)
        tall_m = width_m * sprite.shape[0] / sprite.shape[1]
        foot_deg = -np.degrees(np.arctan(EYE_HEIGHT_M / distance_m))
        head_deg = np.degrees(np.arctan((tall_m - EYE_HEIGHT_M) / distance_m))
        width_deg = 2 * float(np.degrees(np.arctan(width_m / 2 / distance_m)))
        center = Direction(rng.uniform(-180, 180), (foot_deg + head_deg) / 2)
        paint_billboard(picture, sprite, center=center, width_deg=width_deg)
