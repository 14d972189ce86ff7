"""Assigns clips to training, validation and test: published lists, else a hash.

Where a data set says which clips are for testing, exactly those are; everything else
is divided by a hash of its source, and never crosses a published border again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pano_jobs.datasets.material import split_of
from soundloc.data.clip_names import clip_name, read_clip_list, source_name

NOT_LISTED = "on none of the lists"
OF_A_LISTED_SOURCE = "cut from the same source as a test or validation clip"


@dataclass(frozen=True, slots=True)
class Placement:
    """The split of a clip, or why it has none."""

    split: str = ""
    reason: str = ""


class Splits:
    """Divides the clips of a data set.

    Parameters
    ----------
    lists
        The clips of a split, for those splits that have a list.
    everything
        The split of all clips, "" if they are divided.
    """

    def __init__(
        self, lists: Mapping[str, Iterable[str]] | None = None, *, everything: str = ""
    ) -> None:
        self.everything = everything
        self.lists = {
            split: frozenset(map(clip_name, names))
            for split, names in (lists or {}).items()
        }
        self._held_back = {
            source_name(name)
            for split in ("test", "validation")
            for name in self.lists.get(split, ())
        }

    @classmethod
    def read(cls, lists: Mapping[str, Path], *, everything: str = "") -> Splits:
        """Read lists of clips from files.

        Raises
        ------
        DatasetError
            If a list cannot be read.
        """
        names = {
            split: [clip.name for clip in read_clip_list(path)]
            for split, path in lists.items()
        }
        return cls(names, everything=everything)

    def completed(self, lists: Mapping[str, Collection[str]]) -> Splits:
        """Add what the data set itself says, for splits that have no list yet."""
        known = {split: frozenset(names) for split, names in lists.items() if names}
        return Splits(known | self.lists, everything=self.everything)

    def place(self, clip: str, source: str) -> Placement:
        """Find the split of a clip.

        A clip on the list for testing is tested on, whatever other lists it is on.
        Without a list for validation, the part of the training that its hash says is
        used for it.
        """
        if self.everything:
            return Placement(self.everything)
        name = clip_name(clip)
        for split in ("test", "validation"):
            if name in self.lists.get(split, ()):
                return Placement(split)
        is_listed = name in self.lists.get("train", ())
        if "train" in self.lists and not is_listed:
            return Placement(reason=NOT_LISTED)
        if not is_listed and source_name(name) in self._held_back:
            return Placement(reason=OF_A_LISTED_SOURCE)
        drawn = split_of(source)
        is_free = drawn not in self.lists and not (is_listed and drawn == "test")
        return Placement(drawn if is_free else "train")

    def missing(self, found: Collection[str]) -> tuple[str, ...]:
        """Name the listed clips that are not among those found, sorted."""
        listed = frozenset[str]().union(*self.lists.values())
        return tuple(sorted(listed.difference(found)))
