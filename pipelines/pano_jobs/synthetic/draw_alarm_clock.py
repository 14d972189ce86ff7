"""Draws the sprite of a twin-bell alarm clock: it trembles and its hammer beats."""

from __future__ import annotations

import functools

import numpy as np

from pano_jobs.synthetic.canvas import (
    INDIVIDUALS_KEPT,
    Canvas,
    Point,
    Radial,
    Rgb,
    Sprite,
    composite,
    individual_rng,
    pick_color,
    rotate,
    scale_color,
)

_SIZE_PX = (232, 264)
_CENTER: Point = (116.0, 152.0)


@functools.lru_cache(maxsize=INDIVIDUALS_KEPT)
def _parts(seed: int) -> tuple[Sprite, Sprite, float]:
    """Return the clock, the hammer and how often it beats, in Hz."""
    rng = individual_rng("alarm_clock", seed)
    case = pick_color(
        rng,
        ((200, 44, 44), (40, 110, 180), (44, 150, 110), (228, 170, 50), (90, 80, 96)),
    )
    metal = pick_color(rng, ((206, 206, 212), (222, 178, 84), (200, 140, 100)))
    clock = Canvas(*_SIZE_PX)
    radius = rng.uniform(76, 86)
    for side in (-1.0, 1.0):
        foot = np.array([[-9, 0], [9, 0], [15, 40], [-1, 40]]) * [side, 1.0]
        place = np.add(_CENTER, (side * radius * 0.62, radius * 0.66))
        clock.polygon(foot + place, scale_color(metal, 0.55), outline_px=2)
        _bell(clock, side, radius, metal)
    handle = np.radians(np.linspace(200, 340, 21))
    arc = np.stack([116 + 36 * np.cos(handle), 62 + 44 * np.sin(handle)], axis=1)
    clock.line(arc, 9.0, (40, 32, 30))
    clock.line(arc, 6.0, scale_color(metal, 0.9))
    light = (_CENTER[0] - radius * 0.4, _CENTER[1] - radius * 0.5)
    shades = (scale_color(case, 1.5), case, scale_color(case, 0.5))
    clock.ellipse(
        _CENTER, (radius, radius), Radial(light, 1.8 * radius, shades), outline_px=2.5
    )
    _face(clock, radius * 0.8, rng, case)
    hammer = Canvas(*_SIZE_PX)
    hammer.line([(116, 84), (116, 46)], 4.0, (60, 56, 54))
    steel = Radial((112, 38), 16, ((230, 230, 230), (90, 90, 92)))
    hammer.rounded_box((105, 34, 127, 50), 5, steel, outline_px=1.5)
    return clock.rgba(), hammer.rgba(), float(rng.uniform(5, 8))


def _bell(canvas: Canvas, side: float, radius: float, metal: Rgb) -> None:
    angle = np.radians(-90.0 + side * 36.0)
    out = np.array([np.cos(angle), np.sin(angle)])
    along = np.array([-out[1], out[0]])
    base = np.array(_CENTER) + out * (radius + 10)
    canvas.line([base - out * 14, base], 6.0, (70, 66, 64))
    arc = np.linspace(0.0, np.pi, 25)
    dome = base + np.outer(np.cos(arc), along) * 37 + np.outer(np.sin(arc), out) * 31
    light = tuple(base + out * 20 - [12, 6])
    shades = (scale_color(metal, 1.5), metal, scale_color(metal, 0.42))
    canvas.polygon(dome, Radial(light, 56, shades), outline_px=2)
    knob = tuple(base + out * 33)
    canvas.ellipse(knob, (5, 5), scale_color(metal, 0.8), outline_px=1.5)


def _face(canvas: Canvas, radius: float, rng: np.random.Generator, case: Rgb) -> None:
    paper = pick_color(rng, ((246, 242, 228), (236, 242, 246), (250, 250, 250)))
    shade = Radial(_CENTER, radius, (paper, paper, scale_color(paper, 0.82)))
    canvas.ellipse(_CENTER, (radius, radius), shade, outline_px=2)
    for hour in range(12):
        angle = np.radians(30 * hour)
        out = np.array([np.sin(angle), -np.cos(angle)])
        tick = np.array([np.array(_CENTER) + out * radius * r for r in (0.78, 0.92)])
        canvas.line(tick, 4.0 if hour % 3 == 0 else 2.0, (50, 46, 46))
    hour_deg, minute_deg = rng.uniform(0, 360, 2)
    for turn_deg, long, width, color in (
        (hour_deg, 0.5, 6.0, (36, 34, 36)),
        (minute_deg, 0.74, 4.0, (36, 34, 36)),
        (hour_deg + 140, 0.62, 1.6, scale_color(case, 0.9)),
    ):
        angle = np.radians(turn_deg)
        out = np.array([np.sin(angle), -np.cos(angle)]) * radius
        start = np.array(_CENTER) - out * 0.12
        canvas.line([start, np.array(_CENTER) + out * long], width, color)
    canvas.ellipse(_CENTER, (6, 6), (50, 46, 46))
    left = _CENTER[0] - radius * 0.75
    glass = [(left, 128), (left + 22, 104), (left + 62, 104), (left + 14, 158)]
    canvas.polygon(glass, (255, 255, 255), alpha=0.22)


def draw_alarm_clock(seed: int, time_s: float) -> Sprite:
    """Draw an alarm clock with two bells and a hammer between them."""
    clock, hammer, beat_hz = _parts(seed)
    beat = float(np.sin(2.0 * np.pi * beat_hz * time_s))
    whole = composite(rotate(hammer, (116.0, 84.0), 16.0 * beat), clock)
    # The hands' case trembles against the beat, about its feet.
    return rotate(whole, (116.0, 250.0), -1.6 * beat)
