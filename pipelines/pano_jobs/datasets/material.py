"""Reads raw training material: folders of pictures and sounds joined by class.

The class table `classes.csv` says, for each sounding class, which folders of sounds
and which pictures, boxes and cut-outs belong to it. This module reads it, tells each
class's kind, and fixes the splits by *recording*, picture and person, never by clip, so
that nothing tested was ever trained on.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pano_jobs.datasets.kinds import APES, NOWHERE, kind_of
from soundloc.data.pairs import Box
from soundloc.errors import DatasetError

# ImageNet's numbers of apes and monkeys.
_PRIMATES = re.compile(r"^imagenetsample__n02(4[89]\d{4}|500267)_")
_LEFT_OUT = frozenset({"camera"})
# Frames taken from the clips that the finished camera is judged on.
_HELD_BACK_PANORAMAS = re.compile(r"^frame_|^harbour|^garden")


# Freesound holds some recordings under two numbers; `pano audit` finds them.
_UPLOADED_TWICE = {
    "68734": "68670",
    "177083": "177082",
    "30322": "28314",
    "134915": "133889",
    "197408": "140199",
    "24524": "23222",
    "102305": "37236",
}

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


_STILLS = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class PieceSource:
    """A picture, or a part of one, that can be pasted into scenes.

    `box` is in fractions; `has_alpha` tells cut-outs from photographs.
    """

    path: Path
    kind: str | None
    split: str
    source: str
    box: Box = WHOLE
    has_alpha: bool = False
    instance: str = ""


@dataclass(frozen=True, slots=True)
class SoundSource:
    """A sound file; `kind` None comes from nowhere in particular."""

    path: Path
    kind: str | None
    split: str
    source: str
    instance: str = ""


@dataclass(frozen=True, slots=True)
class BoxedPhotograph:
    """A whole photograph whose objects are boxed, `(kind, box)` each."""

    path: Path
    split: str
    source: str
    boxes: tuple[tuple[str | None, Box], ...]


@dataclass(frozen=True, slots=True)
class Material:
    """The pictures, cut-outs and sounds that scenes and pairs are made of."""

    pieces: tuple[PieceSource, ...]
    sounds: tuple[SoundSource, ...]
    panoramas: tuple[tuple[Path, str], ...]
    photographs: tuple[BoxedPhotograph, ...]


def split_of(source: str) -> str:
    """Assign a recording, picture or person to a split, by a hash of its name.

    70 % train, 12 % validation, 18 % test, by a hash of the name.
    """
    share = int(hashlib.sha256(source.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
    return "train" if share < 0.70 else "validation" if share < 0.82 else "test"


def read_material(folder: Path, panoramas: Path | None = None) -> Material:
    """Read a folder of material by its class table.

    Parameters
    ----------
    panoramas
        A folder of further equirectangular stills; only training sees them.

    Raises
    ------
    DatasetError
        If the material has no `classes.csv`, or that folder no stills.
    """
    table = folder / "classes.csv"
    if not table.is_file():
        raise DatasetError(
            f"{table} does not exist; `pano prepare` needs a folder of material with a "
            "class table."
        )
    with table.open(encoding="utf-8", newline="") as lines:
        rows = [r for r in csv.DictReader(lines) if r["class"] not in _LEFT_OUT]
    pieces = [*_folder_pieces(folder, rows), *_tiny_pieces(folder, rows)]
    pieces += [*_cutout_pieces(folder, rows), *_sample_pieces(folder, rows)]
    photographs = tuple(_photographs(folder, rows))
    pieces += _photograph_pieces(photographs)
    sounds = [*_sounds(folder, rows), *_cutout_sounds(folder)]
    backgrounds = [
        (path, _panorama_split(path)) for path in sorted(folder.glob("panoramas/*.jpg"))
    ]
    if panoramas is not None:
        backgrounds += [(path, "train") for path in _stills(panoramas)]
    return Material(
        tuple(dict.fromkeys(pieces)), tuple(sounds), tuple(backgrounds), photographs
    )


def _stills(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in _STILLS)
    if not found:
        raise DatasetError(f"{folder} holds no {', '.join(sorted(_STILLS))}.")
    return found


def _paths(row: dict[str, str], column: str) -> list[str]:
    return [part for part in row[column].split(";") if part]


def _folder_pieces(folder: Path, rows: list[dict[str, str]]) -> Iterator[PieceSource]:
    for row in rows:
        for part in _paths(row, "image_folders"):
            for path in sorted((folder / part).glob("*.jpg")):
                source = _picture_source(path)
                # Caltech's faces stand before wide backgrounds: keep the head.
                box = (0.22, 0.08, 0.80, 0.95) if "Faces" in path.name else WHOLE
                yield PieceSource(
                    path, kind_of(row["class"]), split_of(source), source, box
                )


def _tiny_pieces(folder: Path, rows: list[dict[str, str]]) -> Iterator[PieceSource]:
    table = folder / "images" / "tiny_boxes.json"
    if not table.is_file():
        return
    boxes = json.loads(table.read_text(encoding="utf-8"))
    for row in rows:
        for part in _paths(row, "tiny_folders"):
            for path in sorted((folder / part).glob("*.jpg")):
                entry = boxes.get(f"{path.parent.name}/{path.name}")
                if entry is None or entry["box_xyxy_px"] is None:
                    continue
                width, height = entry["size"]
                x0, y0, x1, y1 = entry["box_xyxy_px"]
                if min(x1 - x0, y1 - y0) < 20:
                    continue
                box = (x0 / width, y0 / height, x1 / width, y1 / height)
                yield PieceSource(
                    path, kind_of(row["class"]), split_of(path.stem), path.stem, box
                )


def _sample_pieces(folder: Path, rows: list[dict[str, str]]) -> Iterator[PieceSource]:
    kinds = {
        name: kind_of(row["class"])
        for row in rows
        for name in _paths(row, "imagenet_samples")
    }
    for path in sorted((folder / "images" / "imagenet_samples").glob("*.jpg")):
        # Without a class of its own it is a silent distractor.
        kind = APES if _PRIMATES.match(path.name) else kinds.get(path.name)
        yield PieceSource(path, kind, split_of(path.stem), path.stem, WHOLE)


def _cutout_pieces(folder: Path, rows: list[dict[str, str]]) -> Iterator[PieceSource]:
    for entry in _cutout_rows(folder):
        path = folder / "cutouts" / entry["image"]
        yield PieceSource(
            path,
            kind_of(entry["class"]),
            split_of(path.stem),
            path.stem,
            has_alpha=path.suffix == ".png",
            instance=path.stem,
        )
    kinds = {
        name: kind_of(row["class"])
        for row in rows
        for name in _paths(row, "more_cutouts")
    }
    for path in sorted((folder / "cutouts" / "more").glob("*.png")):
        kind = kinds.get(f"more/{path.name}")
        yield PieceSource(path, kind, split_of(path.stem), path.stem, has_alpha=True)


def _cutout_rows(folder: Path) -> list[dict[str, str]]:
    table = folder / "cutouts" / "pairs.csv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as lines:
        left_out = _LEFT_OUT | {APES}
        return [r for r in csv.DictReader(lines) if r["class"] not in left_out]


def _cutout_sounds(folder: Path) -> Iterator[SoundSource]:
    for entry in _cutout_rows(folder):
        path = folder / "cutouts" / entry["sound"]
        stem = Path(entry["image"]).stem
        yield SoundSource(path, kind_of(entry["class"]), split_of(stem), stem, stem)


def _photographs(folder: Path, rows: list[dict[str, str]]) -> Iterator[BoxedPhotograph]:
    table = folder / "images" / "coco_boxes.json"
    if not table.is_file():
        return
    kinds = {
        name: kind_of(row["class"])
        for row in rows
        if row["class"] not in {"drinking_sipping", "can_opening", "pouring_water"}
        for name in _paths(row, "coco_classes")
    }
    # Trucks carry sirens and engines alike; the picture shows an engine.
    kinds |= dict.fromkeys(("car", "truck", "bus", "motorcycle"), "vehicle")
    kinds["person"] = "person"
    for entry in json.loads(table.read_text(encoding="utf-8")):
        path = folder / "images" / "coco" / entry["file"]
        boxes = tuple(
            (
                kinds.get(o["class"]),
                (float(b[0]), float(b[1]), float(b[2]), float(b[3])),
            )
            for o in entry["objects"]
            if (b := o["box"]) and b[2] > b[0] and b[3] > b[1]
        )
        yield BoxedPhotograph(path, split_of(path.stem), path.stem, boxes)


def _photograph_pieces(photographs: tuple[BoxedPhotograph, ...]) -> list[PieceSource]:
    return [
        PieceSource(p.path, kind, p.split, p.source, box)
        for p in photographs
        for kind, box in p.boxes
        if kind is not None and (box[2] - box[0]) * (box[3] - box[1]) > 0.02
    ]


def _sounds(folder: Path, rows: list[dict[str, str]]) -> Iterator[SoundSource]:
    # Some rows borrow another class's sounds (a tank sounds like an engine): each
    # folder of sounds belongs to the class of its own name.
    folders = {
        Path(part)
        for row in rows
        if row["class"] != APES
        for part in _paths(row, "sound_folders")
    }
    for part in sorted(folders):
        kind = None if part.name in NOWHERE else kind_of(part.name)
        for path in sorted((folder / part).glob("*.ogg")):
            source = _recording(path)
            yield SoundSource(path, kind, split_of(source), source)


def _recording(path: Path) -> str:
    """Name the recording, or for speech the speaker, that a clip was cut from."""
    collection, _, rest = path.stem.partition("__")
    if collection in ("esc50", "us8k"):
        upload = rest.split("-")[1 if collection == "esc50" else 0]
        return f"freesound:{_UPLOADED_TWICE.get(upload, upload)}"
    if path.parent.name == "speech":
        return f"{collection}:{rest.rsplit('_', 1)[0]}"
    return path.stem


def _picture_source(path: Path) -> str:
    """Name the picture; neighbouring numbers of a face set are the same person."""
    faces = re.search(r"Faces_image_(\d+)", path.stem)
    return f"face:{(int(faces[1]) - 1) // 22}" if faces else path.stem


def _panorama_split(path: Path) -> str:
    if _HELD_BACK_PANORAMAS.match(path.stem):
        return "test"
    # Rooms of one house are one place.
    return "train" if split_of(path.stem.split("_")[0]) == "train" else "validation"
