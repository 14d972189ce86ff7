"""Pairs from folders of pictures and folders of sounds, joined by class.

`PICTURES/<class>/*.jpg` and `SOUNDS/<class>/*.wav`: every picture of a class answers
to every sound of it. Nothing was recorded together, so there are no instances.
"""

from __future__ import annotations

import re
from pathlib import Path

from pano_jobs.datasets.gather_settings import GatherSettings
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clips import middle_window
from pano_jobs.datasets.sources.files import FilesByName, files_below, grouped
from pano_jobs.datasets.sources.sounds import is_usable_window, usable_track
from pano_jobs.datasets.sources.stills import add_still, is_usable_still
from pano_jobs.datasets.splits import Splits
from soundloc.data.clip_names import PICTURE_SUFFIXES, SOUND_SUFFIXES
from soundloc.data.pairs import PlacedObject
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress

_PICTURE_FOLDERS = ("pictures", "images")


def gather_folders(
    source: Path,
    settings: GatherSettings,
    splits: Splits,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    """Join folders of pictures and of sounds by the names of their subfolders.

    Raises
    ------
    DatasetError
        If a folder is missing, they have no class in common, or the expression for
        recordings is none.
    """
    pictures, sounds = _folders(source, settings)
    nowhere = set(settings.nowhere)
    common = set(pictures) & set(sounds)
    if not common:
        raise DatasetError(
            f"the folders of pictures and sounds of {source} have no class in "
            "common; name their subfolders alike."
        )
    for kind in sorted(set(pictures) ^ set(sounds) - nowhere):
        lack = "sounds" if kind in pictures else "pictures"
        writer.leave_out(f"classes without {lack}", kind)
    recording = _pattern(settings.recording)
    chosen = [(kind, p) for kind in sorted(common - nowhere) for p in pictures[kind]]
    for number, (kind, path) in enumerate(chosen, start=1):
        _add_picture(path, kind, recording, splits, writer)
        tell("pictures", number, len(chosen))
    heard = sorted((common | nowhere) & set(sounds))
    chosen = [(kind, p) for kind in heard for p in sounds[kind]]
    for number, (kind, path) in enumerate(chosen, start=1):
        named = None if kind in nowhere else kind
        _add_sound(path, named, settings.window_s, recording, splits, writer)
        tell("sounds", number, len(chosen))


def _folders(source: Path, settings: GatherSettings) -> tuple[FilesByName, FilesByName]:
    """Find the files of each class: in subfolders at any depth, by the lowest name."""
    pictures, sounds = source, settings.sounds
    if sounds is None:
        sounds = pictures / "sounds"
        inner = [pictures / name for name in _PICTURE_FOLDERS]
        pictures = next((folder for folder in inner if folder.is_dir()), inner[0])
    return (
        grouped(files_below(pictures, PICTURE_SUFFIXES), lambda p: p.parent.name),
        grouped(files_below(sounds, SOUND_SUFFIXES), lambda p: p.parent.name),
    )


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise DatasetError(f"{text!r} is no regular expression ({error}).") from error


def _recording(path: Path, pattern: re.Pattern[str] | None) -> str:
    found = pattern.search(path.stem) if pattern else None
    if found is None:
        return path.stem
    return next((part for part in found.groups() if part), found[0])


def _add_picture(
    path: Path,
    kind: str,
    recording: re.Pattern[str] | None,
    splits: Splits,
    writer: PairWriter,
) -> None:
    source = _recording(path, recording)
    placement = splits.place(path.name, source)
    if placement.reason:
        writer.leave_out(placement.reason, str(path))
    elif is_usable_still(writer, path, path.name):
        objects = (PlacedObject(kind),)
        name = f"{kind}-{path.stem}"
        add_still(writer, path, name, placement.split, source, objects)


def _add_sound(
    path: Path,
    kind: str | None,
    window_s: float,
    recording: re.Pattern[str] | None,
    splits: Splits,
    writer: PairWriter,
) -> None:
    source = _recording(path, recording)
    placement = splits.place(path.name, source)
    if placement.reason:
        writer.leave_out(placement.reason, str(path))
        return
    track = usable_track(writer, path, str(path))
    if track is None:
        return
    window = middle_window(track, window_s)
    # Silence may be a lesson, if it says that it comes from nowhere.
    is_lesson = kind is None and window.fault == "silent"
    if not is_lesson and not is_usable_window(writer, window, str(path)):
        return
    writer.add_sound(
        window.samples,
        name=f"{kind or 'nowhere'}-{path.stem}",
        kind=kind,
        split=placement.split,
        source=source,
    )
