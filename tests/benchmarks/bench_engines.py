"""What several processes and machines bring a batch, as shares of what one takes.

    python -m tests.benchmarks.bench_engines [--clips 8] [--seconds 3] [--part 3]
        [--case films|parts|waits|waiting-parts]

Films keep the cores of this machine busy, however many nodes it plays: their ideal is
the work of one process spread evenly over all cores. Clips that only wait need no core:
their ideal is one share for each node, and what is above it is the engine's. One film
as long as all of them is made in parts; its analysis is one process's, however many
there are, and its ideal is counted without that.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pano_jobs.batch.cluster import Share, connected
from pano_jobs.batch.run import BatchOptions, batch
from pano_jobs.batch.stages.parts import Parts
from pano_jobs.batch.stages.room import Room
from pano_jobs.batch.stages.state import Summary
from pano_jobs.batch.stages.work import ClipWork, PanWork
from pano_jobs.progress import Progress
from pano_jobs.settings import DemoSettings, PanSettings
from pano_jobs.synthetic.world import default_world
from pano_jobs.video.demo import draw_clip
from pano_jobs.video.parts import PartPlan
from tests.benchmarks.bench_batch import EmptyWork
from tests.pipelines.batch.ray_nodes import JOINING, ray_nodes

WAIT_S = 1.0


@dataclass(frozen=True)
class WaitingWork(EmptyWork):
    """Takes its time, and no processor."""

    def make(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Wait, and make an empty file."""
        time.sleep(WAIT_S)
        return EmptyWork.make(self, source, target, room, progress)


@dataclass(frozen=True)
class WaitingParts(EmptyWork):
    """Makes an empty film in parts, each of which takes its time and no processor."""

    n_parts: int = 8
    part_s: float | None = 1.0

    def parts(self, room: Room) -> Parts:
        """Find the parts of the film."""
        return Parts.of(room, WAIT_S, 1, self.suffix)

    def begin(self, source: Path, target: Path, room: Room, progress: Progress) -> None:
        """Plan parts of a picture each."""
        numbers = tuple(range(self.n_parts))
        self.parts(room).keep(PartPlan(numbers, numbers))

    def film_part(
        self, source: Path, room: Room, number: int, progress: Progress
    ) -> None:
        """Wait, and make an empty part."""
        time.sleep(WAIT_S)
        self.parts(room).films(number)[0].touch()

    def join(
        self, source: Path, target: Path, room: Room, progress: Progress
    ) -> Summary:
        """Make the empty film."""
        return EmptyWork.make(self, source, target, room, progress)


def local(folder: Path, output: Path, work: ClipWork, n: int) -> None:
    """Run a batch in `n` processes."""
    finish(folder, output, work, BatchOptions(n_jobs=n))


def on_ray(folder: Path, output: Path, work: ClipWork, n: int) -> None:
    """Run a batch on `n` nodes that are up, with a core each."""
    with ray_nodes(n) as nodes:
        begun_s = time.perf_counter()
        with connected(nodes.address, Share()) as cluster:
            finish(folder, output, work, BatchOptions(engine=cluster.run))
        ON_RAY_S.append(time.perf_counter() - begun_s)


# What a batch on Ray took, without the start of its nodes.
ON_RAY_S: list[float] = []


def finish(folder: Path, output: Path, work: ClipWork, options: BatchOptions) -> None:
    """Run a batch that has to make every clip."""
    result = batch(folder, output, work, options)
    if result.count("done") != len(result.clips):
        raise SystemExit(result.words())


Engine = Callable[[Path, Path, ClipWork, int], None]
ENGINES: tuple[tuple[str, Engine, int], ...] = (
    ("local, --jobs 1", local, 1),
    ("local, --jobs 2", local, 2),
    ("ray, 2 nodes of a core", on_ray, 2),
    ("ray, 4 nodes of a core", on_ray, 4),
)


def measure(
    title: str, place: Path, work: ClipWork, ideal: Callable[[float, int], float]
) -> dict[str, float]:
    """Print what every engine takes; return that as shares of the first."""
    print(f"{title:<28}{'seconds':>9}{'share':>8}{'ideal':>8}")
    shares: dict[str, float] = {}
    whole_s = busy = 0.0
    for number, (name, run, n) in enumerate(ENGINES):
        ON_RAY_S.clear()
        begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
        run(place / "in", place / f"out{number}", work, n)
        took_s = ON_RAY_S[0] if ON_RAY_S else time.perf_counter() - begun_s
        if not whole_s:
            whole_s, busy = took_s, (time.process_time() - begun_cpu_s) / took_s
        shares[name] = took_s / whole_s
        wanted = 1.0 if n == 1 else ideal(busy, n)
        print(f"{name:<28}{took_s:9.2f}{shares[name]:8.2f}{wanted:8.2f}", flush=True)
    return shares


def spread(n_cores: int) -> Callable[[float, int], float]:
    """Return the ideal share of work that keeps cores busy."""
    return lambda busy, n: busy / min(n_cores, max(n, busy))


def draw(path: Path, seconds: float, seed: int = 0) -> None:
    """Draw a clip of the demo."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = DemoSettings(seconds, seed=seed, width_px=960)
    draw_clip(default_world(seed, duration_s=seconds), path, settings)


def films(place: Path, asked: argparse.Namespace, n_cores: int) -> None:
    """Film drawn clips."""
    for seed in range(asked.clips):
        draw(place / "in" / f"{seed}.mp4", asked.seconds, seed)
    measure("films", place, PanWork(PanSettings()), spread(n_cores))


def parts(place: Path, asked: argparse.Namespace, n_cores: int) -> None:
    """Film one drawn clip that is as long as all those."""
    draw(place / "in" / "long.mp4", asked.clips * asked.seconds)
    work = PanWork(PanSettings(), part_s=asked.part)
    measure("one film in parts", place, work, spread(n_cores))


def waits(place: Path, asked: argparse.Namespace, n_cores: int) -> None:
    """Wait for empty clips."""
    (place / "in").mkdir(parents=True)
    for number in range(2 * asked.clips):
        (place / "in" / f"{number}.mp4").touch()
    measure("waits of a second", place, WaitingWork(), lambda _, n: 1.0 / n)


def waiting_parts(place: Path, asked: argparse.Namespace, n_cores: int) -> None:
    """Wait for the parts of an empty clip."""
    (place / "in").mkdir(parents=True)
    (place / "in" / "long.mp4").touch()
    work = WaitingParts(n_parts=2 * asked.clips)
    measure("waits of a second, parts", place, work, lambda _, n: 1.0 / n)


CASES = {
    "films": films,
    "parts": parts,
    "waits": waits,
    "waiting-parts": waiting_parts,
}


def main() -> None:
    """Film drawn clips and wait for empty ones, with every engine."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--part", type=float, default=3.0)
    parser.add_argument("--case", choices=CASES, action="append")
    asked = parser.parse_args()
    n_cores = os.cpu_count() or 1
    os.environ.update(JOINING)
    print(f"{asked.clips} clips of {asked.seconds:g} s, {n_cores} cores")
    print(f"load before: {os.getloadavg()[0]:.1f}; films tell nothing unless it is low")
    with tempfile.TemporaryDirectory() as name:
        for case in asked.case or CASES:
            CASES[case](Path(name) / case, asked, n_cores)


if __name__ == "__main__":
    main()
