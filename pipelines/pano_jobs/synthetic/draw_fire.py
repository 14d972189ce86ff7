"""Draws the sprite of a camp fire: flames of noise on logs in a ring of stones."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from pano_jobs.synthetic.canvas import (
    INDIVIDUALS_KEPT,
    Canvas,
    Linear,
    Point,
    Radial,
    Rgb,
    Sprite,
    composite,
    individual_rng,
    pick_color,
    scale_color,
)

_FIRE_PX = 256
_NOISE_PX = 128


@functools.lru_cache(maxsize=INDIVIDUALS_KEPT)
def _fire_parts(
    seed: int,
) -> tuple[Sprite, Sprite, NDArray[np.float32], tuple[float, ...]]:
    """Return back logs, front logs, periodic noise and (height, width, speed)."""
    rng = individual_rng("fire", seed)
    wood = pick_color(rng, ((118, 76, 44), (96, 60, 36), (134, 92, 58)))
    back, front = Canvas(_FIRE_PX, _FIRE_PX), Canvas(_FIRE_PX, _FIRE_PX)
    back.ellipse(
        (128, 226), (112, 24), Radial((128, 226), 112, ((46, 36, 32), (86, 76, 66)))
    )
    for i in range(int(rng.integers(11, 15))):
        angle = np.pi * (1.0 + i / 13.0) + rng.uniform(-0.05, 0.05)
        _stone(back, (128 + 108 * np.cos(angle), 224 + 20 * np.sin(angle)), rng)
    for lean in (-34.0, 28.0, 8.0):
        _log(back, (128 + rng.uniform(-8, 8), 200), lean + rng.uniform(-8, 8), wood)
    for lean in (17.0, -15.0):
        _log(front, (128 + rng.uniform(-10, 10), 224), lean + rng.uniform(-5, 5), wood)
    for i in range(10):
        angle = np.pi * (i + 0.5) / 10.0 + rng.uniform(-0.05, 0.05)
        _stone(front, (128 + 110 * np.cos(angle), 228 + 17 * np.sin(angle)), rng)
    front.glow((128, 214), 60, (255, 140, 40), 0.55)
    noise = np.zeros((_NOISE_PX, _NOISE_PX), np.float32)
    for cells, weight in ((4, 1.0), (8, 0.6), (16, 0.35)):
        coarse = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
        tiled = np.tile(coarse, (3, 3))
        fine = cv2.resize(tiled, (3 * _NOISE_PX,) * 2, interpolation=cv2.INTER_CUBIC)
        noise += weight * fine[_NOISE_PX : 2 * _NOISE_PX, _NOISE_PX : 2 * _NOISE_PX]
    shape = (rng.uniform(0.72, 0.95), rng.uniform(0.30, 0.42), rng.uniform(0.9, 1.4))
    return back.rgba(), front.rgba(), noise, shape


def _stone(canvas: Canvas, center: Point, rng: np.random.Generator) -> None:
    radius = rng.uniform(11, 16)
    gray = rng.uniform(95, 150)
    light = (center[0] - radius * 0.4, center[1] - radius * 0.5)
    colors = ((gray + 55,) * 3, (gray, gray, gray - 6), (gray * 0.5,) * 3)
    canvas.ellipse(
        center,
        (radius, radius * 0.75),
        Radial(light, radius * 1.7, colors),
        outline_px=1.5,
    )


def _log(canvas: Canvas, center: Point, lean_deg: float, wood: Rgb) -> None:
    along = np.array([np.cos(np.radians(lean_deg)), np.sin(np.radians(lean_deg))])
    across = np.array([-along[1], along[0]])
    middle, half, thick = np.array(center), 78.0, 12.0
    ends = middle - along * half, middle + along * half
    corners = [ends[0] - across * thick, ends[1] - across * thick]
    corners += [ends[1] + across * thick, ends[0] + across * thick]
    paint = Linear(
        tuple(middle - across * thick),
        tuple(middle + across * thick),
        (scale_color(wood, 1.35), wood, scale_color(wood, 0.4)),
    )
    canvas.polygon(corners, paint, outline_px=2.0)
    for offset in (-5.0, 1.0, 6.0):
        canvas.line(
            [ends[0] + across * offset, ends[1] + across * offset],
            1.0,
            scale_color(wood, 0.5),
        )
    for end in ends:
        face = Radial(
            tuple(end), thick, ((214, 176, 124), (190, 150, 98), scale_color(wood, 0.8))
        )
        canvas.ellipse(
            tuple(end), (7.0, thick), face, turn_deg=lean_deg, outline_px=1.5
        )


_FLAME_STOPS = (0.0, 0.10, 0.26, 0.45, 0.65, 0.85, 1.0)
_FLAME_RGBA = np.array(
    [
        (150, 20, 5, 0),
        (205, 40, 8, 190),
        (240, 84, 14, 245),
        (255, 138, 26, 255),
        (255, 196, 58, 255),
        (255, 236, 140, 255),
        (255, 252, 224, 255),
    ],
    np.float64,
)


def _flame(
    noise: NDArray[np.float32], shape: tuple[float, ...], time_s: float
) -> Sprite:
    """Draw flames: a pointed body of heat, eaten from above by rising noise."""
    tall, wide, speed = shape
    n = _NOISE_PX
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    rise = time_s * speed * n
    low = cv2.remap(
        noise, x, (y * 0.8 + rise) % n, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
    )
    high = cv2.remap(
        noise,
        (x * 1.6 + 31.0) % n,
        (y * 1.3 + 1.7 * rise) % n,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    up = (0.90 - (y + 0.5) / n) / tall  # 0 on the logs, 1 at the tip
    side = (x + 0.5) / n - 0.5 + (0.05 * low + 0.02 * high) * np.clip(up, 0, 1)
    body = (
        wide * np.sqrt(np.clip(1.0 - up, 0, 1)) * (0.55 + 0.6 * np.clip(up * 4, 0, 1))
    )
    body *= 1.0 - 0.45 * np.clip(up, 0, 1)
    across = np.clip(1.0 - np.abs(side) / np.maximum(body, 1e-3), 0, 1)
    # Noise only where there is body, or it would draw the outline of the whole fire.
    noise_share = np.clip(up * 2, 0, 1) * np.clip(across * 4, 0, 1)
    heat = across * (1.25 - 0.95 * up) + noise_share * (0.30 * low + 0.16 * high)
    heat *= (across > 0) & (up > -0.06)
    heat *= np.clip((up + 0.06) / 0.06, 0, 1) * np.clip(y / 12, 0, 1)
    heat = cv2.resize(
        heat.astype(np.float32), (_FIRE_PX,) * 2, interpolation=cv2.INTER_CUBIC
    )
    steps = np.linspace(0.0, 1.0, 256)
    lut = [
        np.interp(steps, _FLAME_STOPS, _FLAME_RGBA[:, channel]) for channel in range(4)
    ]
    table = np.stack(lut, axis=1).astype(np.uint8)
    return np.asarray(table[np.clip(heat * 255, 0, 255).astype(np.uint8)])


def draw_fire(seed: int, time_s: float) -> Sprite:
    """Draw a camp fire: flames of rising noise on logs in a ring of stones."""
    back, front, noise, shape = _fire_parts(seed)
    lit = composite(back, _flame(noise, shape, time_s))
    lit = composite(lit, front)
    for i in range(6):
        age = (time_s * 0.6 + i / 6.0 + 0.37 * seed) % 1.0
        place = (
            int(128 + 46 * np.sin(i * 2.4 + 3.0 * age) * (0.3 + age)),
            int(150 - 145 * age),
        )
        cv2.circle(lit, place, 2, (255, 190, 80, int(255 * (1 - age))), -1, cv2.LINE_AA)
    return lit
