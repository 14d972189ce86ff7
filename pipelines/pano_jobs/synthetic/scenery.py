"""Draws the trees and houses of the landscape."""

from __future__ import annotations

import numpy as np

from pano_jobs.synthetic.canvas import (
    Canvas,
    Linear,
    Radial,
    Rgb,
    Sprite,
    mix_colors,
    pick_color,
    scale_color,
)

_LEAVES: tuple[Rgb, ...] = ((74, 122, 50), (98, 138, 56), (56, 104, 62), (150, 130, 50))


def tree(rng: np.random.Generator, *, haze: Rgb, haze_share: float) -> Sprite:
    """Draw a broad-leaved tree or a fir, veiled by the air before it."""
    canvas = Canvas(120, 160)
    leaves = mix_colors(pick_color(rng, _LEAVES), haze, haze_share)
    bark = mix_colors((96, 72, 52), haze, haze_share)
    trunk = Linear((54, 0), (66, 0), (scale_color(bark, 1.2), scale_color(bark, 0.6)))
    if rng.random() < 0.4:
        canvas.polygon([(56, 130), (64, 130), (65, 159), (55, 159)], trunk)
        _fir(canvas, rng, scale_color(leaves, 0.75))
    else:
        canvas.polygon([(55, 90), (65, 90), (68, 159), (52, 159)], trunk)
        _crown(canvas, rng, leaves)
    return canvas.rgba()


def _fir(canvas: Canvas, rng: np.random.Generator, color: Rgb) -> None:
    for level in range(6):
        bottom, half = 142.0 - 22.0 * level, 44.0 - 6.4 * level
        ragged = np.linspace(-1.0, 1.0, 13)
        low = np.stack([60 + half * ragged, bottom + rng.uniform(-5, 3, 13)], axis=1)
        shades = (scale_color(color, 1.35), color, scale_color(color, 0.6))
        paint = Linear((60 - half, 0), (60 + half, 0), shades)
        canvas.polygon(np.concatenate([low, [[60, bottom - 44]]]), paint)


def _crown(canvas: Canvas, rng: np.random.Generator, color: Rgb) -> None:
    wide, tall = rng.uniform(34, 46), rng.uniform(36, 48)
    middle = 158 - 52 - tall
    for number in range(46):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        x = 60 + wide * reach * np.cos(angle)
        y = middle + tall * reach * np.sin(angle)
        # Dark leaves first and below, light ones last and above, to the left.
        light = 0.55 + 0.45 * number / 46 - 0.004 * (y - middle) - 0.003 * (x - 60)
        radius = rng.uniform(9, 15)
        shades = (scale_color(color, light * 1.3), scale_color(color, light))
        blob = Radial((x - 4, y - 5), radius * 1.4, shades)
        canvas.ellipse((x, y), (radius, radius * 0.85), blob, alpha=0.95)


def house(rng: np.random.Generator, *, haze: Rgb, haze_share: float) -> Sprite:
    """Draw a small house with a gabled roof, veiled by the air before it."""
    canvas = Canvas(200, 150)
    wall = pick_color(
        rng, ((226, 214, 190), (214, 186, 150), (232, 228, 222), (190, 120, 90))
    )
    wall = mix_colors(wall, haze, haze_share)
    roof = mix_colors(
        pick_color(rng, ((150, 70, 54), (110, 76, 64), (96, 100, 110))),
        haze,
        haze_share,
    )
    dark = mix_colors((58, 50, 46), haze, haze_share)
    canvas.polygon([(146, 30), (160, 30), (160, 66), (146, 60)], scale_color(roof, 0.8))
    face = Linear((20, 0), (184, 0), (scale_color(wall, 1.06), scale_color(wall, 0.86)))
    canvas.polygon(
        [(20, 76), (184, 76), (184, 149), (20, 149)], face, outline_px=1.5, outline=dark
    )
    slope = Linear((0, 26), (0, 80), (scale_color(roof, 1.2), scale_color(roof, 0.8)))
    canvas.polygon(
        [(6, 80), (40, 28), (164, 28), (196, 80)], slope, outline_px=1.5, outline=dark
    )
    glass = mix_colors((110, 140, 160), haze, haze_share)
    for x in (36.0, 132.0):
        pane = Linear(
            (x, 94), (x + 34, 124), (scale_color(glass, 1.4), scale_color(glass, 0.7))
        )
        canvas.rounded_box((x, 94, x + 34, 124), 2, pane, outline_px=2)
        canvas.line([(x + 17, 94), (x + 17, 124)], 2.0, scale_color(wall, 1.1))
    canvas.rounded_box((88, 100, 114, 149), 2, scale_color(roof, 0.7), outline_px=1.5)
    return canvas.rgba()
