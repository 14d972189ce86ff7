"""Draws the sprite of an emergency vehicle: ambulance, police car or fire engine.

Its two lights flash in turn.
"""

from __future__ import annotations

import functools

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

_SIZE_PX = (352, 208)
_GROUND_Y = 196.0
_GLASS: tuple[Rgb, ...] = ((206, 230, 244), (120, 160, 190), (64, 92, 120))

# Outlines as (x, y) from the rear (left) to the front, in sprite pixels.
_VAN: tuple[Point, ...] = (
    (16, 168),
    (16, 52),
    (26, 42),
    (214, 42),
    (232, 50),
    (268, 100),
    (322, 114),
    (336, 132),
    (338, 168),
)
_CAR: tuple[Point, ...] = (
    (12, 166),
    (14, 124),
    (24, 112),
    (76, 106),
    (116, 66),
    (126, 60),
    (204, 60),
    (218, 66),
    (256, 104),
    (318, 114),
    (338, 128),
    (340, 166),
)


@functools.lru_cache(maxsize=INDIVIDUALS_KEPT)
def _parts(seed: int) -> tuple[Sprite, Sprite, tuple[Sprite, Sprite], float]:
    """Return body, a wheel's spokes, the two lights' glow, and flashes in Hz."""
    rng = individual_rng("siren", seed)
    is_car = seed % 3 == 1
    body_color = pick_color(rng, ((240, 240, 240), (236, 236, 226)))
    stripe = pick_color(
        rng, ((214, 44, 40), (240, 120, 30), (30, 130, 80), (36, 84, 190))
    )
    if is_car:
        body_color = pick_color(rng, ((238, 240, 244), (40, 44, 58), (60, 100, 190)))
        stripe = pick_color(rng, ((36, 72, 170), (235, 220, 60), (30, 140, 80)))
    elif seed % 3 == 2:
        body_color, stripe = (
            pick_color(rng, ((206, 36, 32), (190, 40, 30))),
            (244, 226, 90),
        )
    body = Canvas(*_SIZE_PX)
    body.ellipse((176, _GROUND_Y), (166, 9), (20, 22, 20), alpha=0.45)
    outline = np.array(_CAR if is_car else _VAN, np.float64)
    shades = (scale_color(body_color, 1.12), body_color, scale_color(body_color, 0.62))
    body.polygon(outline, Linear((0, 44), (0, 172), shades), outline_px=2.5)
    (_car_details if is_car else _van_details)(body, stripe)
    body.polygon(
        [(8, 164), (344, 164), (344, 174), (8, 174)], (50, 50, 54), outline_px=1.5
    )
    body.ellipse(
        (330, 134),
        (8, 9),
        Radial((330, 134), 9, ((255, 250, 214), (240, 206, 120))),
        outline_px=1.5,
    )
    body.rounded_box((13, 126, 22, 146), 3, (200, 30, 30), outline_px=1.5)
    for x in (82.0, 274.0):
        _wheel(body, (x, 170.0))
    roof_y, middle = (60.0, 164.0) if is_car else (42.0, 176.0)
    blue, other = (
        (50, 90, 255),
        pick_color(rng, ((255, 40, 40), (60, 110, 255), (255, 150, 30))),
    )
    glows = []
    for x, color in ((middle - 22, blue), (middle + 22, other)):
        dim = Linear(
            (0, roof_y - 16),
            (0, roof_y),
            (scale_color(color, 0.8), scale_color(color, 0.45)),
        )
        body.rounded_box(
            (x - 20, roof_y - 15, x + 20, roof_y + 1), 5, dim, outline_px=2
        )
        glows.append(_light((x, roof_y - 8), color))
    spokes = Canvas(*_SIZE_PX)
    for x in (82.0, 274.0):
        spokes.ellipse((x, 170), (5, 5), (60, 60, 64))
    return (
        body.rgba(),
        spokes.rgba(),
        (glows[0], glows[1]),
        float(rng.uniform(1.6, 2.6)),
    )


