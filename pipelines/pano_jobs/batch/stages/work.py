"""What a batch makes of a clip: a film along the sound, or a heat map.

The jobs are those of `pano pan` and `pano saliency`; what is added is where they leave
their stages, so that a clip goes on where it was. Films are always planned from maps
that were kept: maps in 16 bits plan a path that differs in the last digits from that
of a fresh analysis, and a clip that was interrupted is to look like one that was not.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from pano.camera.path import CameraPath
from pano.media import Media, probe
from pano.media.writing.encoders import suffix_of
from pano_jobs.batch.clips import SourceIdentity
from pano_jobs.batch.stages.keys import film_key, maps_key, path_key, stage_key
from pano_jobs.batch.stages.parts import Parts
from pano_jobs.batch.stages.room import LAST_STAGE, Products, Room, is_made
from pano_jobs.batch.stages.state import Summary
from pano_jobs.batch.thumbnail import thumbnail
from pano_jobs.explain.why import page_target
from pano_jobs.progress import Progress
from pano_jobs.results import PanResult
from pano_jobs.settings import EncoderSettings, LocalizeSettings, PanSettings
from pano_jobs.video.heat_map import saliency
from pano_jobs.video.pan import pan
from pano_jobs.video.parts import film_part, join_films, plan_parts
from pano_jobs.video.render_pass import (
    FilmTakes,
    FrameObserver,
    OutputCamera,
    render_frames,
    shake_of,
)
from pano_jobs.video.takes import lenses_of, named


@runtime_checkable
class ClipWork(Protocol):
    """What is made of every clip; it is sent to other processes."""

    @property
    def suffix(self) -> str:
        """The ending of the files that are made."""
        ...

    def keys(self, source: SourceIdentity) -> Mapping[str, str]:
        """Return the key of every stage, in their order; the last is `film`."""
        ...

    def products(self, room: Room) -> Products:
        """Name what the stages before the last leave for it."""
        ...

    def films(self, target: Path) -> list[Path]:
        """Name the videos that are made where one is asked for."""
        ...

    def pages(self, target: Path) -> list[Path]:
        """Name what is made beside them."""
        ...

    def make(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Make films and pages, from what the stages left as far as it is there."""
        ...


