"""Work on a clip without any video: its stages are small texts."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pano.errors import MediaError
from pano_jobs.batch.clips import SourceIdentity
from pano_jobs.batch.run import BatchOptions, batch
from pano_jobs.batch.stages.keys import stage_key
from pano_jobs.batch.stages.room import Products, Room, is_made
from pano_jobs.batch.stages.state import STATE_FOLDER, ClipState, Summary
from pano_jobs.progress import Progress
from pano_jobs.results import BatchResult


@dataclass(frozen=True)
class Moment:
    time_s: float = 0.0


@dataclass(frozen=True)
class QuickWork:
    """Three stages that depend on a setting each, and some films."""

    maps: str = "maps"
    path: str = "path"
    film: str = "film"
    n_films: int = 1
    broken: str = ""
    breaks_at_path: bool = False
    suffix: str = ".mp4"

    def keys(self, source: SourceIdentity) -> Mapping[str, str]:
        maps = stage_key("maps", source, self.maps)
        path = stage_key("path", maps, self.path)
        return {
            "maps": maps,
            "path": path,
            "film": stage_key("film", path, self.film, self.n_films),
        }

    def products(self, room: Room) -> Products:
        return {"maps": [room.file("maps", ".npz")], "path": [room.file("path", ".js")]}

    def films(self, target: Path) -> list[Path]:
        if self.n_films == 1:
            return [target]
        return [target.with_stem(f"{target.stem}-{n}") for n in range(self.n_films)]

    def pages(self, target: Path) -> list[Path]:
        return []

    def make(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        if source.name == self.broken:
            raise MediaError(f"{source.name} is broken")
        for stage, text in (("maps", self.maps), ("path", self.path)):
            files = self.products(room)[stage]
            for path in [] if is_made(files) else files:
                path.write_text(text)
            for _ in progress.follow([Moment()], words=stage, duration_s=None):
                pass
            if stage == "maps" and self.breaks_at_path:
                raise MediaError("no path")
        for film in self.films(target):
            film.write_bytes(os.fsencode(f"{source.name} {self.film}"))
        return Summary(("a note",), 0.5, 2.0)


def options(**rules):
    """Return options with these rules."""
    plain = BatchOptions()
    return dataclasses.replace(plain, rules=dataclasses.replace(plain.rules, **rules))


def go(folder: Path, work: QuickWork | None = None, /, **rules) -> BatchResult:
    """Run a batch from `in` to `out`."""
    return batch(folder / "in", folder / "out", work or QuickWork(), options(**rules))


def statuses(result: BatchResult) -> list[str]:
    return [clip.status for clip in result.clips]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def states(output: Path) -> list[ClipState]:
    """Return the states of all clips, in the order of their names."""
    found = [ClipState.load(path) for path in (output / STATE_FOLDER).glob("*.json")]
    return sorted(found, key=lambda state: state.source)


def made(output: Path) -> list[list[str]]:
    """Return which stages were made of each clip, all times together."""
    return [[line.split()[1] for line in state.history] for state in states(output)]