def _van_details(body: Canvas, stripe: Rgb) -> None:
    glass = Linear((224, 50), (262, 112), _GLASS)
    body.polygon([(206, 54), (226, 54), (258, 100), (206, 100)], glass, outline_px=2)
    for x in (40.0, 96.0):
        window = Linear((x, 56), (x + 46, 94), _GLASS)
        body.rounded_box((x, 58, x + 46, 88), 4, window, outline_px=2)
    band = [(17, 112), (266, 112), (318, 120), (334, 132), (17, 132)]
    body.polygon(band, stripe)
    for x in np.arange(24.0, 190.0, 22.0):
        body.polygon([(x, 136), (x + 11, 136), (x + 3, 146), (x - 8, 146)], stripe)
    body.line([(200, 46), (200, 162)], 1.6, (60, 60, 64))
    body.line([(264, 104), (264, 160)], 1.6, (60, 60, 64))
    body.rounded_box((208, 106, 222, 110), 2, (60, 60, 64))
    # The cross (or star) by which an ambulance is known.
    for box in ((160, 62, 170, 96), (148, 74, 182, 84)):
        body.rounded_box(box, 1, stripe, outline_px=0.0)


def _car_details(body: Canvas, stripe: Rgb) -> None:
    rear = Linear((90, 64), (150, 106), _GLASS)
    front = Linear((170, 64), (240, 106), _GLASS)
    body.polygon([(92, 102), (122, 70), (158, 70), (158, 102)], rear, outline_px=2)
    body.polygon([(168, 70), (206, 70), (238, 102), (168, 102)], front, outline_px=2)
    body.polygon([(14, 124), (320, 124), (338, 132), (338, 142), (14, 142)], stripe)
    for row, y in enumerate((124.0, 133.0)):
        for x in np.arange(20.0 + 12.0 * row, 316.0, 24.0):
            body.polygon(
                [(x, y), (x + 12, y), (x + 12, y + 9), (x, y + 9)], (250, 250, 250)
            )
    for x in (96.0, 163.0, 244.0):
        body.line([(x, 106), (x, 160)], 1.6, (70, 70, 76))
    for x in (142.0, 222.0):
        body.rounded_box((x, 112, x + 14, 116), 2, (70, 70, 76))


def _wheel(body: Canvas, center: Point) -> None:
    body.ellipse(center, (31, 31), (44, 44, 48))
    tyre = Radial(center, 26, ((60, 60, 62), (24, 24, 26)))
    body.ellipse(center, (26, 26), tyre, outline_px=2)
    rim = Radial((center[0] - 5, center[1] - 5), 18, ((236, 236, 240), (130, 132, 138)))
    body.ellipse(center, (15, 15), rim, outline_px=1.5)


def _light(center: Point, color: Rgb) -> Sprite:
    light = Canvas(*_SIZE_PX)
    light.glow(center, 42, color, 1.1)
    light.glow(center, 20, (255, 255, 255), 0.95)
    return light.rgba()


def _dimmed(layer: Sprite, share: float) -> Sprite:
    dim: NDArray[np.uint8] = layer.copy()
    dim[..., 3] = (layer[..., 3] * share).astype(np.uint8)
    return dim


def draw_siren(seed: int, time_s: float) -> Sprite:
    """Draw an emergency vehicle facing right, its lights flashing in turn."""
    body, hubs, glows, flash_hz = _parts(seed)
    picture = composite(body, hubs)
    phase = (time_s * flash_hz) % 1.0
    for glow, offset in zip(glows, (0.0, 0.5), strict=True):
        # A rotating beacon: bright for a third of its turn.
        share = max(0.0, float(np.cos(2.0 * np.pi * (phase - offset)))) ** 2
        if share > 0.02:
            picture = composite(picture, _dimmed(glow, share))
    return picture
