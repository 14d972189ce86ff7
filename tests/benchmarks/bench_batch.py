"""What a batch costs beside its work: time for each clip, and memory.

    python -m tests.benchmarks.bench_batch [--clips 10000]

Clips are empty files and their work makes empty ones, so that all that is measured is
finding, deciding, locking, noting and reporting.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pano_jobs.batch.clips import SourceIdentity
from pano_jobs.batch.run import BatchOptions, batch, plan_batch
from pano_jobs.batch.stages.keys import stage_key
from pano_jobs.batch.stages.room import Products, Room
from pano_jobs.batch.stages.state import Summary
from pano_jobs.progress import Progress

MAX_MS = 20.0
# A thumbnail of 128×72 takes about so much, in base64.
_THUMBNAIL = "x" * 3000


@dataclass(frozen=True)
class EmptyWork:
    """Makes nothing of a clip, in one stage."""

    suffix: str = ".mp4"

    def keys(self, source: SourceIdentity) -> Mapping[str, str]:
        """Return the key of the one stage."""
        return {"film": stage_key("film", source)}

    def products(self, room: Room) -> Products:
        """Name nothing."""
        return {}

    def films(self, target: Path) -> list[Path]:
        """Name the one file."""
        return [target]

    def pages(self, target: Path) -> list[Path]:
        """Name nothing."""
        return []

    def make(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Make an empty file."""
        target.touch()
        return Summary((), 0.5, 60.0, _THUMBNAIL)


def peak_mb() -> float:
    """Return the most memory that this process has had, in MB (on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def make_clips(folder: Path, n_clips: int) -> None:
    """Make empty clips, a hundred in a folder."""
    for number in range(n_clips):
        path = folder / f"{number // 100:03d}" / f"{number:05d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def measure(words: str, n_clips: int, once: Callable[[], object]) -> float:
    """Print what a run takes for each clip, in milliseconds."""
    begun_s, before_mb = time.perf_counter(), peak_mb()
    once()
    cost_ms = (time.perf_counter() - begun_s) / n_clips * 1000.0
    grown_kb = (peak_mb() - before_mb) * 1024.0 / n_clips
    print(f"{words:<28}{cost_ms:6.2f} ms a clip, {grown_kb:6.2f} kB a clip more")
    return cost_ms


def main() -> None:
    """Run an empty batch over many clips, twice, and plan a third one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=10_000)
    n_clips = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as place:
        folder, output = Path(place) / "in", Path(place) / "out"
        make_clips(folder, n_clips)
        batch(folder / "000", Path(place) / "warm", EmptyWork())
        print(f"{n_clips} clips, {os.cpu_count()} processors, {peak_mb():.0f} MB")
        costs = [
            measure("all to do", n_clips, lambda: batch(folder, output, EmptyWork())),
            measure("all done", n_clips, lambda: batch(folder, output, EmptyWork())),
            measure(
                "a dry run", n_clips, lambda: plan_batch(folder, output, EmptyWork())
            ),
            measure(
                "all anew, two processes",
                n_clips,
                lambda: batch(
                    folder, Path(place) / "two", EmptyWork(), BatchOptions(n_jobs=2)
                ),
            ),
        ]
        page_mb = (output / "report.html").stat().st_size / 1e6
        print(f"report.html: {page_mb:.1f} MB; in all at most {peak_mb():.0f} MB")
    if max(costs) > MAX_MS:
        raise SystemExit(f"more than {MAX_MS:.0f} ms a clip")


if __name__ == "__main__":
    main()
