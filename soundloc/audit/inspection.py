"""Validates a pair set before training: what is broken, what is odd.

Training passes over most faults without a word: a silent sound pulls its features to
a constant, a box without area is a target of zeros, a recording in two splits makes
every figure too good. Everything is counted and named, nothing repaired.
"""

from __future__ import annotations

import json
import struct
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from soundloc.data.pairs import (
    SAMPLE_RATE_HZ,
    SPLITS,
    PictureEntry,
    SoundEntry,
    picture_from_row,
    read_sound,
    sound_from_row,
)
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress, untold

# Five of the sixteen bits: what is softer than this is the hiss of an encoder.
SILENT_PEAK = 5e-4

_N_NAMED = 5

Row = dict[str, Any]
Entry = TypeVar("Entry", PictureEntry, SoundEntry)

_JPEG, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_PNG, _PNG_END = b"\x89PNG", b"IEND"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a pair set.

    Parameters
    ----------
    is_fault
        It breaks training or measuring; otherwise it is only worth knowing.
    names
        Where, one name for each time.
    """

    what: str
    is_fault: bool
    names: tuple[str, ...]

    def words(self) -> str:
        """Count them and name the first."""
        named = ", ".join(self.names[:_N_NAMED])
        more = len(self.names) - _N_NAMED
        rest = f" and {more} more" if more > 0 else ""
        sign = "✗" if self.is_fault else "·"
        return f"{sign} {self.what}, {len(self.names)}: {named}{rest}"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A pair set and what was found in it; `n_faults` counts what is broken."""

    folder: Path
    n_pictures: int
    n_sounds: int
    n_faults: int
    findings: tuple[Finding, ...]

    def words(self) -> str:
        """Say what is broken, then what is odd."""
        verdict = f"{self.n_faults} faults" if self.n_faults else "no fault"
        return "\n".join(
            [
                f"{self.folder}: {self.n_pictures} pictures, {self.n_sounds} sounds, "
                f"{verdict}",
                *(finding.words() for finding in self.findings),
            ]
        )

    def named(self, what: str) -> tuple[str, ...]:
        """Return where something was found."""
        return next((f.names for f in self.findings if f.what == what), ())


def is_silent(samples: NDArray[np.float32]) -> bool:
    """Tell whether a sound in [-1, 1] holds nothing that can be heard."""
    return samples.size == 0 or float(np.abs(samples).max()) < SILENT_PEAK


def picture_fault(path: Path) -> str:
    """Say what is wrong with the file of a picture; "" if nothing.

    OpenCV makes a grey half of a JPEG that was cut short, so the end is looked for.
    Damage in the middle of one cannot be told from a picture.
    """
    if not path.is_file():
        return "missing picture"
    data = path.read_bytes()
    if data.startswith(_JPEG) and data.rfind(_JPEG_END) < data.rfind(_JPEG_SCAN):
        return "corrupt picture"
    if data.startswith(_PNG) and _PNG_END not in data[-16:]:
        return "corrupt picture"
    if not data:
        return "corrupt picture"
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return "corrupt picture" if image is None else ""


def inspect_pairs(folder: Path, *, on_step: StepProgress = untold) -> Inspection:
    """Look a pair set over, every file of it.

    Raises
    ------
    DatasetError
        If the folder has no tables.
    """
    found = _Findings()
    pictures = list(_read_table(folder / "pictures.jsonl", _picture, found))
    sounds = list(_read_table(folder / "sounds.jsonl", _sound, found))
    for number, picture in enumerate(pictures, start=1):
        if fault := picture_fault(folder / picture.picture):
            found.fault(fault, picture.picture)
        on_step("pictures", number, len(pictures))
    for number, sound in enumerate(sounds, start=1):
        fault = sound_fault(folder / sound.sound)
        # Silence that says that it comes from nowhere is a lesson of its own.
        if fault and not (fault == "silent sound" and sound.is_unlocalizable):
            found.fault(fault, sound.sound)
        on_step("sounds", number, len(sounds))
    _find_leaks(pictures, sounds, found)
    _find_repetitions(pictures, sounds, found)
    for split in SPLITS:
        _find_unanswered(
            split,
            [p for p in pictures if p.split == split],
            [s for s in sounds if s.split == split],
            found,
        )
    findings = found.listed()
    n_faults = sum(len(finding.names) for finding in findings if finding.is_fault)
    return Inspection(folder, len(pictures), len(sounds), n_faults, findings)


class _Findings:
    def __init__(self) -> None:
        self._names: dict[tuple[str, bool], list[str]] = {}

    def fault(self, what: str, name: str) -> None:
        self._names.setdefault((what, True), []).append(name)

    def oddity(self, what: str, name: str) -> None:
        self._names.setdefault((what, False), []).append(name)

    def listed(self) -> tuple[Finding, ...]:
        """Return the findings, faults first."""
        found = [
            Finding(what, is_fault, tuple(names))
            for (what, is_fault), names in self._names.items()
        ]
        return tuple(sorted(found, key=lambda finding: not finding.is_fault))


