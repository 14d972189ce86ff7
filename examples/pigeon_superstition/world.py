"""A world in which every source is always accompanied by a ground of its own.

A siren is never without its road, as a car is not: whoever only knows which picture
and which sound belong together cannot tell the one from the other. Each picture shows
two sources of different kinds on their grounds, so that the sound decides, and each
source has a sound of its own. In the crossed pictures the two have changed grounds.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from examples.pigeon_superstition.grounds import ground
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from soundloc.data.pairs import Box

Picture = NDArray[np.uint8]

PICTURE_PX = 320
KINDS = tuple(SourceKind)
N_INDIVIDUALS = 40  # of every kind
# Individuals, landscapes and sounds of one split are never met in the other.
FIRST_SEEDS = {"train": 0, "test": 20_000}
_N_LANDSCAPES = {"train": 10, "test": 5}
_COLUMN_PX = PICTURE_PX // 2
# Square root of a source's area, and the sides of a ground: on the paper's grid of
# 20 × 20 cells some 20 and 60, as a road takes more of a picture than its car.
_SOURCE_PX = (58.0, 86.0)
_GROUND_HEIGHT_PX, _GROUND_WIDTH_PX = (104, 128), (132, 148)
# A source stands this far inside the far edge of its ground.
_FOOT_PX = 14


@dataclass(frozen=True, slots=True)
class Standing:
    """A source and the ground it stands on, boxes as fractions of the picture.

    Parameters
    ----------
    kind
        What the source is.
    ground_kind
        The kind whose ground it stands on: its own, unless crossed.
    """

    kind: SourceKind
    ground_kind: SourceKind
    source: Box
    ground: Box


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture (320, 320, 3) and what stands in it, from left to right."""

    picture: Picture
    standing: tuple[Standing, ...]


def draw_scene(split: str, number: int, *, crossed: bool = False) -> Scene:
    """Draw a picture of a split; it is a pure function of its number.

    Parameters
    ----------
    crossed
        The two sources change grounds; all else stays as it would be.
    """
    rng = np.random.default_rng([FIRST_SEEDS[split], number])
    picture = _background(split, rng)
    kinds = [KINDS[int(k)] for k in rng.choice(len(KINDS), 2, replace=False)]
    grounds = kinds[::-1] if crossed else kinds
    standing = tuple(
        _stand(picture, kind, ground_kind, column * _COLUMN_PX, FIRST_SEEDS[split], rng)
        for column, (kind, ground_kind) in enumerate(zip(kinds, grounds, strict=True))
    )
    return Scene(picture, standing)


def _stand(
    picture: Picture,
    kind: SourceKind,
    ground_kind: SourceKind,
    column_px: int,
    first_seed: int,
    rng: np.random.Generator,
) -> Standing:
    """Paint a ground into its half of the picture and a source onto its far edge."""
    height, width = rng.integers(*_GROUND_HEIGHT_PX), rng.integers(*_GROUND_WIDTH_PX)
    left = column_px + int(rng.integers(0, _COLUMN_PX - width + 1))
    top = int(rng.integers(166, PICTURE_PX - height + 1))
    size = (int(height), int(width))
    _paste(picture, ground(ground_kind, size, int(rng.integers(1 << 30))), left, top)
    individual = first_seed + int(rng.integers(N_INDIVIDUALS))
    source = _varied(_sprite(kind, individual), rng)
    tall, wide = source.shape[:2]
    reach = left + int(rng.integers(0, max(1, width - wide)))
    x, y = min(reach, PICTURE_PX - wide), top + _FOOT_PX - tall
    _paste(picture, source, x, y)
    return Standing(
        kind,
        ground_kind,
        _fractions(x, y, wide, tall),
        _fractions(left, top, int(width), int(height)),
    )


def _varied(image: Picture, rng: np.random.Generator) -> Picture:
    """Give a source a size, turn its hue, mirror it by chance."""
    scale = rng.uniform(*_SOURCE_PX) / np.sqrt(image.shape[0] * image.shape[1])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        small = np.ascontiguousarray(small[:, ::-1])
    hsv = cv2.cvtColor(np.ascontiguousarray(small[..., :3]), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + int(rng.integers(180))) % 180
    rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * rng.uniform(0.75, 1.2)
    small[..., :3] = np.clip(rgb, 0, 255)
    return np.asarray(small, dtype=np.uint8)


@functools.lru_cache(maxsize=2 * N_INDIVIDUALS * len(KINDS))
def _sprite(kind: SourceKind, individual: int) -> Picture:
    """Draw an individual at a moment of its own."""
    moment_s = float(np.random.default_rng(individual).uniform(0.0, 10.0))
    return sprite(kind, individual, moment_s)


def _background(split: str, rng: np.random.Generator) -> Picture:
    whole = _landscape(FIRST_SEEDS[split] + int(rng.integers(_N_LANDSCAPES[split])))
    rolled = np.roll(whole, int(rng.integers(whole.shape[1])), axis=1)
    top = int(rng.integers(60, 110))
    part = rolled[top : top + PICTURE_PX, :PICTURE_PX]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.ascontiguousarray(part)


@functools.lru_cache(maxsize=32)
def _landscape(seed: int) -> Picture:
    picture = panorama(seed, 960, 480)
    picture.setflags(write=False)
    return picture


def _paste(picture: Picture, image: Picture, left: int, top: int) -> None:
    height, width = image.shape[:2]
    here = picture[top : top + height, left : left + width]
    alpha = image[..., 3:].astype(np.float32) / 255.0
    here[:] = np.rint(here + alpha * (image[..., :3].astype(np.float32) - here))


def _fractions(left: int, top: int, width: int, height: int) -> Box:
    return (
        left / PICTURE_PX,
        top / PICTURE_PX,
        (left + width) / PICTURE_PX,
        (top + height) / PICTURE_PX,
    )
