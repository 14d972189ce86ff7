"""Finds what two sets of clips have in common: names, sources, media.

The lists in use share thousands of clips between training and test, and nobody sees
it in a loss curve. Names tell most of it, if each clip has one name; the same picture
or recording under another name only the media themselves can tell.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from soundloc.clip_names import clip_name, read_clip_list, source_name
from soundloc.errors import DatasetError
from soundloc.pairs import SPLITS, PairSet, read_pair_set, read_sound
from soundloc.same_picture import PicturePrint, picture_print, same_pictures
from soundloc.same_recording import Landmarks, RecordingIndex, is_same_recording
from soundloc.same_recording import landmarks as landmarks_of

Progress = Callable[[str, int, int], None]

CLIPS, SOURCES = "shared clips", "shared sources"
FILES, PICTURES = "identical files", "pictures that are the same"
RECORDINGS = "sounds with the same recording"

_N_NAMED = 5


@dataclass(frozen=True, slots=True)
class AuditedSet:
    """One of the two sets.

    Parameters
    ----------
    clips
        Names in the order of the set; a list may repeat them.
    sources
        What the clips were cut from.
    folder
        Where the media are; None for a list.
    pictures, sounds
        The files, relative to the folder.
    """

    name: str
    clips: tuple[str, ...]
    sources: frozenset[str]
    folder: Path | None = None
    pictures: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetSize:
    """How large an audited set is; `repeated` clips are listed more than once."""

    name: str
    n_listed: int
    n_clips: int
    n_sources: int
    n_pictures: int
    n_sounds: int
    repeated: tuple[str, ...]

    @classmethod
    def of(cls, audited: AuditedSet) -> SetSize:
        """Count a set."""
        counts = Counter(audited.clips)
        return cls(
            audited.name,
            len(audited.clips),
            len(counts),
            len(audited.sources),
            len(audited.pictures),
            len(audited.sounds),
            tuple(name for name, n in counts.items() if n > 1),
        )

    def words(self) -> str:
        """Say how large it is."""
        words = f"{self.name}: {self.n_clips} clips of {self.n_sources} sources"
        if self.repeated:
            words += f", {self.n_listed - self.n_clips} more lines repeat some of them"
        if self.n_pictures or self.n_sounds:
            words += f", {self.n_pictures} pictures, {self.n_sounds} sounds"
        return words


@dataclass(frozen=True, slots=True)
class Shared:
    """What both sets have in one respect.

    Parameters
    ----------
    names
        The shared names; of media, the files of the second set.
    alike
        Of media, the files of the first and of the second set that are alike.
    """

    what: str
    names: tuple[str, ...]
    alike: tuple[tuple[str, str], ...] = ()

    def words(self) -> str:
        """Count it and name the first."""
        if not self.names:
            return f"no {self.what}"
        named = [f"{a} = {b}" for a, b in self.alike] or list(self.names)
        more = len(named) - _N_NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f"{len(self.names)} {self.what}: {', '.join(named[:_N_NAMED])}{rest}"


@dataclass(frozen=True, slots=True)
class Audit:
    """Two sets and everything that they share."""

    a: SetSize
    b: SetSize
    shared: tuple[Shared, ...]
    notes: tuple[str, ...]
    n_shared: int

    def named(self, what: str) -> tuple[str, ...]:
        """Return what is shared in one respect."""
        return next((part.names for part in self.shared if part.what == what), ())

    def words(self) -> str:
        """Say how large the sets are and what they share."""
        parts = [
            self.a.words(),
            self.b.words(),
            *(part.words() for part in self.shared),
        ]
        return "\n".join([*parts, *self.notes])


def read_audited(place: str) -> AuditedSet:
    """Read a pair set, a split of one (`FOLDER:train`), or a list of clips.

    Raises
    ------
    DatasetError
        If it is none of them.
    """
    folder, _, split = place.rpartition(":")
    if folder and split in SPLITS and not Path(place).exists():
        return _of_pairs(place, read_pair_set(Path(folder)).split(split))
    if (Path(place) / "pictures.jsonl").exists():
        return _of_pairs(place, read_pair_set(Path(place)))
    names = tuple(clip.name for clip in read_clip_list(Path(place)))
    return AuditedSet(place, names, frozenset(map(source_name, names)))


def _of_pairs(name: str, pairs: PairSet) -> AuditedSet:
    """Take the clips of a pair set: what comes before the `@` of the instances."""
    entries = [
        *((p.source, o.instance) for p in pairs.pictures for o in p.objects),
        *((p.source, "") for p in pairs.pictures if not p.objects),
        *((s.source, s.instance) for s in pairs.sounds),
    ]
    clips = (clip_name(inst.rpartition("@")[0] or source) for source, inst in entries)
    return AuditedSet(
        name,
        tuple(dict.fromkeys(clips)),
        frozenset(clip_name(source) for source, _ in entries),
        pairs.folder,
        tuple(dict.fromkeys(p.picture for p in pairs.pictures)),
        tuple(dict.fromkeys(s.sound for s in pairs.sounds)),
    )


def audit(
    a: AuditedSet,
    b: AuditedSet,
    *,
    with_media: bool = True,
    on_step: Progress | None = None,
) -> Audit:
    """Compare two sets: names always, media where both have them."""
    shared = [
        Shared(CLIPS, _common(a.clips, b.clips)),
        Shared(SOURCES, _common(a.sources, b.sources)),
    ]
    notes: list[str] = []
    if a.folder is None or b.folder is None:
        notes.append("a list has no media: only names were compared")
    elif with_media:
        comparison = _MediaComparison(a, b, on_step or (lambda what, n, total: None))
        shared += comparison.shared()
        notes += comparison.notes()
    n_shared = sum(len(part.names) for part in shared)
    return Audit(SetSize.of(a), SetSize.of(b), tuple(shared), tuple(notes), n_shared)


def _common(a: Iterable[str], b: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(a) & set(b)))


def _alike(what: str, pairs: Iterable[tuple[str, str]]) -> Shared:
    found = tuple(pairs)
    return Shared(what, tuple(dict.fromkeys(theirs for _, theirs in found)), found)


class _MediaComparison:
    """The media of two sets: files, then what they show and play."""

    def __init__(self, a: AuditedSet, b: AuditedSet, tell: Progress) -> None:
        self._a, self._b, self._tell = a, b, tell
        self._unreadable: list[str] = []
        self._identical: set[tuple[str, str]] = set()

    def shared(self) -> list[Shared]:
        files = list(self._identical_files())
        self._identical = set(files)
        return [
            _alike(FILES, files),
            _alike(PICTURES, self._but_files(self._same_pictures())),
            _alike(RECORDINGS, self._but_files(self._same_recordings())),
        ]

    def notes(self) -> list[str]:
        """Name the files that could not be compared."""
        if not self._unreadable:
            return []
        named = ", ".join(self._unreadable[:_N_NAMED])
        return [f"{len(self._unreadable)} files could not be read: {named}"]

    def _but_files(self, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        return (pair for pair in pairs if pair not in self._identical)

    def _identical_files(self) -> Iterator[tuple[str, str]]:
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
            self._unreadable.append(f"{side.name}/{name}")
            return ""

    def _same_pictures(self) -> Iterator[tuple[str, str]]:
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
                    self._unreadable.append(f"{audited.name}/{name}")
                    continue
                names[side].append(name)
                prints[side].append(picture_print(np.asarray(grey, np.uint8)))
        for i, j in same_pictures(*prints):
            yield names[0][i], names[1][j]

    def _same_recordings(self) -> Iterator[tuple[str, str]]:
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
            self._unreadable.append(f"{side.name}/{name}")
            return Landmarks.none()


def _path(side: AuditedSet, name: str) -> Path:
    return (side.folder or Path()) / name