def _read_table(
    table: Path, read: Callable[[Row, _Findings], Entry], found: _Findings
) -> Iterator[Entry]:
    """Yield the entries that can be read; the others are findings."""
    if not table.is_file():
        raise DatasetError(
            f"{table} does not exist; a pair set holds pictures.jsonl and "
            "sounds.jsonl (`pano prepare` makes them)."
        )
    lines = table.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            entry = read(json.loads(line), found)
            if entry.split not in SPLITS:
                raise ValueError(f"{entry.split!r} is no split")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            found.fault("malformed line", f"{table.name}:{number} ({error!r})")
            continue
        yield entry


def _picture(row: Row, found: _Findings) -> PictureEntry:
    """Read a picture without those of its boxes that are none."""
    wraps = bool(row.get("wrap", False))
    objects = []
    for placed in row["objects"]:
        places = [placed, *placed.get("opinions", ())]
        for place in places:
            for box in place["boxes"]:
                if not _is_box(box, wraps=wraps):
                    found.fault("degenerate box", f"{row['picture']} {box}")
        sound = [
            {**p, "boxes": [b for b in p["boxes"] if _is_box(b, wraps=wraps)]}
            for p in places
        ]
        objects.append({**sound[0], "opinions": sound[1:]})
    return picture_from_row({**row, "objects": objects})


def _sound(row: Row, _: _Findings) -> SoundEntry:
    return sound_from_row(row)


def _is_box(box: object, *, wraps: bool) -> bool:
    if not isinstance(box, list) or len(box) != 4:
        return False
    if not all(isinstance(edge, int | float) and 0 <= edge <= 1 for edge in box):
        return False
    x0, y0, x1, y1 = box
    return bool(y0 < y1 and (x0 < x1 or (wraps and x0 > x1)))


def sound_fault(path: Path) -> str:
    """Say what is wrong with the file of a sound; "" if nothing."""
    if not path.is_file():
        return "missing sound"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=scipy.io.wavfile.WavFileWarning)
            warnings.filterwarnings("error", message=".*prematurely")
            rate_hz, samples = scipy.io.wavfile.read(path)
    except (OSError, ValueError, struct.error, scipy.io.wavfile.WavFileWarning):
        return "corrupt sound"
    if samples.size == 0 or not np.isfinite(samples).all():
        return "corrupt sound"
    if rate_hz != SAMPLE_RATE_HZ or samples.ndim != 1:
        return "sound that is not mono at 22,050 Hz"
    return "silent sound" if is_silent(read_sound(path)) else ""


def _find_leaks(
    pictures: list[PictureEntry], sounds: list[SoundEntry], found: _Findings
) -> None:
    by_source: dict[str, set[str]] = defaultdict(set)
    by_instance: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        by_source[picture.source].add(picture.split)
        for placed in picture.objects:
            by_instance[placed.instance].add(picture.split)
    for sound in sounds:
        by_source[sound.source].add(sound.split)
        by_instance[sound.instance].add(sound.split)
    for what, groups in (("source", by_source), ("instance", by_instance)):
        for name, splits in groups.items():
            if name and len(splits) > 1:
                where = ", ".join(s for s in SPLITS if s in splits)
                found.fault(f"{what} in several splits", f"{name} ({where})")


def _find_repetitions(
    pictures: list[PictureEntry], sounds: list[SoundEntry], found: _Findings
) -> None:
    seen: set[str] = set()
    for name in [*(p.picture for p in pictures), *(s.sound for s in sounds)]:
        if name in seen:
            found.oddity("listed twice", name)
        seen.add(name)


def _find_unanswered(
    split: str,
    pictures: list[PictureEntry],
    sounds: list[SoundEntry],
    found: _Findings,
) -> None:
    if not pictures or not sounds:
        found.oddity("split without pictures or without sounds", split)
    objects = [placed for picture in pictures for placed in picture.objects]
    heard = {s.kind for s in sounds} - {None}, {s.instance for s in sounds} - {""}
    seen = {o.kind for o in objects} - {None}, {o.instance for o in objects} - {""}
    for picture in pictures:
        for placed in picture.objects:
            if placed.kind not in heard[0] and placed.instance not in heard[1]:
                name = f"{picture.picture} {placed.kind or placed.instance}"
                found.oddity("object no sound answers to", name)
        if not picture.objects:
            found.oddity("picture without objects", picture.picture)
    for sound in sounds:
        is_asked = sound.kind in seen[0] or sound.instance in seen[1]
        if not is_asked and not sound.is_unlocalizable:
            found.oddity("sound nothing answers to", sound.sound)
