"""Takes picture files into a pair set, unchanged unless they are large."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clips import MAX_SIDE_PX
from soundloc.audit.inspection import picture_fault
from soundloc.data.feature_cache import read_picture
from soundloc.data.pairs import PlacedObject

_AS_THEY_ARE = frozenset({".jpg", ".jpeg", ".png"})


def is_usable_still(writer: PairWriter, path: Path | None, clip: str) -> bool:
    """Tell whether the file of a picture can be used; if not, note why."""
    fault = "missing picture" if path is None else picture_fault(path)
    if fault:
        writer.leave_out(fault, clip if path is None else str(path))
    return not fault


def add_still(
    writer: PairWriter,
    path: Path,
    name: str,
    split: str,
    source: str,
    objects: tuple[PlacedObject, ...],
) -> None:
    """Take over the file of a picture: as it is, if it is neither odd nor large."""
    image = read_picture(path)
    scale = MAX_SIDE_PX / max(image.shape[:2])
    if scale >= 1.0 and path.suffix.lower() in _AS_THEY_ARE:
        writer.copy_picture(
            path, name=name, split=split, source=source, objects=objects
        )
        return
    if scale < 1.0:
        height, width = (max(1, round(side * scale)) for side in image.shape[:2])
        image = np.asarray(
            cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
    writer.add_picture(image, name=name, split=split, source=source, objects=objects)
