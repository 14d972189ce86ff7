"""Run one command on one file in a process of its own, and judge what came of it.

The process is forked from one that has imported everything, so that a command takes
milliseconds; a bound of its time, by the clock and of the processor, ends it with a
signal, which nothing that it runs can miss. Its memory is what the kernel measured as
the most that was resident (wait4); a bound of its addresses only protects the machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

_UNCAUGHT = 70
_ADDRESSES_BYTES = 16 * 2**30
_TOO_LATE = (signal.SIGALRM, signal.SIGXCPU)
# What the job logs while it goes on, as any program that uses the package would see.
_LOGGED = re.compile(
    r"corrupt (frames|packets of sound) were skipped$"
    r"|packets of sound with the time of another were put behind it$"
)
# The target is sound: such a refusal is of a film that was half made.
_BLAMED = "cannot be written"
_FRAME = re.compile(r'File ".*?/((?:pano|pano_jobs|soundloc|tests)/.*?)", line (\d+)')


class Outcome(StrEnum):
    """What came of a command; all but the first two are faults."""

    DONE = "done"
    REFUSED = "refused"
    UNCAUGHT = "uncaught"
    SIGNAL = "signal"
    HANG = "hang"
    MEMORY = "over memory"
    HALF = "half output"
    WORDS = "words"


FAULTS = tuple(Outcome)[2:]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a command may take."""

    wall_s: int = 60
    cpu_s: int = 40
    resident_bytes: int = 3 * 2**30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a command.

    Parameters
    ----------
    words
        The sentence of a refusal, or what shows the fault.
    """

    outcome: Outcome
    words: str
    cpu_s: float
    resident_bytes: int

    @property
    def is_fault(self) -> bool:
        return self.outcome in FAULTS


def try_command(
    command: Callable[[], None], folder: Path, bounds: Bounds, *, result: Path | None
) -> Verdict:
    """Run a command which ends by `SystemExit` or returns, and judge it.

    Parameters
    ----------
    folder
        All that it may write into, its temporary files too.
    result
        What it writes if all goes well; None for nothing.
    """
    before = set(folder.rglob("*"))
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            _run(command, folder, bounds, said.fileno())
        _, status, usage = os.wait4(child, 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what it has started
        said.seek(0)
        words = said.read().decode(errors="replace")
    written = set(folder.rglob("*")) - before
    resident = usage.ru_maxrss * 1024
    outcome, shown = _judge(status, words, written, result, resident, bounds)
    return Verdict(outcome, shown, usage.ru_utime + usage.ru_stime, resident)


def _run(
    command: Callable[[], None], folder: Path, bounds: Bounds, said: int
) -> NoReturn:
    """Be the child: bounded, its words on stderr kept, those on stdout dropped."""
    os.setpgid(0, 0)
    for number in _TOO_LATE:
        signal.signal(number, signal.SIG_DFL)
    signal.alarm(bounds.wall_s)
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_s, bounds.cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES_BYTES, _ADDRESSES_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(said, 2)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    tempfile.tempdir = str(folder)
    code = 0
    try:
        command()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        code = _UNCAUGHT
    sys.stderr.flush()
    os._exit(code)


def _judge(
    status: int,
    words: str,
    written: set[Path],
    result: Path | None,
    resident_bytes: int,
    bounds: Bounds,
) -> tuple[Outcome, str]:
    last = words.strip().splitlines()[-1] if words.strip() else ""
    if os.WIFSIGNALED(status):
        number = signal.Signals(os.WTERMSIG(status))
        return (Outcome.HANG if number in _TOO_LATE else Outcome.SIGNAL), number.name
    if resident_bytes > bounds.resident_bytes or "MemoryError" in last:
        return Outcome.MEMORY, f"{resident_bytes / 2**20:.0f} MiB {last}"
    code = os.WEXITSTATUS(status)
    if code not in (0, 1) or "Traceback (most recent" in words:
        frames = _FRAME.findall(words)
        place = ":".join(frames[-1]) if frames else ""
        return Outcome.UNCAUGHT, f"exit {code}, {place} {last}"
    expected = {result} if code == 0 and result is not None else set()
    if written != expected:
        names = sorted(path.name for path in written ^ expected)
        return Outcome.HALF, ", ".join(names)
    sentences = words.splitlines()
    strange = [
        line
        for line in sentences
        if not line.startswith("pano: ") and not _LOGGED.search(line)
    ]
    n_said = sum(line.startswith("pano: ") for line in sentences)
    if strange or (code == 1 and (n_said != 1 or _BLAMED in last)):
        return Outcome.WORDS, " | ".join(strange or sentences)[:300]
    return (Outcome.DONE, "") if code == 0 else (Outcome.REFUSED, last)
