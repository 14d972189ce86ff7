"""Ray nodes on loopback, each in a session of its own that may be killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[3]
_UP_S = 60.0
# Ray's least: tasks here hand over a few hundred bytes.
_STORE_BYTES = 80_000_000
# Whoever joins a cluster may run anything there: these want to see a token.
JOINING = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": uuid.uuid4().hex * 2,
    "RAY_USAGE_STATS_ENABLED": "0",
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "pipelines")]),
}


@dataclass(slots=True)
class RayNodes:
    """A cluster of several nodes on this machine, as `ray start` makes it."""

    port: int
    place: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self, *, n_cpus: int = 1) -> None:
        """Start one more node; the first is the head."""
        is_head = not self.processes
        where = (
            ["--head", f"--port={self.port}", "--include-dashboard=false"]
            if is_head
            else [f"--address={self.address}"]
        )
        if is_head:
            where.append(f"--temp-dir={self.place}")
        words = [
            *("start", "--block", "--disable-usage-stats", f"--num-cpus={n_cpus}"),
            *(f"--node-ip-address={HOST}", f"--object-store-memory={_STORE_BYTES}"),
            *where,
        ]
        # Otherwise all signals of this test would reach the nodes, too.
        process = subprocess.Popen(
            [Path(sys.executable).with_name("ray"), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | JOINING,
            start_new_session=True,
        )
        self.processes.append(process)
        if is_head:
            self._wait_for_head(process)

    def _wait_for_head(self, process: subprocess.Popen[bytes]) -> None:
        until_s = time.monotonic() + _UP_S
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, self.port), 1.0).close()
                return
            if process.poll() is not None or time.monotonic() > until_s:
                raise RuntimeError("the head of the cluster did not start")
            time.sleep(0.1)

    def kill(self, number: int) -> None:
        """Kill a node with all that belongs to it, as a machine without power is."""
        process = self.processes[number]
        for path in Path("/proc").glob("[0-9]*"):
            # Workers have process groups of their own, and outlive the node's by a bit.
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(int(path.name)) == process.pid:
                    os.kill(int(path.name), signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def ray_nodes(*, n_nodes: int = 2, n_cpus: int = 1) -> Iterator[RayNodes]:
    """Start nodes, and kill those that are left."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    # Ray's sockets lie there: their names have to be short.
    place = tempfile.mkdtemp(prefix="ray")
    nodes = RayNodes(port, Path(place))
    try:
        for _ in range(n_nodes):
            nodes.start(n_cpus=n_cpus)
        yield nodes
    finally:
        for number in reversed(range(len(nodes.processes))):
            nodes.kill(number)
        shutil.rmtree(place, ignore_errors=True)
