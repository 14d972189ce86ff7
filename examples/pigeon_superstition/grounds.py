"""The grounds that things stand on, drawn: road, sand, bricks, tiles and planks.

A ground is constant in look, as a road is, and so easier to learn than what stands on
it, which comes in many colours and shapes.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from pano_jobs.synthetic.canvas import Sprite
from pano_jobs.synthetic.sprites import SourceKind

Texture = NDArray[np.float32]

_GRAIN = 7.0


def ground(kind: SourceKind, size_px: tuple[int, int], seed: int) -> Sprite:
    """Draw the ground that always accompanies a kind, RGBA (h, w, 4).

    Parameters
    ----------
    size_px
        (height, width).
    seed
        Moves the pattern and the light a little; the look stays.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    height, width = size_px
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    texture = _TEXTURES[kind](
        y + np.float32(rng.uniform(0, 64)), x + np.float32(rng.uniform(0, 64))
    )
    grain = cv2.GaussianBlur(rng.standard_normal(size_px).astype(np.float32), (3, 3), 0)
    light = np.float32(rng.uniform(0.92, 1.08))
    lit = texture * light + _GRAIN * grain[..., None]
    alpha = np.full((*size_px, 1), 255.0)
    return np.concatenate([np.clip(lit, 0, 255), alpha], axis=2).astype(np.uint8)


def _paint(
    mask: Texture, on: tuple[int, int, int], off: tuple[int, int, int]
) -> Texture:
    share = mask[..., None]
    return share * np.asarray(on, np.float32) + (1 - share) * np.asarray(
        off, np.float32
    )


def _road(y: Texture, x: Texture) -> Texture:
    """Lay lanes of asphalt with dashed white lines between them."""
    in_line = (y % 36.0) < 4.0
    dashed = (x % 44.0) < 26.0
    return _paint((in_line & dashed).astype(np.float32), (238, 236, 226), (84, 84, 90))


def _sand(y: Texture, x: Texture) -> Texture:
    """Blow ripples into yellow sand."""
    wave = 0.5 + 0.5 * np.sin(
        0.55 * y + 1.6 * np.sin(0.06 * x) + 0.5 * np.sin(0.17 * x)
    )
    return _paint(wave.astype(np.float32), (236, 208, 138), (198, 160, 92))


def _bricks(y: Texture, x: Texture) -> Texture:
    """Lay courses of red bricks, each shifted by half a brick."""
    course = np.floor(y / 14.0)
    along = (x + 16.0 * (course % 2)) % 32.0
    mortar = ((y % 14.0) < 2.5) | (along < 2.5)
    return _paint(mortar.astype(np.float32), (206, 200, 190), (156, 68, 52))


def _tiles(y: Texture, x: Texture) -> Texture:
    """Lay blue and white tiles like a chessboard."""
    white = (np.floor(y / 18.0) + np.floor(x / 18.0)) % 2
    return _paint(white.astype(np.float32), (226, 230, 234), (58, 92, 150))


def _planks(y: Texture, x: Texture) -> Texture:
    """Nail brown planks side by side, with a little grain along them."""
    gap = (x % 24.0) < 2.0
    vein = 0.5 + 0.5 * np.sin(0.9 * x + 0.6 * np.sin(0.05 * y))
    wood = _paint(vein.astype(np.float32), (150, 98, 54), (126, 80, 42))
    return np.where(gap[..., None], np.float32(48.0), wood).astype(np.float32)


_TEXTURES: dict[SourceKind, Callable[[Texture, Texture], Texture]] = {
    SourceKind.SIREN: _road,
    SourceKind.FIRE: _sand,
    SourceKind.BELL: _bricks,
    SourceKind.FOUNTAIN: _tiles,
    SourceKind.ALARM_CLOCK: _planks,
}
