"""The held-back pictures that scenes are made of: cut-outs, photographs, panoramas."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano_jobs.datasets.material import PieceSource
from soundloc.data.scenes import Piece, soft_mask
from soundloc.errors import DatasetError

HEIGHT_PX, WIDTH_PX = 480, 960
# ImageNet's pictures, whole or in part, are what picture trunks are pretrained on.
_PRETRAINED = ("imagenette", "imagenetsample", "tinyimagenet")

# What the descriptions of panoramas call things that can sound.
_SHOWN = {
    "person": r"\b(people|man|visitors)\b",
    "water": r"\b(river|sea|shore|coast)\b",
}
# What they leave out: walkers on the quay, a man in a helmet on the seam, hot water.
_SHOWN_BESIDES = {
    "harbour.jpg": {"person"},
    "frame_tunnel_machine.jpg": {"person"},
    "frame_iceland.jpg": {"water"},
}

Picture = NDArray[np.uint8]


def collection_of(piece: PieceSource) -> str:
    """Name the collection that a piece comes from."""
    return piece.path.stem.partition("__")[0]


def is_unfamiliar(piece: PieceSource) -> bool:
    """Tell whether no trunk was pretrained on the collection of a piece."""
    return collection_of(piece) not in _PRETRAINED


def kinds_shown(panorama: Path) -> frozenset[str]:
    """Name the kinds that a panorama itself shows, by its description and by sight."""
    table = panorama.with_name("panoramas.json")
    if not table.is_file():
        return frozenset()
    seen = {e["file"]: e["seen"] for e in json.loads(table.read_text(encoding="utf-8"))}
    words = seen.get(panorama.name, "")
    described = {kind for kind, names in _SHOWN.items() if re.search(names, words)}
    return frozenset(described | _SHOWN_BESIDES.get(panorama.name, set()))


def load_piece(source: PieceSource, rng: np.random.Generator) -> Piece:
    """Read a cut-out, or a photograph's box under a soft mask, as RGBA."""
    image = cv2.imread(str(source.path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DatasetError(f"{source.path} cannot be read as a picture.")
    if source.has_alpha and image.ndim == 3 and image.shape[2] == 4:
        rgba = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
        return Piece(np.asarray(rgba, np.uint8), source.kind, source.instance)
    rgb = _read_rgb(source.path)
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = source.box
    left, top = int(x0 * width), int(y0 * height)
    rgb = rgb[
        top : max(top + 4, int(y1 * height)), left : max(left + 4, int(x1 * width))
    ]
    mask = soft_mask(rgb.shape[0], rgb.shape[1], rng)
    return Piece(np.dstack([rgb, mask]), source.kind, source.instance)


def silenced(source: PieceSource, rng: np.random.Generator) -> Piece:
    return Piece(load_piece(source, rng).image, None)


def draw_piece(pool: list[PieceSource], rng: np.random.Generator) -> PieceSource:
    """Draw a collection, large ones oftener but not by their number, then a piece."""
    by_collection: dict[str, list[PieceSource]] = defaultdict(list)
    for piece in pool:
        by_collection[collection_of(piece)].append(piece)
    names = sorted(by_collection)
    weights = np.sqrt([len(by_collection[name]) for name in names])
    name = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    chosen = by_collection[name]
    return chosen[int(rng.integers(len(chosen)))]


def read_background(path: Path) -> Picture:
    size = (WIDTH_PX, HEIGHT_PX)
    image = cv2.resize(_read_rgb(path), size, interpolation=cv2.INTER_AREA)
    return np.asarray(image, dtype=np.uint8)


def _read_rgb(path: Path) -> Picture:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DatasetError(f"{path} cannot be read as a picture.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
