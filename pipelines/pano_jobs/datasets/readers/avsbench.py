"""Pairs from AVSBench: five pictures of a clip of 5 s, masks of what sounds in them.

Picture k of a clip, counted from 1, was taken 1/16 s before the end of second k. A mask
becomes a box for each of its connected regions, or one around all of it as the
published box files have it. An empty mask says that nothing in the picture sounds: it
then has no object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano_jobs.datasets.gather_settings import GatherSettings, MaskBoxes
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clip_pairs import ClipPairs
from pano_jobs.datasets.sources.clips import Waveform, cut_window
from pano_jobs.datasets.sources.files import files_below
from pano_jobs.datasets.sources.sounds import is_usable_window, usable_track
from pano_jobs.datasets.sources.stills import is_usable_still
from pano_jobs.datasets.sources.tables import split_called
from pano_jobs.datasets.splits import Splits
from soundloc.data.clip_names import PICTURE_SUFFIXES, SOUND_SUFFIXES, source_name
from soundloc.data.pairs import Box, Opinion
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress

_FRAME = re.compile(r"(?P<video>.+?)(?:\.mp4)?_(?P<number>\d+)$")
_TAKEN_BEFORE_END_S = 1.0 / 16.0
# Regions below this share of the picture are crumbs of the drawing.
_MIN_REGION = 0.001


@dataclass(frozen=True, slots=True)
class NumberedFrame:
    """Which picture of which clip a file is."""

    video: str
    number: int

    @property
    def time_s(self) -> float:
        """Return when it was taken."""
        return self.number - _TAKEN_BEFORE_END_S


@dataclass(frozen=True, slots=True)
class PathParts:
    """What the folders of a file say: `…/<split>/<class>/<clip>/<picture>.png`."""

    split: str
    kind: str | None


def numbered_frame(path: Path) -> NumberedFrame | None:
    """Read the name of a picture or a mask; None if it has no number."""
    found = _FRAME.match(path.stem)
    return NumberedFrame(found["video"], int(found["number"])) if found else None


def parts_of(path: Path, clip: str) -> PathParts:
    """Read the split and the class out of the folders of a file.

    Only the single-source part has folders for classes.
    """
    folders = list(path.parent.parts)
    if folders and folders[-1] == clip:
        folders.pop()
    for back in (1, 2):
        if len(folders) >= back and (split := split_called(folders[-back])):
            return PathParts(split, folders[-1] if back == 2 else None)
    return PathParts("", None)


def mask_boxes(mask: NDArray[np.uint8], how: MaskBoxes) -> tuple[Box, ...]:
    """Put boxes around what is not zero in a mask (h, w); none if it is empty."""
    height, width = mask.shape
    if how is MaskBoxes.WHOLE:
        rows, columns = np.nonzero(mask)
        if rows.size == 0:
            return ()
        edges = [(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]
    else:
        binary = (mask > 0).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
        regions = [r for r in stats[1:] if r[4] >= _MIN_REGION * height * width]
        edges = [(x, y, x + w, y + h) for x, y, w, h, _ in regions]
    return tuple(
        (float(x0 / width), float(y0 / height), float(x1 / width), float(y1 / height))
        for x0, y0, x1, y1 in edges
    )


def gather_avsbench(
    source: Path,
    settings: GatherSettings,
    splits: Splits,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    """Take every picture, with boxes where there is a mask.

    Raises
    ------
    DatasetError
        If the folder is not laid out like AVSBench.
    """
    reader = _Reader(source, settings, splits, writer)
    for number, clip in enumerate(reader.clips, start=1):
        reader.gather_clip(clip)
        tell("clips", number, len(reader.clips))
    reader.say_what_is_mute()


class _Reader:
    """The folders of one part of AVSBench."""

    def __init__(
        self,
        source: Path,
        settings: GatherSettings,
        splits: Splits,
        writer: PairWriter,
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._mute: list[str] = []
        parts = {
            name: files_below(_part(source, name), suffixes)
            for name, suffixes in (
                ("visual_frames", PICTURE_SUFFIXES),
                ("gt_masks", PICTURE_SUFFIXES),
                ("audio_wav", SOUND_SUFFIXES),
            )
        }
        self._masks = dict(_numbered(parts["gt_masks"]))
        self._sounds = {path.stem: path for path in parts["audio_wav"]}
        self.clips: dict[str, list[tuple[NumberedFrame, Path]]] = {}
        for frame, path in _numbered(parts["visual_frames"]):
            self.clips.setdefault(frame.video, []).append((frame, path))
        said: dict[str, list[str]] = {}
        for clip, path in self._sounds.items():
            said.setdefault(parts_of(path, clip).split, []).append(clip)
        said.pop("", None)
        self._splits = splits.completed(said)

    def gather_clip(self, clip: str) -> None:
        """Take the pictures of a clip."""
        sound = self._sounds.get(clip)
        placement = self._splits.place(clip, source_name(clip))
        if placement.reason:
            self._writer.leave_out(placement.reason, clip)
            return
        track = usable_track(self._writer, sound, clip)
        if sound is None or track is None:
            return
        kind = parts_of(sound, clip).kind
        source = source_name(clip)
        pairs = ClipPairs(self._writer, clip, kind, placement.split, source)
        for frame, path in self.clips[clip]:
            if is_usable_still(self._writer, path, path.name):
                self._gather_frame(frame, path, track, pairs)

    def _gather_frame(
        self, frame: NumberedFrame, path: Path, track: Waveform, pairs: ClipPairs
    ) -> None:
        name = f"{frame.video}_{frame.number}"
        window = cut_window(track, frame.time_s, self._settings.window_s)
        if not is_usable_window(self._writer, window, name):
            return
        mask_path = self._masks.get(frame)
        if mask_path is None:
            pairs.add_still(path, name, (pairs.placed(window),))
            return
        mask = cv2.imread(str(mask_path), cv2.IMREAD_GRAYSCALE)
        if mask is None:
            self._writer.leave_out("corrupt mask", str(mask_path))
            return
        boxes = mask_boxes(np.asarray(mask, np.uint8), self._settings.mask_boxes)
        if not boxes:
            self._mute.append(name)
        objects = (pairs.placed(window, (Opinion(boxes),)),) if boxes else ()
        pairs.add_still(path, name, objects)

    def say_what_is_mute(self) -> None:
        """Note how boxes were made, and where nothing sounds."""
        self._writer.note(f"boxes: {self._settings.mask_boxes} of the masks")
        if self._mute:
            named = ", ".join(self._mute[:5])
            self._writer.note(
                f"nothing sounds in {len(self._mute)} pictures: {named}"
                + (" …" if len(self._mute) > 5 else "")
            )


def _numbered(paths: list[Path]) -> Iterator[tuple[NumberedFrame, Path]]:
    for path in paths:
        if (frame := numbered_frame(path)) is not None:
            yield frame, path


def _part(folder: Path, name: str) -> Path:
    found = sorted(path for path in folder.rglob(name) if path.is_dir())
    if len(found) != 1:
        raise DatasetError(
            f"{folder} holds {len(found)} folders {name!r}, AVSBench's parts one each; "
            "name the folder of one part, such as s4_data."
        )
    return found[0]