@runtime_checkable
class PartedWork(ClipWork, Protocol):
    """Work whose films several may make, each a part."""

    @property
    def part_s(self) -> float | None:
        """How long a part is, in seconds; None makes no parts."""
        ...

    def begin(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary | None:
        """Make films and pages, or, with None, all that its parts begin with."""
        ...

    def parts(self, room: Room) -> Parts:
        """Find the parts of a clip's films."""
        ...

    def film_part(
        self, source: Path, room: Room, number: int, progress: Progress
    ) -> None:
        """Film a part of a clip that was begun, by its number from 0."""
        ...

    def join(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Join the parts of a clip that was begun, once all are filmed."""
        ...


@dataclass(frozen=True, slots=True)
class PanWork:
    """Films along the sound: `pano pan`.

    Parameters
    ----------
    has_page
        Whether a page explains each path.
    part_s
        Long clips are filmed in parts of so many seconds; None films all in one piece.
    """

    settings: PanSettings
    has_page: bool = False
    part_s: float | None = None

    @property
    def suffix(self) -> str:
        """The ending of the encoder's films."""
        return suffix_of(self.settings.lens.encoder.name)

    def keys(self, source: SourceIdentity) -> Mapping[str, str]:
        """Return the keys of maps, path and film."""
        maps = maps_key(source, self.settings.localize)
        path = path_key(maps, self.settings)
        return {"maps": maps, "path": path, LAST_STAGE: film_key(path, self.settings)}

    def products(self, room: Room) -> Products:
        """Name the maps, and a path for each film."""
        paths = room.file("path", ".json")
        return {"maps": [room.file("maps", ".npz")], "path": self.films(paths)}

    def films(self, target: Path) -> list[Path]:
        """Name a film for each aspect and take."""
        return named(target, self.settings, lenses_of(self.settings))

    def pages(self, target: Path) -> list[Path]:
        """Name the page that explains the path, if it is asked for."""
        return [page_target(target.parent, target)] if self.has_page else []

    def make(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Pan the clip, from kept maps and along kept paths if there are any."""
        result = self._pan(source, target, room, progress)
        return self._summary(source, target, result)

    def begin(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary | None:
        """Pan a clip; None where only its paths are planned, and its parts."""
        if self.part_s is None:
            return self.make(source, target, room, progress)
        parts, products = self.parts(room), self.products(room)
        if parts.is_planned() and all(map(is_made, products.values())):
            return None
        result = self._pan(source, target, room, progress, self._plan_or_film(parts))
        return None if parts.is_planned() else self._summary(source, target, result)

    def parts(self, room: Room) -> Parts:
        """Find the parts of a clip's films."""
        n_films = len(self.films(room.clip.target))
        return Parts.of(room, self.part_s or 0.0, n_films, self.suffix)

    def film_part(
        self, source: Path, room: Room, number: int, progress: Progress
    ) -> None:
        """Film a part of a clip that was begun, by its number from 0."""
        parts = self.parts(room)
        film_part(
            source,
            self.settings,
            parts.plan(),
            number,
            maps_source=room.file("maps", ".npz"),
            path_source=room.file("path", ".json"),
            targets=parts.films(number),
            progress=progress,
        )

    def join(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Join the parts of a clip that was begun, once all are filmed."""
        parts = self.parts(room)
        plan = parts.plan()
        films = [parts.films(number) for number in range(plan.n_parts)]
        join = functools.partial(join_films, plan=plan, parts=films)
        result = self._pan(source, target, room, progress, join)
        parted = f"filmed in {plan.n_parts} parts"
        notes = tuple(dict.fromkeys((*result.notes, *plan.notes, parted)))
        result = dataclasses.replace(result, notes=notes)
        return self._summary(source, target, result)

    def _plan_or_film(self, parts: Parts) -> FilmTakes:
        def film(
            media: Media,
            takes: Sequence[tuple[OutputCamera, CameraPath]],
            *,
            observers: Sequence[FrameObserver],
            progress: Progress,
        ) -> int:
            plan = None
            if self.part_s is not None:
                plan = plan_parts(media, self.part_s, has_stills=bool(observers))
            if plan is not None:
                parts.keep(plan.with_shake(shake_of(media, takes, progress)))
                return 0
            return render_frames(media, takes, observers=observers, progress=progress)

        return film

    def _pan(
        self,
        source: Path,
        target: Path,
        room: Room,
        progress: Progress,
        film: FilmTakes = render_frames,
    ) -> PanResult:
        products = self.products(room)
        maps, path = room.file("maps", ".npz"), room.file("path", ".json")
        has_maps = is_made(products["maps"])
        has_path = has_maps and is_made(products["path"])
        pages = self.pages(target)
        return pan(
            source,
            target,
            self.settings,
            maps_source=maps if has_maps else None,
            maps_target=None if has_maps else maps,
            plans_from_kept_maps=True,
            path_source=path if has_path else None,
            path_target=None if has_path else path,
            why_target=pages[0] if pages else None,
            film=film,
            overwrite=True,
            progress=progress,
        )

    def _summary(self, source: Path, target: Path, result: PanResult) -> Summary:
        return Summary(
            result.notes,
            result.mean_confidence,
            probe(source).duration_from_header_s,
            thumbnail(self.films(target)[0]),
        )


@dataclass(frozen=True, slots=True)
class HeatMapWork:
    """Heat maps over the sphere: `pano saliency`."""

    localize: LocalizeSettings
    encoder: EncoderSettings

    @property
    def suffix(self) -> str:
        """The ending of the encoder's films."""
        return suffix_of(self.encoder.name)

    def keys(self, source: SourceIdentity) -> Mapping[str, str]:
        """Return the keys of maps and heat map."""
        maps = maps_key(source, self.localize)
        made = stage_key(
            LAST_STAGE, maps, "heat map", self.encoder, self.localize.sound
        )
        return {"maps": maps, LAST_STAGE: made}

    def products(self, room: Room) -> Products:
        """Name the maps."""
        return {"maps": [room.file("maps", ".npz")]}

    def films(self, target: Path) -> list[Path]:
        """Name the one video."""
        return [target]

    def pages(self, target: Path) -> list[Path]:
        """Name nothing: a heat map explains itself."""
        return []

    def make(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Paint the heat map, from kept maps if there are any."""
        maps = room.file("maps", ".npz")
        has_maps = maps.is_file()
        result = saliency(
            source,
            target,
            self.localize,
            encoder=self.encoder,
            maps_source=maps if has_maps else None,
            maps_target=None if has_maps else maps,
            overwrite=True,
            progress=progress,
        )
        duration_s = probe(source).duration_from_header_s
        return Summary(
            result.notes, result.mean_confidence, duration_s, thumbnail(target)
        )
