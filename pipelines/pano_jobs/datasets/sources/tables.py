"""Reads tables of clips with their classes and splits."""

from __future__ import annotations

from pathlib import Path

from soundloc.data.clip_names import ListedClip, clip_name, read_clip_list
from soundloc.data.pairs import SPLITS

_SPLITS = {name: name for name in SPLITS} | {
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "testing": "test",
}


def split_called(word: str) -> str:
    """Return the split that a data set calls so, "" if it is none."""
    return _SPLITS.get(word.strip().lower(), "")


class Labels:
    """The classes and splits of clips by their names; empty without a table."""

    def __init__(self, clips: tuple[ListedClip, ...] = ()) -> None:
        self._clips = {clip.name: clip for clip in clips}

    @classmethod
    def read(cls, table: Path | None) -> Labels:
        """Read a table, if there is one.

        Raises
        ------
        DatasetError
            If it cannot be read.
        """
        return cls() if table is None else cls(read_clip_list(table))

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all clips."""
        return frozenset(self._clips)

    def kind(self, clip: str) -> str | None:
        """Return the class of a clip, None if unknown."""
        found = self._clips.get(clip_name(clip))
        return found.kind or None if found else None

    def splits(self) -> dict[str, frozenset[str]]:
        """Return the clips of every split that the table knows."""
        return {
            split: frozenset(
                clip.name
                for clip in self._clips.values()
                if split_called(clip.split) == split
            )
            for split in SPLITS
        }
