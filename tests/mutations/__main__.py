"""What becomes of damaged files: every kind of damage in every container.

    python -m tests.mutations
    python -m tests.mutations --count 100 --seed 7
    python -m tests.mutations --seed 7 --only 31 --keep folder

Small valid sources are damaged at random, by a seed, and given to `pano info` and
`pano pan`. Each shall end in a film or in one sentence, soon and in little memory.
Printed is what came of each kind, and every fault; any makes the exit code 1.
"""

from __future__ import annotations

import argparse
import collections
import functools
import importlib
import multiprocessing
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from unittest import mock

import av

from pano_jobs.cli import main as pano
from tests.fake_localizer import RedLocalizer
from tests.mutations.kinds import damaged, kinds_of
from tests.mutations.parts import container_of
from tests.mutations.sources import GIVEN, source_paths, write_sources
from tests.mutations.trial import FAULTS, Bounds, Outcome, Verdict, try_command

SIZE = "64x36"
LOADER = "pano_jobs.analysis.audio_track.load_localizer"
# Imported before the forks, so that no child has to.
SLOW_TO_LOAD = (
    "pano_jobs.explain.why",
    "pano_jobs.progress_bars",
    "pano_jobs.video.info",
    "pano_jobs.video.pan",
    "scipy.fft",
    "scipy.optimize",
    "scipy.signal",
)
BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Mutation:
    """One damaged file, by its number and the seed."""

    seed: int
    number: int
    source: str
    path: Path
    kind: str

    @property
    def container(self) -> str:
        return self.path.suffix.removeprefix(".")

    @property
    def words(self) -> str:
        return f"--seed {self.seed} --only {self.number}: {self.kind} in {self.source}"

    def content(self) -> bytes:
        return damaged(
            self.path.read_bytes(),
            container_of(self.path),
            self.kind,
            Random(f"{self.seed} {self.number}"),
        )


def written_sources(folder: Path) -> dict[str, Path]:
    """Write the sources in a child: FFmpeg's threads do not outlive a fork."""
    writer = multiprocessing.get_context("fork").Process(
        target=write_sources, args=(folder,)
    )
    writer.start()
    writer.join()
    assert writer.exitcode == 0
    return source_paths(folder)


def mutations(sources: dict[str, Path], seed: int, count: int) -> list[Mutation]:
    """Return mutations which go through the sources and the kinds in turn."""
    made = []
    names = list(sources)
    for number in range(count):
        round_, index = divmod(number, len(names))
        path = sources[names[index]]
        kinds = kinds_of(container_of(path))
        # Shifted from source to source: few mutations see every kind, too.
        kind = kinds[(round_ + index) % len(kinds)]
        made.append(Mutation(seed, number, names[index], path, kind))
    return made


def try_mutation(mutation: Mutation) -> tuple[Mutation, dict[str, Verdict]]:
    """Give a damaged file to both commands."""
    found = {}
    for command, run in COMMANDS.items():
        with tempfile.TemporaryDirectory(prefix="mutation-") as temporary:
            folder = Path(temporary)
            shutil.copytree(mutation.path.parent, folder, dirs_exist_ok=True)
            (folder / mutation.path.name).write_bytes(mutation.content())
            source = folder / GIVEN.get(mutation.source, mutation.path.name)
            film = folder / "film.mp4"
            found[command] = try_command(
                functools.partial(run, source, film),
                folder,
                BOUNDS,
                result=film if command == "pan" else None,
            )
    return mutation, found


def _info(source: Path, _: Path) -> None:
    pano(["info", str(source)])


def _pan(source: Path, film: Path) -> None:
    arguments = ["pan", str(source), "-o", str(film), "--size", SIZE]
    with mock.patch(LOADER, return_value=RedLocalizer()):
        try:
            pano(arguments)
        except SystemExit as end:
            if end.code:
                raise
    with av.open(str(film)) as container:
        assert next(container.decode(video=0)).width > 0


COMMANDS = {"info": _info, "pan": _pan}


