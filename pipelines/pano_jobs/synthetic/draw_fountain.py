"""Draws the sprite of a fountain: jets that fall into a stone basin, drops and foam."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pano_jobs.synthetic.canvas import (
    INDIVIDUALS_KEPT,
    Canvas,
    Linear,
    Sprite,
    composite,
    individual_rng,
    pick_color,
    scale_color,
)

_SIZE_PX = (272, 256)
_MIDDLE_X = 136.0
_WATER_Y = 204.0
_N_POINTS = 28


@dataclass(frozen=True, slots=True, eq=False)
class _Jet:
    """One arc of water: its path (n, 2) in sprite pixels, and where its drops start."""

    path: NDArray[np.float64]
    phase: NDArray[np.float64]
    width_px: int


@functools.lru_cache(maxsize=INDIVIDUALS_KEPT)
def _parts(
    seed: int,
) -> tuple[Sprite, Sprite, NDArray[np.uint8], tuple[_Jet, ...], float]:
    """Return what stands behind the water, before it, its veil, jets and speed."""
    rng = individual_rng("fountain", seed)
    stone = pick_color(
        rng, ((176, 168, 156), (196, 184, 160), (150, 154, 160), (186, 160, 140))
    )
    water = pick_color(rng, ((90, 160, 196), (80, 150, 170), (110, 170, 214)))
    shades = tuple(scale_color(stone, f) for f in (1.25, 1.05, 0.8, 0.5))
    across = Linear((8, 0), (264, 0), shades)
    back = Canvas(*_SIZE_PX)
    back.ellipse((136, 206), (130, 26), across, outline_px=2)
    pool = Linear(
        (0, 184), (0, 228), (scale_color(water, 0.7), water, scale_color(water, 1.3))
    )
    back.ellipse((136, _WATER_Y), (118, 19), pool, outline_px=1.5)
    bowl_y = rng.uniform(128, 148)
    column = Linear((122, 0), (150, 0), shades)
    foot = [(126, bowl_y), (146, bowl_y), (152, 208), (120, 208)]
    back.polygon(foot, column, outline_px=2)
    bowl = np.array([(-54, 0), (54, 0), (40, 16), (14, 26), (-14, 26), (-40, 16)])
    back.polygon(np.add(bowl, (136, bowl_y)), across, outline_px=2)
    back.ellipse((136, bowl_y), (54, 8), scale_color(water, 1.1), outline_px=2)
    back.polygon(
        [(131, bowl_y - 22), (141, bowl_y - 22), (143, bowl_y), (129, bowl_y)],
        column,
        outline_px=1.5,
    )
    front = Canvas(*_SIZE_PX)
    rim = np.linspace(0.0, np.pi, 41)
    outer = np.stack([136 + 130 * np.cos(rim), 206 + 26 * np.sin(rim)], axis=1)
    inner = np.stack([136 + 118 * np.cos(rim), _WATER_Y + 19 * np.sin(rim)], axis=1)
    front.polygon(
        np.concatenate([np.add(outer, (0, 22)), outer[::-1]]), across, outline_px=2
    )
    front.polygon(
        np.concatenate([outer, inner[::-1]]), scale_color(stone, 1.2), outline_px=1.5
    )
    jets, speed = _jets(rng, bowl_y), float(rng.uniform(0.9, 1.3))
    return back.rgba(), front.rgba(), _veil(jets), jets, speed


def _jets(rng: np.random.Generator, bowl_y: float) -> tuple[_Jet, ...]:
    top_y = rng.uniform(26, 56)
    nozzle_y = bowl_y - 22
    share = np.linspace(0.0, 1.0, _N_POINTS)
    jets = []
    for reach in np.concatenate([np.linspace(-92, 92, 13), rng.uniform(-60, 60, 5)]):
        tall = (
            (nozzle_y - top_y)
            * (1.0 - 0.25 * abs(reach) / 92.0)
            * rng.uniform(0.9, 1.05)
        )
        # A parabola that starts in the nozzle and ends on the pool.
        drop = _WATER_Y - 8 + 10 * rng.uniform(-1, 1) - nozzle_y
        lift = 2 * tall + 2 * np.sqrt(tall * (tall + drop))
        y = nozzle_y - lift * share + (lift + drop) * share**2
        path = np.stack([_MIDDLE_X + reach * share, y], axis=1)
        jets.append(_Jet(path, rng.uniform(0, 1, 9), int(rng.integers(2, 4))))
    for side in (-1.0, 1.0):
        for _ in range(4):
            x = _MIDDLE_X + side * rng.uniform(40, 56)
            y = bowl_y + 4 + (_WATER_Y - bowl_y) * share**1.5
            path = np.stack([x + side * 10 * share, y], axis=1)
            jets.append(_Jet(path, rng.uniform(0, 1, 6), 2))
    return tuple(jets)


def _veil(jets: tuple[_Jet, ...]) -> NDArray[np.uint8]:
    """Return how much the thin, even part of the water covers, (h, w)."""
    cover = np.zeros(_SIZE_PX[::-1], np.uint8)
    for jet in jets:
        points = np.rint(jet.path * 16).astype(np.int32)
        line = np.zeros_like(cover)
        cv2.polylines(line, [points], False, 84, jet.width_px + 2, cv2.LINE_AA, 4)
        cv2.add(cover, line, dst=cover)
    return cover


def _water(veil: NDArray[np.uint8], jets: tuple[_Jet, ...], flow: float) -> Sprite:
    cover = veil.copy()
    index = np.arange(_N_POINTS)
    for jet in jets:
        # Clots of water run along the arc: that is what the eye sees moving.
        start = ((jet.phase + flow) % 1.0) * (_N_POINTS - 1)
        place = np.clip(start[:, None] + [0.0, 1.0, 2.0], 0, _N_POINTS - 1)
        x = np.interp(place, index, jet.path[:, 0])
        y = np.interp(place, index, jet.path[:, 1])
        clots = np.rint(np.stack([x, y], axis=2) * 16).astype(np.int32)
        cv2.polylines(cover, list(clots), False, 235, jet.width_px, cv2.LINE_AA, 4)
    layer = np.empty((*cover.shape, 4), np.uint8)
    layer[..., :3] = (226, 242, 252)
    layer[..., 3] = cover
    return layer


def _foam(layer: Sprite, jets: tuple[_Jet, ...], flow: float) -> None:
    for number, jet in enumerate(jets):
        x, y = jet.path[-1]
        age = (flow * 1.7 + number * 0.37) % 1.0
        ring = (int(3 + 12 * age), int(1 + 4 * age))
        light: tuple[int, ...] = (240, 250, 255, int(210 * (1.0 - age)))
        cv2.ellipse(layer, (int(x), int(y)), ring, 0, 0, 360, light, 1, cv2.LINE_AA)
        cv2.circle(
            layer, (int(x), int(y - 6 * age)), 3, (250, 253, 255, 200), -1, cv2.LINE_AA
        )


def draw_fountain(seed: int, time_s: float) -> Sprite:
    """Draw a fountain with running water."""
    back, front, veil, jets, speed = _parts(seed)
    water = _water(veil, jets, time_s * speed)
    _foam(water, jets, time_s * speed)
    return composite(composite(back, water), front)
