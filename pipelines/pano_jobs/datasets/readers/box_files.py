"""Pairs from the box files in pixels of 224 × 224: IS3, VPO, AVSBench's boxes.

A line is a picture, a sound and a box, by paths of their authors' disks; the files are
found by how their paths end. Pictures of several sounds are stored once for each: the
same bytes are one picture with several objects, so that interaction can be measured.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pano_jobs.datasets.gather_settings import GatherSettings
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.readers.avsbench import numbered_frame, parts_of
from pano_jobs.datasets.sources.clip_pairs import ClipPairs
from pano_jobs.datasets.sources.clips import Waveform, Window, cut_window, middle_window
from pano_jobs.datasets.sources.files import TailIndex
from pano_jobs.datasets.sources.sounds import is_usable_window, usable_track
from pano_jobs.datasets.sources.stills import add_still, is_usable_still
from pano_jobs.datasets.splits import Splits
from soundloc.data.annotations import AnnotatedPicture, read_box_json
from soundloc.data.clip_names import (
    PICTURE_SUFFIXES,
    SOUND_SUFFIXES,
    clip_name,
    source_name,
)
from soundloc.data.pairs import PlacedObject
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress

# `<one>_<other>_<number>_<what sounds>`, as IS3 names what it has drawn.
_IS3 = re.compile(r"(?P<scene>[a-z]+_[a-z]+(?:_\d+)?)_(?P<kind>[a-z]+)$")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line whose files are here."""

    annotated: AnnotatedPicture
    picture: Path
    sound: Path

    @property
    def clip(self) -> str:
        return clip_name(self.annotated.sound)

    @property
    def source(self) -> str:
        found = _IS3.match(self.clip)
        return found["scene"] if found else source_name(self.clip)

    @property
    def kind(self) -> str | None:
        found = _IS3.match(self.clip)
        kind = parts_of(Path(self.annotated.sound), self.clip).kind
        return found["kind"] if found else kind

    def window(self, track: Waveform, window_s: float) -> Window:
        """Cut the sound around the picture, whose time only AVSBench tells."""
        frame = numbered_frame(Path(self.annotated.picture))
        if frame is not None and frame.video == self.clip:
            return cut_window(track, frame.time_s, window_s)
        return middle_window(track, window_s)


def gather_boxes(
    source: Path,
    settings: GatherSettings,
    splits: Splits,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    """Take every picture of a box file with its sounds.

    What the file does not say to be of another split is for testing: that is what
    these files are made for.

    Raises
    ------
    DatasetError
        If there is no box file, or it cannot be read.
    """
    if settings.boxes is None:
        raise DatasetError("the boxes are missing; name their file with --boxes.")
    annotations = read_box_json(settings.boxes)
    writer.repairs = annotations.repairs
    said: dict[str, list[str]] = {}
    for annotated in annotations.pictures:
        clip = clip_name(annotated.sound)
        split = parts_of(Path(annotated.sound), clip).split or "test"
        said.setdefault(split, []).append(clip)
    splits = splits.completed(said)
    groups = _same_pictures(_lines_here(source, annotations.pictures, writer))
    clips: dict[str, ClipPairs] = {}
    for number, lines in enumerate(groups, start=1):
        _gather_picture(lines, clips, settings.window_s, splits, writer)
        tell("pictures", number, len(groups))


def _lines_here(
    source: Path, pictures: tuple[AnnotatedPicture, ...], writer: PairWriter
) -> list[_Line]:
    stills = TailIndex(source, PICTURE_SUFFIXES)
    sounds = TailIndex(source, SOUND_SUFFIXES)
    lines = []
    for annotated in pictures:
        still, sound = stills.find(annotated.picture), sounds.find(annotated.sound)
        if not is_usable_still(writer, still, annotated.picture) or still is None:
            continue
        if sound is None:
            writer.leave_out("missing sound", annotated.sound)
            continue
        lines.append(_Line(annotated, still, sound))
    return lines


def _same_pictures(lines: list[_Line]) -> list[list[_Line]]:
    groups: dict[bytes, list[_Line]] = {}
    for line in lines:
        digest = hashlib.sha256(line.picture.read_bytes()).digest()
        groups.setdefault(digest, []).append(line)
    return list(groups.values())


def _gather_picture(
    lines: list[_Line],
    clips: dict[str, ClipPairs],
    window_s: float,
    splits: Splits,
    writer: PairWriter,
) -> None:
    objects: list[PlacedObject] = []
    n_heard = 0
    first = lines[0]
    placement = splits.place(first.clip, first.source)
    name = clip_name(first.annotated.picture)
    if placement.reason:
        writer.leave_out(placement.reason, name)
        return
    for line in lines:
        track = usable_track(writer, line.sound, line.clip)
        if track is None:
            continue
        window = line.window(track, window_s)
        if not is_usable_window(writer, window, line.clip):
            continue
        n_heard += 1
        if line.clip not in clips:
            clips[line.clip] = ClipPairs(
                writer, line.clip, line.kind, placement.split, first.source
            )
        # A box of zeros: the sound comes from nothing in the picture.
        if line.annotated.has_source():
            placed = clips[line.clip].placed(window, line.annotated.opinions)
            objects.append(placed)
    if n_heard:
        add_still(
            writer, first.picture, name, placement.split, first.source, tuple(objects)
        )
