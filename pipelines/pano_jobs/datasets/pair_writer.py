"""Writes a pair set, renamed when complete, and counts what was left out.

What cannot be used is left out, counted and named, never replaced by something else:
a test set with other pictures than the published one has other figures.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from soundloc.data.box_repairs import BoxRepairs
from soundloc.data.pairs import (
    SPLITS,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)
from soundloc.errors import DatasetError

Picture = NDArray[np.uint8]

_JPEG_QUALITY = 93
_N_NAMED = 5
_MAX_NAME = 150  # file systems allow 255 bytes, suffixes included
_NOT_FOR_NAMES = re.compile(r"[^A-Za-z0-9._@-]+")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was left out of the set for one reason."""

    reason: str
    names: tuple[str, ...]

    def words(self) -> str:
        """Count them and name the first."""
        named = ", ".join(self.names[:_N_NAMED])
        more = len(self.names) - _N_NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f"left out {len(self.names)}, {self.reason}: {named}{rest}"


@dataclass(frozen=True, slots=True)
class PrepareResult:
    """Result of the `prepare` job.

    Parameters
    ----------
    pictures_by_split, sounds_by_split
        How many of each, by the name of the split.
    repairs
        What was wrong with the boxes of the annotations, if there were any.
    """

    target: Path
    n_pictures: int
    n_sounds: int
    n_kinds: int
    pictures_by_split: dict[str, int]
    sounds_by_split: dict[str, int]
    left_out: tuple[LeftOut, ...] = ()
    repairs: BoxRepairs | None = None
    notes: tuple[str, ...] = ()

    def words(self) -> str:
        """Return the contents of the pair set and what was left out, as text."""
        lines = [
            f"{self.target}: {self.n_pictures} pictures and {self.n_sounds} sounds "
            f"of {self.n_kinds} kinds"
        ]
        lines += [
            f"  {split}: {self.pictures_by_split[split]} pictures, "
            f"{self.sounds_by_split[split]} sounds"
            for split in SPLITS
        ]
        if (boxes := self.repairs) is not None:
            lines.append(
                f"of {boxes.n_boxes} boxes {boxes.n_sorted} were sorted, "
                f"{boxes.n_clipped} clipped and {boxes.n_dropped} left out"
            )
        lines += [left_out.words() for left_out in self.left_out]
        return "\n".join([*lines, *self.notes])


class PairWriter:
    """Writes pictures and sounds; made by `writing_pairs`, which names the folder."""

    def __init__(self, folder: Path) -> None:
        self.repairs: BoxRepairs | None = None
        self._folder = folder
        self._pictures: list[PictureEntry] = []
        self._sounds: list[SoundEntry] = []
        self._taken: set[str] = set()
        self._left_out: dict[str, list[str]] = {}
        self._notes: list[str] = []

    @property
    def sounds(self) -> tuple[SoundEntry, ...]:
        """Return the entries of the sounds so far."""
        return tuple(self._sounds)

    def add_picture(
        self,
        image: Picture,
        *,
        name: str,
        split: str,
        source: str,
        objects: tuple[PlacedObject, ...],
        wrap: bool = False,
    ) -> None:
        """Write an RGB picture as JPEG."""
        entry = self._free_name("pictures", name, ".jpg")
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        if not cv2.imwrite(str(self._folder / entry), bgr, options):
            raise DatasetError(f"{self._folder / entry} cannot be written.")
        self._pictures.append(PictureEntry(entry, split, source, objects, wrap))

    def copy_picture(
        self,
        path: Path,
        *,
        name: str,
        split: str,
        source: str,
        objects: tuple[PlacedObject, ...],
    ) -> None:
        """Copy a JPEG or PNG as it is, so that it loses nothing."""
        entry = self._free_name("pictures", name, path.suffix.lower())
        shutil.copyfile(path, self._folder / entry)
        self._pictures.append(PictureEntry(entry, split, source, objects))

    def add_sound(
        self,
        samples: NDArray[np.float32],
        *,
        name: str,
        kind: str | None,
        split: str,
        source: str,
        instance: str = "",
    ) -> None:
        """Write a sound, mono at 22,050 Hz."""
        entry = self._free_name("sounds", name, ".wav")
        write_sound(self._folder / entry, samples)
        self._sounds.append(SoundEntry(entry, kind, split, source, instance))

    def leave_out(self, reason: str, name: str) -> None:
        """Record what is left out of the set, and why."""
        self._left_out.setdefault(reason, []).append(name)

    def note(self, words: str) -> None:
        """Record a note about the set."""
        self._notes.append(words)

    def finish(self) -> None:
        """Write the tables.

        Raises
        ------
        DatasetError
            If nothing was added; it says what was left out.
        """
        if not self._pictures or not self._sounds:
            reasons = "; ".join(part.words() for part in self._what_is_left_out())
            raise DatasetError(
                f"there are {len(self._pictures)} pictures and {len(self._sounds)} "
                f"sounds for a pair set, it needs some of both. {reasons}"
            )
        write_tables(self._folder, self._pictures, self._sounds)

    def result(self, target: Path) -> PrepareResult:
        """Return the result, under the final name of the set."""
        kinds = {sound.kind for sound in self._sounds} - {None}
        counts = [
            {split: found[split] for split in SPLITS}
            for found in (
                Counter(p.split for p in self._pictures),
                Counter(s.split for s in self._sounds),
            )
        ]
        empty = [split for split in SPLITS if not all(part[split] for part in counts)]
        if empty:
            self.note(f"without pictures or without sounds: {', '.join(empty)}")
        return PrepareResult(
            target,
            len(self._pictures),
            len(self._sounds),
            len(kinds),
            counts[0],
            counts[1],
            self._what_is_left_out(),
            self.repairs,
            tuple(self._notes),
        )

    def _what_is_left_out(self) -> tuple[LeftOut, ...]:
        return tuple(LeftOut(r, tuple(names)) for r, names in self._left_out.items())

    def _free_name(self, folder: str, name: str, suffix: str) -> str:
        """Make a file name that is in no other's way, whatever its source is called."""
        plain = _NOT_FOR_NAMES.sub("_", name).lstrip(".")[:_MAX_NAME] or "_"
        number, free = 1, f"{folder}/{plain}{suffix}"
        while free.lower() in self._taken:
            number += 1
            free = f"{folder}/{plain}~{number}{suffix}"
        self._taken.add(free.lower())
        return free


@contextmanager
def writing_pairs(target: Path, *, overwrite: bool = False) -> Iterator[PairWriter]:
    """Lend a writer whose set gets its name only when it is complete.

    Raises
    ------
    DatasetError
        If the folder holds something, unless it is a pair set to be overwritten.
    """
    is_set = (target / "pictures.jsonl").exists()
    if is_set and not overwrite:
        raise DatasetError(
            f"{target} already holds a pair set; choose another folder or add --force."
        )
    if target.exists() and not is_set and any(target.iterdir()):
        raise DatasetError(f"{target} is not empty; choose another folder.")
    if not target.parent.is_dir():
        raise DatasetError(f"the folder {target.parent} does not exist; create it.")
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # left behind by a run that was killed
    try:
        for name in ("pictures", "sounds"):
            (part / name).mkdir(parents=True)
        writer = PairWriter(part)
        yield writer
        writer.finish()
        if target.exists():
            shutil.rmtree(target)
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
