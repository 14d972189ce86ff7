"""Picture sheets of retrieval: queries and neighbours in rows, as in Fig. 11, 12.

A picture wears its attention as heat, on the absolute scale of the 360° heat maps; a
sound is drawn as its spectrogram. A frame says whether a neighbour is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import spectrogram

from pano.draw.overlay import blend_heatmap
from pano.saliency_maps.saliency_map import UNIFORM_DENSITY_PER_SR
from pano_jobs.explain.contact_sheet import Image, text_strip, write_png
from soundloc.data.pairs import SAMPLE_RATE_HZ

TILE_HEIGHT_PX = 120
_MIN_WIDTH_PX, _MAX_WIDTH_PX = 96, 240
_GAP_PX, _FRAME_PX = 6, 4
_PAPER = 255
_RIGHT, _WRONG = (40, 160, 60), (200, 60, 50)
_MAX_SOUND_S = 10.0
_SEGMENT = 1024
_DYNAMIC_RANGE_DB = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A picture or a drawn sound with a few words under it.

    Parameters
    ----------
    image
        (TILE_HEIGHT_PX, w, 3) RGB.
    is_right
        Whether it is right to find; None for what was not searched for.
    """

    image: Image
    words: str
    is_right: bool | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A query and its neighbours, under a line of words if there are any."""

    words: str
    queries: tuple[Tile, ...]
    neighbours: tuple[Tile, ...]


def picture_tile(
    image: Image,
    words: str,
    *,
    attention: NDArray[np.floating] | None = None,
    is_right: bool | None = None,
) -> Tile:
    """Draw a picture (h, w, 3), the attention (h', w') as heat over it."""
    height, width = image.shape[:2]
    wanted = round(TILE_HEIGHT_PX * width / height)
    size = (min(max(wanted, _MIN_WIDTH_PX), _MAX_WIDTH_PX), TILE_HEIGHT_PX)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    drawn = np.asarray(small, dtype=np.uint8)
    if attention is not None:
        times_uniform = attention * attention.size
        drawn = blend_heatmap(drawn, times_uniform * UNIFORM_DENSITY_PER_SR)
    return Tile(drawn, words, is_right)


def sound_tile(
    samples: NDArray[np.float32], words: str, *, is_right: bool | None = None
) -> Tile:
    """Draw the spectrogram of a sound (n,) at 22,050 Hz, low tones at the bottom."""
    heard = samples[: round(_MAX_SOUND_S * SAMPLE_RATE_HZ)]
    heard = np.pad(heard, (0, max(0, _SEGMENT - len(heard))))
    _, _, power = spectrogram(heard, SAMPLE_RATE_HZ, nperseg=_SEGMENT)
    level_db = 10.0 * np.log10(np.maximum(power, 1e-12))
    share = 1.0 + (level_db - level_db.max()) / _DYNAMIC_RANGE_DB
    gray = np.round(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)[::-1]
    gray = np.ascontiguousarray(gray)
    size = (2 * TILE_HEIGHT_PX, TILE_HEIGHT_PX)
    large = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    colored = cv2.applyColorMap(large, cv2.COLORMAP_MAGMA)[..., ::-1]
    return Tile(np.ascontiguousarray(colored, dtype=np.uint8), words, is_right)


def save_rows(rows: Sequence[Row], target: Path, *, legend: str) -> None:
    """Write rows of tiles as one PNG, columns aligned.

    Raises
    ------
    MediaError
        If the file cannot be written.
    """
    slot_px = max(
        tile.image.shape[1] for row in rows for tile in (*row.queries, *row.neighbours)
    )
    parts = []
    for row in rows:
        queries = [_slot(tile, slot_px) for tile in row.queries]
        neighbours = [_slot(tile, slot_px) for tile in row.neighbours]
        divider = np.full((queries[0].shape[0], 3 * _GAP_PX, 3), _PAPER, np.uint8)
        line = np.concatenate([*queries, divider, *neighbours], axis=1)
        if row.words:
            parts.append(text_strip(line.shape[1], _plain(row.words)))
        parts.append(line)
    width_px = max(part.shape[1] for part in parts)
    padded = [
        np.pad(
            part,
            ((0, 0), (0, width_px - part.shape[1]), (0, 0)),
            constant_values=_PAPER,
        )
        for part in (text_strip(width_px, _plain(legend)), *parts)
    ]
    write_png(target, np.concatenate(padded))


def _slot(tile: Tile, width_px: int) -> Image:
    """Frame a tile, write its words under it, and pad it to the common width."""
    color = {None: (_PAPER,) * 3, True: _RIGHT, False: _WRONG}[tile.is_right]
    framed = cv2.copyMakeBorder(
        tile.image, *(_FRAME_PX,) * 4, cv2.BORDER_CONSTANT, value=color
    )
    missing = width_px - tile.image.shape[1]
    framed = np.pad(
        framed, ((0, 0), (0, missing + _GAP_PX), (0, 0)), constant_values=_PAPER
    )
    n_letters = math.floor(framed.shape[1] / 9.0)
    words = _plain(tile.words)
    strip = text_strip(framed.shape[1], words[:n_letters])
    return np.asarray(np.concatenate([framed, strip], axis=0), dtype=np.uint8)


def _plain(words: str) -> str:
    """Leave out what OpenCV cannot write: it knows ASCII only."""
    return words.encode("ascii", "replace").decode("ascii")
