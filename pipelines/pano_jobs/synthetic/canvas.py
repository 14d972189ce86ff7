"""An RGBA canvas with the drawing operations of the demo's sprites.

Shapes are filled at twice the final size and averaged down, with gradients and dark
outlines, so that drawn things have the soft edges and shading of an illustration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

SUPERSAMPLING = 2
_SUBPIXEL_BITS = 4

# The run-time type checker of the tests does not take an int for a float.
Number = float | int
Rgb = tuple[Number, Number, Number]
Point = tuple[Number, Number]


@dataclass(frozen=True, slots=True)
class Linear:
    """Colours that change along the line from `start` to `end`, in sprite pixels."""

    start: Point
    end: Point
    colors: tuple[Rgb, ...]


@dataclass(frozen=True, slots=True)
class Radial:
    """Colours that change from `center` out to `radius`, in sprite pixels."""

    center: Point
    radius: Number
    colors: tuple[Rgb, ...]


Paint = Rgb | Linear | Radial
Sprite = NDArray[np.uint8]  # (h, w, 4), straight alpha

INDIVIDUALS_KEPT = 64  # unmoving parts kept per kind; a scene shows a handful


def individual_rng(kind: str, seed: int) -> np.random.Generator:
    """Return the random generator of one individual, different for every kind."""
    return np.random.default_rng([seed, *kind.encode()])


def pick_color(rng: np.random.Generator, colors: tuple[Rgb, ...]) -> Rgb:
    """Choose one of the colours, slightly off."""
    color = colors[int(rng.integers(len(colors)))]
    red, green, blue = np.clip(np.asarray(color) + rng.uniform(-14, 14, 3), 0, 255)
    return float(red), float(green), float(blue)


def composite(base: Sprite, layer: Sprite) -> Sprite:
    """Lay one sprite over another of the same size."""
    a = layer[..., 3:].astype(np.float32) / 255.0
    b = base[..., 3:].astype(np.float32) / 255.0 * (1.0 - a)
    alpha = a + b
    color = (layer[..., :3] * a + base[..., :3] * b) / np.maximum(alpha, 1e-3)
    return np.concatenate([color, alpha * 255.0], axis=2).astype(np.uint8)


def rotate(layer: Sprite, pivot: Point, angle_deg: Number) -> Sprite:
    """Turn a sprite counter-clockwise about a point."""
    h, w = layer.shape[:2]
    turn = cv2.getRotationMatrix2D(pivot, angle_deg, 1.0)
    return np.asarray(cv2.warpAffine(layer, turn, (w, h), flags=cv2.INTER_LINEAR))


def scale_color(color: Rgb, factor: Number) -> Rgb:
    """Return a darker (factor below 1) or lighter colour."""
    red, green, blue = (min(255.0, channel * factor) for channel in color)
    return red, green, blue


def mix_colors(a: Rgb, b: Rgb, share_of_b: Number) -> Rgb:
    """Return a colour between two."""
    red, green, blue = (p + (q - p) * share_of_b for p, q in zip(a, b, strict=True))
    return red, green, blue


class Canvas:
    """A sprite in the making; places and lengths are in final sprite pixels."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.width_px, self.height_px = width_px, height_px
        size = (height_px * SUPERSAMPLING, width_px * SUPERSAMPLING)
        self._color = np.zeros((*size, 3), np.float32)  # premultiplied
        self._alpha = np.zeros((*size, 1), np.float32)

    def polygon(
        self,
        points: ArrayLike,
        paint: Paint,
        *,
        outline_px: Number = 0.0,
        outline: Rgb = (40.0, 32.0, 30.0),
        alpha: Number = 1.0,
    ) -> None:
        """Fill a polygon, shape (n, 2), and draw its outline over the edge."""
        corners = np.asarray(points, np.float64)
        grow = outline_px + 2.0
        self._fill([corners], paint, grow_px=grow, alpha=alpha)
        if outline_px > 0.0:
            closed = np.concatenate([corners, corners[:1]])
            self.line(closed, outline_px, outline, alpha=alpha)

    def ellipse(
        self,
        center: Point,
        radii: Point,
        paint: Paint,
        *,
        turn_deg: Number = 0.0,
        outline_px: Number = 0.0,
        outline: Rgb = (40.0, 32.0, 30.0),
        alpha: Number = 1.0,
    ) -> None:
        """Fill an ellipse."""
        self.polygon(
            ellipse_points(center, radii, turn_deg=turn_deg),
            paint,
            outline_px=outline_px,
            outline=outline,
            alpha=alpha,
        )

    def rounded_box(
        self,
        box: tuple[Number, Number, Number, Number],
        radius_px: Number,
        paint: Paint,
        *,
        outline_px: Number = 0.0,
    ) -> None:
        """Fill a box (left, top, right, bottom) with rounded corners."""
        left, top, right, bottom = box
        r = radius_px
        arcs = []
        for x, y, start_deg in (
            (right - r, bottom - r, 0),
            (left + r, bottom - r, 90),
            (left + r, top + r, 180),
            (right - r, top + r, 270),
        ):
            angle = np.radians(np.linspace(start_deg, start_deg + 90, 8))
            arcs.append(
                np.stack([x + r * np.cos(angle), y + r * np.sin(angle)], axis=1)
            )
        self.polygon(np.concatenate(arcs), paint, outline_px=outline_px)

    def line(
        self, points: ArrayLike, width_px: Number, color: Rgb, *, alpha: Number = 1.0
    ) -> None:
        """Draw an open line through points of shape (n, 2)."""
        path = np.asarray(points, np.float64)
        region = self._region(path, width_px + 2.0)
        mask = np.zeros(region.size, np.uint8)
        cv2.polylines(
            mask,
            [region.local(path)],
            False,
            255,
            max(1, round(width_px * SUPERSAMPLING)),
            cv2.LINE_AA,
            _SUBPIXEL_BITS,
        )
        self._cover(region, mask, color, alpha)

    def glow(
        self, center: Point, radius_px: Number, color: Rgb, strength: Number
    ) -> None:
        """Lay a soft light over the canvas; it fades to nothing at the radius."""
        box = np.array([center]) + np.array([[-1.0, -1.0], [1.0, 1.0]]) * radius_px
        region = self._region(box, 0.0)
        x, y = region.coordinates()
        distance = np.hypot(x - center[0], y - center[1]) / radius_px
        light = np.clip(1.0 - distance, 0.0, 1.0) ** 2 * strength
        mask = np.asarray(np.clip(light, 0.0, 1.0) * 255.0, np.uint8)
        self._cover(region, mask, color, 1.0)

    def rgba(self) -> NDArray[np.uint8]:
        """Return the finished sprite, (height_px, width_px, 4), straight alpha."""
        size = (self.width_px, self.height_px)
        color = cv2.resize(self._color, size, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(self._alpha, size, interpolation=cv2.INTER_AREA)[..., None]
        straight = color / np.maximum(alpha, 1e-3)
        sprite = np.concatenate([straight, alpha * 255.0], axis=2)
        return np.asarray(np.clip(np.rint(sprite), 0, 255), np.uint8)

    def _fill(
        self,
        polygons: Sequence[NDArray[np.float64]],
        paint: Paint,
        *,
        grow_px: Number,
        alpha: Number,
    ) -> None:
        region = self._region(np.concatenate(polygons), grow_px)
        mask = np.zeros(region.size, np.uint8)
        local = [region.local(polygon) for polygon in polygons]
        cv2.fillPoly(mask, local, 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        self._cover(region, mask, paint, alpha)

    def _cover(
        self, region: _Region, mask: NDArray[np.uint8], paint: Paint, alpha: Number
    ) -> None:
        if mask.size == 0:
            return
        share = mask[..., None].astype(np.float32) * np.float32(alpha / 255.0)
        here = region.slices
        self._color[here] += share * (_colors(paint, region) - self._color[here])
        self._alpha[here] += share * (1.0 - self._alpha[here])

    def _region(self, points: NDArray[np.float64], grow_px: Number) -> _Region:
        low = np.floor((points.min(axis=0) - grow_px) * SUPERSAMPLING).astype(int)
        high = np.ceil((points.max(axis=0) + grow_px) * SUPERSAMPLING).astype(int)
        limit = np.array([self._color.shape[1], self._color.shape[0]])
        low, high = np.clip(low, 0, limit), np.clip(high, 0, limit)
        return _Region(int(low[0]), int(low[1]), int(high[0]), int(high[1]))


@dataclass(frozen=True, slots=True)
class _Region:
    """The supersampled rectangle that a shape touches."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def size(self) -> tuple[int, int]:
        return max(self.bottom - self.top, 0), max(self.right - self.left, 0)

    def local(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        place = points * SUPERSAMPLING - [self.left + 0.5, self.top + 0.5]
        return np.asarray(np.rint(place * 2**_SUBPIXEL_BITS), np.int32)

    def coordinates(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        x = (np.arange(self.left, self.right) + 0.5) / SUPERSAMPLING
        y = (np.arange(self.top, self.bottom) + 0.5) / SUPERSAMPLING
        return np.asarray(x[None, :], np.float32), np.asarray(y[:, None], np.float32)


def ellipse_points(
    center: Point, radii: Point, *, turn_deg: Number = 0.0, n_points: int = 48
) -> NDArray[np.float64]:
    """Return the outline of an ellipse, shape (n_points, 2)."""
    angle = np.linspace(0.0, 2.0 * np.pi, n_points, endpoint=False)
    x, y = radii[0] * np.cos(angle), radii[1] * np.sin(angle)
    cos, sin = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return np.stack([center[0] + cos * x - sin * y, center[1] + sin * x + cos * y], 1)


def _colors(paint: Paint, region: _Region) -> NDArray[np.float32]:
    if isinstance(paint, tuple):
        return np.asarray(paint, np.float32)
    x, y = region.coordinates()
    if isinstance(paint, Linear):
        along = np.subtract(paint.end, paint.start)
        squared = max(float(along @ along), 1e-9)
        place = (
            (x - paint.start[0]) * along[0] + (y - paint.start[1]) * along[1]
        ) / squared
    else:
        place = np.hypot(x - paint.center[0], y - paint.center[1]) / paint.radius
    stops = np.linspace(0.0, 1.0, len(paint.colors))
    colors = np.asarray(paint.colors, np.float64)
    channels = [np.interp(place, stops, colors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)