def tried(
    todo: Sequence[Mutation], n_jobs: int
) -> Iterator[tuple[Mutation, dict[str, Verdict]]]:
    """Yield what came of every mutation, in order."""
    if n_jobs == 1:
        yield from map(try_mutation, todo)
        return
    with multiprocessing.get_context("fork").Pool(n_jobs) as pool:
        yield from pool.imap(try_mutation, todo)


def print_table(results: Sequence[tuple[Mutation, dict[str, Verdict]]]) -> None:
    """Print what came of each kind in each container, command by command."""
    counts: dict[tuple[str, str], collections.Counter[tuple[str, Outcome]]] = {}
    for mutation, found in results:
        cell = counts.setdefault(
            (mutation.kind, mutation.container), collections.Counter()
        )
        cell.update((command, verdict.outcome) for command, verdict in found.items())
    columns = ["info", "refused", "film", "refused", *FAULTS]
    print(f"{'kind':<20}{'file':<6}" + "".join(f"{name:>13}" for name in columns))
    total: collections.Counter[tuple[str, Outcome]] = collections.Counter()
    for (kind, container), cell in sorted(counts.items()):
        total += cell
        print(_row(kind, container, cell))
    print(_row("all", "", total))


def _row(
    kind: str, container: str, cell: collections.Counter[tuple[str, Outcome]]
) -> str:
    numbers = [
        cell[command, outcome]
        for command in COMMANDS
        for outcome in (Outcome.DONE, Outcome.REFUSED)
    ]
    numbers += [sum(cell[command, fault] for command in COMMANDS) for fault in FAULTS]
    return f"{kind:<20}{container:<6}" + "".join(f"{number:>13}" for number in numbers)


def print_faults(results: Sequence[tuple[Mutation, dict[str, Verdict]]]) -> int:
    """Print every distinct fault with its first mutation, and return how many."""
    faults: dict[tuple[str, str, str], list[tuple[Mutation, Verdict]]] = {}
    for mutation, found in results:
        for command, verdict in found.items():
            if verdict.is_fault:
                # Numbers and names of files differ where the fault is the same.
                alike = re.sub(r"/\S+/|\d+", "", verdict.words)
                key = command, verdict.outcome.value, alike
                faults.setdefault(key, []).append((mutation, verdict))
    for (command, outcome, _), of in faults.items():
        mutation, verdict = of[0]
        print(f"{len(of)}× {outcome} of pano {command}: {verdict.words}")
        print(f"    {mutation.words}")
    return len(faults)


def main() -> int:
    """Print a table and the faults; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations")
    parser.add_argument("--count", type=int, default=1000, help="of mutations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="at a time")
    parser.add_argument("--only", type=int, help="the mutation of this number alone")
    parser.add_argument("--keep", type=Path, help="keeps files with faults in a folder")
    asked = parser.parse_args()
    for name in SLOW_TO_LOAD:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as temporary:
        sources = written_sources(Path(temporary))
        count = asked.count if asked.only is None else asked.only + 1
        todo = mutations(sources, asked.seed, count)[asked.only or 0 :]
        results = []
        for mutation, found in tried(todo, asked.jobs):
            results.append((mutation, found))
            _say(mutation, found, shows_all=asked.only is not None)
            if asked.keep and any(verdict.is_fault for verdict in found.values()):
                asked.keep.mkdir(exist_ok=True)
                name = f"{mutation.seed}-{mutation.number}-{mutation.path.name}"
                (asked.keep / name).write_bytes(mutation.content())
        print_table(results)
        n_faults = print_faults(results)
    verdicts = [verdict for _, found in results for verdict in found.values()]
    print(
        f"{len(results)} mutations, {n_faults} distinct faults; longest "
        f"{max(v.cpu_s for v in verdicts):.1f} s of processor, most memory "
        f"{max(v.resident_bytes for v in verdicts) / 2**20:.0f} MiB"
    )
    return 1 if n_faults else 0


def _say(mutation: Mutation, found: dict[str, Verdict], *, shows_all: bool) -> None:
    for command, verdict in found.items():
        if shows_all or verdict.is_fault:
            words = f"{mutation.words}: pano {command}: {verdict.outcome}"
            print(f"{words} {verdict.words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
