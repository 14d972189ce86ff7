"""The command `pano` whose clips hear red on every machine, and note where that is.

Machines of a cluster do not run this file again as the processes of `--jobs` do: they
import the module of a clip's work. Each clip, and each part of one, leaves a line in
`begun.txt` beside its folder, with the session of the node, and lasts as long as
`lasts.txt` there says.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pano_jobs.batch.stages.work
from pano_jobs.batch.stages.room import Room
from pano_jobs.batch.stages.state import Summary
from pano_jobs.batch.stages.work import PanWork
from pano_jobs.cli import main
from pano_jobs.progress import Progress
from tests.pipelines.batch import red_batch


@dataclass(frozen=True)
class RedWork(PanWork):
    """Pans a clip after a while in which half a film is there."""

    def make(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        red_batch.hear_red()
        place = room.clip.folder.parent
        note(place, source.name)
        part = target.with_name("half.part.mp4")
        until_s = time.monotonic() + float((place / "lasts.txt").read_text())
        try:
            part.write_text("half")
            while time.monotonic() < until_s:
                time.sleep(0.05)
        finally:
            part.unlink()
        return PanWork.make(self, source, target, room, progress)

    def begin(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary | None:
        red_batch.hear_red()
        return PanWork.begin(self, source, target, room, progress)

    def film_part(
        self, source: Path, room: Room, number: int, progress: Progress
    ) -> None:
        place = room.clip.folder.parent
        note(place, f"{source.name}#{number}")
        time.sleep(float((place / "lasts.txt").read_text()))
        PanWork.film_part(self, source, room, number, progress)


def note(place: Path, name: str) -> None:
    with (place / "begun.txt").open("a") as file:
        file.write(f"{name} {os.getsid(0)}\n")


if __name__ == "__main__":
    from tests.pipelines.batch import cluster_batch

    vars(pano_jobs.batch.stages.work)["PanWork"] = cluster_batch.RedWork
    main(sys.argv[1:])
