"""Which pictures and sounds two sets share, whatever their files are called."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from soundloc.audit.audited_set import AuditedSet
from soundloc.audit.same_picture import PicturePrint, picture_print, same_pictures
from soundloc.audit.same_recording import Landmarks, RecordingIndex, is_same_recording
from soundloc.audit.same_recording import landmarks as landmarks_of
from soundloc.data.pairs import read_sound
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress

Alike = tuple[str, str]  # a file of the first set and one of the second


class MediaComparison:
    """The media of two sets, compared: files first, for they are alike anyhow.

    Attributes
    ----------
    unreadable
        The files that could not be compared.
    """

    def __init__(self, a: AuditedSet, b: AuditedSet, tell: StepProgress) -> None:
        self._a, self._b, self._tell = a, b, tell
        self.unreadable: list[str] = []
        self._identical = frozenset(self._identical_files())

    def identical_files(self) -> list[Alike]:
        """Find the files with the same bytes."""
        return sorted(self._identical)

    def same_pictures(self) -> list[Alike]:
        """Find the other pictures that show the same."""
        return [pair for pair in self._pictures() if pair not in self._identical]

    def same_recordings(self) -> list[Alike]:
        """Find the other sounds that hold the same recording."""
        return [pair for pair in self._recordings() if pair not in self._identical]

    def _identical_files(self) -> Iterator[Alike]:
        ours: dict[str, list[str]] = defaultdict(list)
        for name in (*self._a.pictures, *self._a.sounds):
            if digest := self._digest(self._a, name):
                ours[digest].append(name)
        for name in (*self._b.pictures, *self._b.sounds):
            for same in ours.get(self._digest(self._b, name), []):
                yield same, name

    def _digest(self, side: AuditedSet, name: str) -> str:
        try:
            return hashlib.sha256(_path(side, name).read_bytes()).hexdigest()
        except OSError:
            self.unreadable.append(f"{side.name}/{name}")
            return ""

    def _pictures(self) -> Iterator[Alike]:
        names: list[list[str]] = [[], []]
        prints: list[list[PicturePrint]] = [[], []]
        total = len(self._a.pictures) + len(self._b.pictures)
        done = 0
        for side, audited in enumerate((self._a, self._b)):
            for name in audited.pictures:
                done += 1
                self._tell("pictures", done, total)
                grey = cv2.imread(str(_path(audited, name)), cv2.IMREAD_GRAYSCALE)
                if grey is None:
                    self.unreadable.append(f"{audited.name}/{name}")
                    continue
                names[side].append(name)
                prints[side].append(picture_print(np.asarray(grey, np.uint8)))
        for i, j in same_pictures(*prints):
            yield names[0][i], names[1][j]

    def _recordings(self) -> Iterator[Alike]:
        total = len(self._a.sounds) + len(self._b.sounds)
        theirs = []
        for done, name in enumerate(self._b.sounds, start=1):
            theirs.append(self._landmarks(self._b, name))
            self._tell("sounds", done, total)
        index = RecordingIndex(theirs)
        for done, name in enumerate(self._a.sounds, start=len(theirs) + 1):
            for found in index.aligned(self._landmarks(self._a, name)):
                pair = name, self._b.sounds[found.number]
                ours, others = (
                    read_sound(_path(side, part))
                    for side, part in zip((self._a, self._b), pair, strict=True)
                )
                if pair in self._identical or is_same_recording(
                    ours, others, later=found.later
                ):
                    yield pair
            self._tell("sounds", done, total)

    def _landmarks(self, side: AuditedSet, name: str) -> Landmarks:
        try:
            return landmarks_of(read_sound(_path(side, name)))
        except DatasetError:
            self.unreadable.append(f"{side.name}/{name}")
            return Landmarks.none()


def _path(side: AuditedSet, name: str) -> Path:
    return (side.folder or Path()) / name
