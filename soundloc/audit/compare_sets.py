"""Finds the overlap of two sets of clips: names, sources, media.

The lists in use share thousands of clips between training and test, and nobody sees
it in a loss curve. Names tell most of it, if each clip has one name; the same picture
or recording under another name only the media themselves can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from soundloc.audit.audited_set import AuditedSet
from soundloc.audit.shared_media import MediaComparison
from soundloc.progress import StepProgress, untold

CLIPS, SOURCES = "shared clips", "shared sources"
FILES, PICTURES = "identical files", "pictures that are the same"
RECORDINGS = "sounds with the same recording"

_N_NAMED = 5


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


def audit(
    a: AuditedSet,
    b: AuditedSet,
    *,
    with_media: bool = True,
    on_step: StepProgress = untold,
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
        media = MediaComparison(a, b, on_step)
        shared += [
            _alike(FILES, media.identical_files()),
            _alike(PICTURES, media.same_pictures()),
            _alike(RECORDINGS, media.same_recordings()),
        ]
        if media.unreadable:
            named = ", ".join(media.unreadable[:_N_NAMED])
            notes.append(f"{len(media.unreadable)} files could not be read: {named}")
    n_shared = sum(len(part.names) for part in shared)
    return Audit(SetSize.of(a), SetSize.of(b), tuple(shared), tuple(notes), n_shared)


def _common(a: Iterable[str], b: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(a) & set(b)))


def _alike(what: str, found: list[tuple[str, str]]) -> Shared:
    return Shared(what, tuple(dict.fromkeys(b for _, b in found)), tuple(found))
