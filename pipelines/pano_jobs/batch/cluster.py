"""The clips of a batch, and the parts of long ones, as tasks of a Ray cluster.

A task is what a process of `--jobs` does: the machines share both folders, and lock,
stages and state of a clip lie there. A clip whose process or machine is lost is
tried again wherever there is room; it waits for the lock, because a process may outlive
its machine's place in the cluster by some seconds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pano.errors import MediaError, PanoError, SettingsError
from pano_jobs.batch.clip_run import ClipTask
from pano_jobs.batch.cluster_address import refuse_absent, refuse_strange, token_words
from pano_jobs.batch.part_run import run_task
from pano_jobs.batch.signals import TERMINATED, ending_on_sigterm
from pano_jobs.batch.stages.state import STATE_FOLDER
from pano_jobs.results import ClipOutcome
from pano_jobs.settings import EncoderSettings, LocalizeSettings
from soundloc.inference.choose import has_cuda

# As often as Ray itself would, which knows nothing of our locks.
_MAX_TRIES = 4
# Ray looks for a machine that is silent for 15 to 30 s before it gives it up.
_LOCK_WAIT_S = 60.0
# NFS may say for so long that a new folder is not there.
_FOLDER_WAIT_S = 60.0
_LOOK_AGAIN_S = 0.5
# Time to leave nothing half-written; after it a process is killed.
_GRACE_S = 20.0
# Ray looks at all tasks that wait whenever one ends: a few thousand would slow it down.
_MAX_HANDED_IN = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Share:
    """What a clip takes of a machine.

    Parameters
    ----------
    n_gpus
        Graphics cards, or a part of one.
    """

    n_cores: float = 1.0
    n_gpus: float = 0.0
    n_bytes: int = 1_200_000_000

    @classmethod
    def of(cls, localize: LocalizeSettings, encoder: EncoderSettings) -> Share:
        """Take part of a graphics card where it encodes, or listens on this machine.

        A card is busy with a clip for a small part of the time: four clips share it.
        """
        listens = localize.compute in ("auto", "torch") and has_cuda()
        uses_gpu = listens or encoder.name.endswith("_nvenc")
        return cls(n_gpus=0.25 if uses_gpu else 0.0)

    def fits(self, resources: Mapping[str, float]) -> bool:
        """Tell whether a machine of such resources, as Ray names them, has enough."""
        return (
            resources.get("CPU", 0.0) >= self.n_cores
            and resources.get("GPU", 0.0) >= self.n_gpus
            and resources.get("memory", 0.0) >= self.n_bytes
        )

    def words(self) -> str:
        """Say what has to be there."""
        card = " and a graphics card" if self.n_gpus else ""
        return f"a free core, {self.n_bytes / 1e9:.1f} GB of memory{card}"


@dataclass(frozen=True, slots=True)
class RayCluster:
    """A cluster that this process is connected to.

    Parameters
    ----------
    n_jobs
        Clips at once; as many as there are cores for where it is None.
    """

    ray: Any
    share: Share
    n_jobs: int | None

    def run(
        self, tasks: Iterator[ClipTask]
    ) -> Generator[tuple[ClipTask, ClipOutcome], None, None]:
        """Run tasks on all machines; yield each with its outcome as it ends.

        Raises
        ------
        MediaError
            If a machine does not see the output folder, or has no pano.
        """
        n_handed_in = min(self.n_jobs or _MAX_HANDED_IN, _MAX_HANDED_IN)
        running: dict[Any, tuple[ClipTask, int]] = {}
        try:
            while True:
                while len(running) < n_handed_in:
                    task = next(tasks, None)
                    if task is None:
                        break
                    running[self._hand_in(task, 1)] = task, 1
                if not running:
                    return
                for done in self.ray.wait(list(running))[0]:
                    task, n_tries = running.pop(done)
                    outcome = self._outcome(done, task, n_tries)
                    if outcome is None:
                        again = self._hand_in(task, n_tries + 1)
                        running[again] = task, n_tries + 1
                    else:
                        yield task, outcome
        finally:
            self._cancel(list(running))

    def _hand_in(self, task: ClipTask, n_tries: int) -> Any:
        if n_tries == 1:
            (task.clip.output / STATE_FOLDER).mkdir(parents=True, exist_ok=True)
        remote = self.ray.remote(_run_there).options(
            num_cpus=self.share.n_cores,
            num_gpus=self.share.n_gpus,
            memory=self.share.n_bytes,
            # Tries are counted here, where those after the first are told to wait.
            max_retries=0,
            scheduling_strategy="SPREAD",
            name=task.clip.name,
        )
        wait_s = 0.0 if n_tries == 1 else _LOCK_WAIT_S
        return remote.remote(task, str(Path.cwd()), wait_s)

    def _outcome(self, done: Any, task: ClipTask, n_tries: int) -> ClipOutcome | None:
        """Take the outcome of a task; None where it is to be tried again."""
        errors = self.ray.exceptions
        lost = (
            errors.WorkerCrashedError,
            errors.LocalRayletDiedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
        )
        try:
            outcome = self.ray.get(done)
        except lost as error:
            if n_tries < _MAX_TRIES:
                log.warning("%s is tried again: its process was lost", task.clip.source)
                return None
            log.info("%s was lost", task.clip.source, exc_info=error)
            return task.outcome("failed", _lost_words(task))
        except errors.RayTaskError as error:
            if isinstance(error.cause, (PanoError, ImportError)):
                raise MediaError(_first_line(error.cause)) from error
            raise
        if not isinstance(outcome, ClipOutcome):
            raise TypeError(f"expected an outcome, got {type(outcome).__name__}")
        return outcome

    def _cancel(self, running: list[Any]) -> None:
        """End what runs as Ctrl-C would; after a while, kill it."""
        if not running:
            return
        for task in running:
            self.ray.cancel(task)
        _, left = self.ray.wait(running, num_returns=len(running), timeout=_GRACE_S)
        for task in left:
            self.ray.cancel(task, force=True)


@contextlib.contextmanager
def connected(
    address: str | None, share: Share, n_jobs: int | None = None
) -> Iterator[RayCluster]:
    """Connect to a cluster for as long as the block lasts.

    Parameters
    ----------
    address
        HOST:PORT of its head, or `auto` for the one that this machine belongs to. None
        is that one, too, and where there is none, one of this machine alone.

    Raises
    ------
    SettingsError
        If there is no cluster, or no machine of it has what a clip takes.
    """
    named = None if address == "auto" else address
    if named is not None:
        refuse_absent(named)
    # Ray would report on its use to its makers where nobody forbids it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if named is not None:
        refuse_strange(named)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ray.exceptions.RayError, RuntimeError, ValueError, OSError) as error:
        raise SettingsError(
            f"cannot join the Ray cluster at {address or 'this machine'}: "
            f"{token_words(str(error)) or _first_line(error)}"
        ) from error
    try:
        # Ray has put its own answer to SIGTERM in the place of ours.
        with ending_on_sigterm():
            machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
            if not any(map(share.fits, machines)):
                raise SettingsError(
                    f"no machine of the Ray cluster has {share.words()} for a clip"
                )
            yield RayCluster(ray, share, n_jobs)
    except SystemExit as end:
        # Of the code that a signal raises while Ray waits it makes 1.
        raise SystemExit(TERMINATED) from end
    finally:
        ray.shutdown()


def _run_there(task: ClipTask, folder: str, wait_s: float) -> ClipOutcome:
    """Run a task on a machine of the cluster, where paths mean what they mean here."""
    try:
        os.chdir(folder)
    except OSError:
        os.chdir("/")  # no relative path is to be found by accident
    states = task.clip.output / STATE_FOLDER
    until_s = time.monotonic() + _FOLDER_WAIT_S
    while not states.is_dir():
        if time.monotonic() > until_s:
            raise MediaError(
                f"{socket.gethostname()} does not see {states}; all machines of a "
                "cluster need the same folders at the same places"
            )
        time.sleep(_LOOK_AGAIN_S)
    return run_task(task, wait_s=wait_s)


def _lost_words(task: ClipTask) -> str:
    return (
        f"the process that worked on {task.clip.source} was lost {_MAX_TRIES} times, "
        "perhaps for want of memory; try it alone"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
