"""One of two sets that are compared: a pair set, a split of one, or a list of clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from soundloc.data.clip_names import clip_name, read_clip_list, source_name
from soundloc.data.pairs import SPLITS, PairSet, read_pair_set


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
