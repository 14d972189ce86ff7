"""Matching of objects and sounds: which are positives, which negatives of each other.

Pictures and sounds meet by kind or by instance (`soundloc.data.pairs`). Everything that
draws or judges pairs asks here, so that training and measuring agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from soundloc.data.pairs import PairSet, PlacedObject, SoundEntry

Related = Callable[[str | None, str | None], bool]


class Matching:
    """Match the objects and sounds of one split, by instance or by kind.

    Parameters
    ----------
    related
        Tells which kinds are easily mistaken for each other.
    """

    def __init__(self, pair_set: PairSet, *, related: Related) -> None:
        self._related = related
        by_kind: dict[str, list[int]] = defaultdict(list)
        by_instance: dict[str, list[int]] = defaultdict(list)
        self.unlocalizable: list[int] = []
        for number, entry in enumerate(pair_set.sounds):
            if entry.is_unlocalizable:
                self.unlocalizable.append(number)
            if entry.kind is not None:
                by_kind[entry.kind].append(number)
            if entry.instance:
                by_instance[entry.instance].append(number)
        self._by_kind, self._by_instance = dict(by_kind), dict(by_instance)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name the kinds of the sounds, sorted."""
        return tuple(sorted(self._by_kind))

    def own(self, placed: PlacedObject) -> list[int]:
        """Return the numbers of the sounds recorded with an object."""
        return self._by_instance.get(placed.instance, []) if placed.instance else []

    def kin(self, kind: str | None) -> list[int]:
        """Return the numbers of the sounds of a kind."""
        return [] if kind is None else self._by_kind.get(kind, [])

    def any(self, placed: PlacedObject) -> bool:
        """Tell whether an object answers to any sound."""
        return bool(self.own(placed) or self.kin(placed.kind))

    def belongs(self, objects: tuple[PlacedObject, ...], sound: SoundEntry) -> int:
        """Judge a sound in a picture with these objects.

        +1: one of them answers to it; -1: it is foreign to all; 0: it may be mistaken
        for one of them, so that neither is sure.
        """
        instances = {o.instance for o in objects if o.instance}
        if sound.instance and sound.instance in instances:
            return 1
        # Another moment of the same clip: perhaps the same source, perhaps not.
        moments = {_clip(instance) for instance in instances}
        same_clip = bool(sound.instance) and _clip(sound.instance) in moments
        if sound.kind is None:
            return 0 if same_clip else -1
        shown = {o.kind for o in objects if o.kind is not None}
        if sound.kind in shown:
            return 1
        is_doubtful = same_clip or any(self._related(sound.kind, k) for k in shown)
        return 0 if is_doubtful else -1


def _clip(instance: str) -> str:
    """Name the clip of an instance, which may say `clip@start-stop`."""
    return instance.partition("@")[0]
