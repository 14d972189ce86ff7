"""Runs batches in forks of one process and kills them: FOLDER SEED N OPTIONS.

A process that has imported everything is forked for each run, because to import takes
longer than a batch of tiny clips. Prints a JSON object for each kill.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import pano_jobs.batch.run
import pano_jobs.batch.stages.work
from pano_jobs.batch.stages.state import STATE_FOLDER, ClipState
from pano_jobs.cli import main
from tests.pipelines.batch import red_batch

IMPORTED = (pano_jobs.batch.run, pano_jobs.batch.stages.work)


def start(folder: Path, output: Path) -> int:
    """Begin a batch in another process."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.environ["HEARD"] = str(output.with_suffix(".heard"))
        options = ["--size", "64x36", "--preset", red_batch.REPEATABLE, "--quiet"]
        options += sys.argv[4:]
        main(["batch", str(folder), "-o", str(output), *options])
    except SystemExit as end:
        os._exit(int(end.code or 0))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(99)


def run(folder: Path, output: Path) -> int:
    """Run a batch to its end."""
    return os.waitstatus_to_exitcode(os.waitpid(start(folder, output), 0)[1])


def n_heard(output: Path) -> int:
    """Count the analyses that were begun."""
    heard = output.with_suffix(".heard")
    return len(heard.read_text().splitlines()) if heard.exists() else 0


def n_analysed(output: Path) -> int:
    """Count the clips whose maps are done, noted or only just whole."""
    states = output / STATE_FOLDER
    noted = {
        path.stem
        for path in states.glob("*.json")
        if "maps" in ClipState.load(path).stages
    }
    whole = {path.parent.name for path in states.glob("*/maps-*.npz")}
    partly = {path.parent.name for path in states.glob("*/maps-*.part.npz")}
    return len(noted | (whole - partly))


def kill_and_resume(folder: Path, output: Path, delay_s: float) -> dict[str, object]:
    """Kill a batch after a while and let another one go on."""
    pid = start(folder, output)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    begun, done = n_heard(output), n_analysed(output)
    return {
        "output": str(output),
        "killed": code == -signal.SIGKILL,
        "done": done,
        "code": run(folder, output),
        "heard": n_heard(output) - begun,
    }


def all_kills(folder: Path, seed: int, n_kills: int) -> None:
    """Kill batches at moments that are spread over the time that one takes."""
    run(folder / "in", folder / "warm")
    begun_s = time.monotonic()
    run(folder / "in", folder / "calm")
    whole_s = time.monotonic() - begun_s
    rng = random.Random(seed)
    for k in range(n_kills):
        delay_s = whole_s * (k + rng.random()) / n_kills
        found = kill_and_resume(folder / "in", folder / f"killed-{k}", delay_s)
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    red_batch.hear_red()
    all_kills(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
