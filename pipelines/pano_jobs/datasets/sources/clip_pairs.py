"""The pairs of one clip: its pictures, each with the sound around it.

Windows of neighbouring pictures may be the same stretch of sound, in short clips they
all are. Each stretch is written once, and its name is the instance that its pictures
share: were they strangers to each other, training would call a clip's own sound
foreign.
"""

from __future__ import annotations

from pathlib import Path

from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clips import Picture, Window
from pano_jobs.datasets.sources.stills import add_still
from soundloc.data.pairs import Opinion, PlacedObject


class ClipPairs:
    """Writes the pairs of one clip.

    Parameters
    ----------
    clip
        Its name; it comes before the `@` of every instance.
    kind
        The class of its sound, None if unknown.
    """

    def __init__(
        self, writer: PairWriter, clip: str, kind: str | None, split: str, source: str
    ) -> None:
        self._writer = writer
        self._clip = clip
        self._kind = kind
        self._split = split
        self._source = source
        self._instances: set[str] = set()

    def instance(self, window: Window) -> str:
        """Write a stretch of sound, unless it is written already, and name it."""
        instance = f"{self._clip}@{window.start_s:.2f}-{window.stop_s:.2f}"
        if instance not in self._instances:
            self._instances.add(instance)
            self._writer.add_sound(
                window.samples,
                name=instance,
                kind=self._kind,
                split=self._split,
                source=self._source,
                instance=instance,
            )
        return instance

    def placed(
        self, window: Window, opinions: tuple[Opinion, ...] = ()
    ) -> PlacedObject:
        """Make the object that a window of sound comes from."""
        instance = self.instance(window)
        if len(opinions) == 1 and not opinions[0].tag:
            return PlacedObject(self._kind, opinions[0].boxes, instance)
        return PlacedObject(self._kind, (), instance, opinions)

    def add_picture(
        self,
        image: Picture,
        name: str,
        objects: tuple[PlacedObject, ...],
        *,
        wrap: bool = False,
    ) -> None:
        """Write a picture of the clip."""
        self._writer.add_picture(
            image,
            name=name,
            split=self._split,
            source=self._source,
            objects=objects,
            wrap=wrap,
        )

    def add_still(
        self, path: Path, name: str, objects: tuple[PlacedObject, ...]
    ) -> None:
        """Take over the file of a picture, which has no fault."""
        add_still(self._writer, path, name, self._split, self._source, objects)
