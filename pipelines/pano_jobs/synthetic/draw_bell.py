"""Draws the sprite of a bell: cast metal that swings under a small roof."""

from __future__ import annotations

import functools

import numpy as np

from pano_jobs.synthetic.canvas import (
    INDIVIDUALS_KEPT,
    Canvas,
    Linear,
    Radial,
    Rgb,
    Sprite,
    composite,
    individual_rng,
    pick_color,
    rotate,
    scale_color,
)

_BELL_PX = (240, 272)


@functools.lru_cache(maxsize=INDIVIDUALS_KEPT)
def _bell_parts(seed: int) -> tuple[Sprite, Sprite, Sprite, tuple[float, float, float]]:
    """Return frame, bell, clapper and (swing in degrees, period in s, pivot y)."""
    rng = individual_rng("bell", seed)
    metal = pick_color(
        rng, ((214, 164, 62), (188, 128, 62), (168, 172, 178), (150, 150, 96))
    )
    wood = pick_color(
        rng, ((128, 84, 48), (150, 106, 66), (104, 70, 48), (150, 46, 40))
    )
    pivot_y = 66.0
    frame = _bell_frame(wood, rng)
    bell = Canvas(*_BELL_PX)
    tall, wide = rng.uniform(104, 122), rng.uniform(56, 68)
    _bell_body(bell, pivot_y, tall, wide, metal)
    clapper = Canvas(*_BELL_PX)
    clapper.line([(120, pivot_y + 20), (120, pivot_y + tall + 18)], 4, (60, 54, 50))
    clapper.ellipse(
        (120, pivot_y + tall + 20),
        (10, 11),
        Radial((117, pivot_y + tall + 16), 16, ((170, 165, 160), (70, 66, 62))),
        outline_px=1.5,
    )
    motion = (rng.uniform(14, 24), rng.uniform(1.1, 1.7), pivot_y)
    return frame, bell.rgba(), clapper.rgba(), motion


def _bell_frame(wood: Rgb, rng: np.random.Generator) -> Sprite:
    frame = Canvas(*_BELL_PX)
    dark = scale_color(wood, 0.55)
    for x in (26.0, 200.0):
        paint = Linear((x, 0), (x + 16, 0), (scale_color(wood, 1.3), wood, dark))
        frame.polygon(
            [(x, 50), (x + 16, 50), (x + 16, 258), (x, 258)], paint, outline_px=2
        )
        foot = [(x - 14, 268), (x + 30, 268), (x + 20, 252), (x - 4, 252)]
        frame.polygon(foot, Linear((0, 252), (0, 268), (wood, dark)), outline_px=2)
    brace = scale_color(wood, 0.85)
    frame.polygon([(42, 62), (42, 78), (66, 58), (52, 58)], brace, outline_px=1.5)
    frame.polygon([(200, 62), (200, 78), (176, 58), (190, 58)], brace, outline_px=1.5)
    beam = Linear((0, 44), (0, 62), (scale_color(wood, 1.35), wood, dark))
    frame.rounded_box((14, 44, 228, 62), 3, beam, outline_px=2)
    roof = pick_color(rng, ((160, 60, 46), (90, 96, 112), (112, 78, 52), (66, 110, 84)))
    slope = Linear(
        (0, 6), (0, 46), (scale_color(roof, 1.25), roof, scale_color(roof, 0.6))
    )
    frame.polygon(
        [(2, 46), (120, 4), (238, 46), (224, 48), (120, 14), (16, 48)],
        slope,
        outline_px=2,
    )
    frame.polygon(
        [(30, 44), (120, 13), (210, 44)], scale_color(wood, 0.75), outline_px=1.5
    )
    return frame.rgba()


def _bell_body(
    canvas: Canvas, top: float, tall: float, wide: float, metal: Rgb
) -> None:
    down = np.linspace(0.0, 1.0, 24)
    # The classic profile: round shoulders, a waist, and a lip that flares.
    radius = wide * (
        0.46 * np.sqrt(np.clip(down * 6, 0, 1)) + 0.10 * down + 0.44 * down**4
    )
    y = top + 8 + down * tall
    right = np.stack([120 + radius, y], axis=1)
    left = np.stack([120 - radius, y], axis=1)[::-1]
    shine = tuple(
        scale_color(metal, f) for f in (0.45, 0.8, 1.15, 1.65, 1.1, 0.85, 0.6, 0.35)
    )
    across = Linear((120 - wide, 0), (120 + wide, 0), shine)
    canvas.rounded_box(
        (112, top - 8, 128, top + 14), 6, scale_color(metal, 0.7), outline_px=2
    )
    canvas.ellipse(
        (120, y[-1]), (radius[-1], 11), scale_color(metal, 0.28), outline_px=2
    )
    canvas.polygon(np.concatenate([right, left]), across, outline_px=2)
    for share in (0.22, 0.72, 0.78, 0.93):
        half = float(np.interp(share, down, radius)) - 1.5
        level = top + 8 + share * tall
        sag = np.linspace(-1, 1, 17)
        ring = np.stack([120 + half * sag, level + 5 * (1 - sag**2)], axis=1)
        canvas.line(ring, 1.6, scale_color(metal, 0.5))
        canvas.line(ring - [0, 2], 1.0, scale_color(metal, 1.5), alpha=0.6)


def draw_bell(seed: int, time_s: float) -> Sprite:
    """Draw a bell that swings under a small roof."""
    frame, bell, clapper, (swing_deg, period_s, pivot_y) = _bell_parts(seed)
    phase = 2.0 * np.pi * time_s / period_s
    pivot = (120.0, pivot_y)
    inside = rotate(clapper, pivot, swing_deg * float(np.sin(phase - 0.35)))
    body = rotate(bell, pivot, swing_deg * float(np.sin(phase)))
    return composite(composite(inside, body), frame)
