"""Damaged files end in a film or in a sentence, and whatever else ends them is seen."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

import pytest

from tests.mutations.kinds import KINDS, damaged, kinds_of
from tests.mutations.parts import container_of, parts_of
from tests.mutations.sources import SOURCES, source_paths, write_sources
from tests.mutations.trial import Bounds, Outcome, Verdict, try_command

MIB = 2**20
# Forked from a test runner, a child here does nothing that its threads could hinder.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sources")
    write_sources(folder)
    return source_paths(folder)


def ends_of(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command; its forks would not suit the threads of a test runner."""
    return subprocess.run(
        [sys.executable, "-m", "tests.mutations", *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )


def test_a_damaged_file_ends_in_a_film_or_in_one_sentence():
    ended = ends_of("--count", 40)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "40 mutations, 0 distinct faults" in ended.stdout


@pytest.mark.slow
def test_more_damaged_files_end_in_a_film_or_in_one_sentence():
    ended = ends_of("--count", 160, "--seed", 2)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "160 mutations, 0 distinct faults" in ended.stdout


@pytest.mark.parametrize("name", SOURCES)
def test_the_parts_of_a_source_are_found_to_its_end(sources, name):
    data = sources[name].read_bytes()
    container = container_of(sources[name])
    parts = parts_of(data, container)
    assert max(part.end for part in parts) == len(data)
    assert all(part.start < part.payload <= part.end for part in parts)


@pytest.mark.parametrize("name", SOURCES)
def test_damage_is_of_every_kind_and_repeats_itself(sources, name):
    data, container = sources[name].read_bytes(), container_of(sources[name])
    for kind in kinds_of(container):
        made = [damaged(data, container, kind, Random("seed")) for _ in range(2)]
        assert made[0] == made[1] != data


def test_every_container_has_nearly_every_kind():
    assert set(kinds_of("MP4")) == set(KINDS)
    assert set(KINDS) - set(kinds_of("MPEG-TS")) == {"spherical metadata"}


def judged(command, tmp_path: Path, *, limit_s: int = 60) -> Verdict:
    # A fork begins with some of what this process has in memory, not with all of it.
    wide = Bounds(60, 60, resident_bytes=2**20 * MIB)
    begun_with = try_command(lambda: None, tmp_path, wide, result=None).resident_bytes
    bounds = Bounds(limit_s, limit_s, begun_with + 256 * MIB)
    return try_command(command, tmp_path, bounds, result=tmp_path / "film")


def say(words: str, code: int) -> None:
    sys.stderr.write(f"{words}\n")
    raise SystemExit(code)


def test_a_film_is_told_from_a_refusal(tmp_path):
    assert judged(lambda: say("pano: no", 1), tmp_path).outcome is Outcome.REFUSED
    verdict = judged((tmp_path / "film").touch, tmp_path)
    assert (verdict.outcome, verdict.is_fault) == (Outcome.DONE, False)


def crash() -> None:
    faulthandler.disable()  # a test runner's
    os.kill(os.getpid(), signal.SIGSEGV)


def leave_a_part_and_refuse() -> None:
    Path(tempfile.gettempdir(), "film.part").touch()
    say("pano: no", 1)


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (lambda: 1 / 0, Outcome.UNCAUGHT),
        (lambda: say("Usage", 2), Outcome.UNCAUGHT),
        (crash, Outcome.SIGNAL),
        (lambda: signal.pause(), Outcome.HANG),
        (lambda: [0 for _ in iter(int, 1)], Outcome.HANG),
        (lambda: b"1" * (512 * MIB), Outcome.MEMORY),
        (lambda: bytearray(2**20 * MIB), Outcome.MEMORY),
        (lambda: None, Outcome.HALF),
        (leave_a_part_and_refuse, Outcome.HALF),
        (lambda: say("pano: one\npano: two", 1), Outcome.WORDS),
        (lambda: say("", 1), Outcome.WORDS),
        (lambda: say("pano: film cannot be written (why?)", 1), Outcome.WORDS),
        (lambda: say("free(): invalid pointer\npano: no", 1), Outcome.WORDS),
    ],
)
def test_every_fault_is_seen(tmp_path, command, outcome):
    # A busy machine is slow, and only what never ends must be waited for.
    limit_s = 1 if outcome is Outcome.HANG else 60
    verdict = judged(command, tmp_path, limit_s=limit_s)
    assert (verdict.outcome, verdict.is_fault) == (outcome, True), verdict.words
