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
    """A cluster of several nodes on this machine, as `ray start` makes it.

    Parameters
    ----------
    sessions
        The session of each node, which all processes of the node belong to.
    """

    port: int
    place: Path
    sessions: list[int] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Start one more node of one core, the head first, and wait until it is up.

        Nodes of one machine that start at once would get in each other's way.
        """
        words = [
            *("start", "--num-cpus=1", f"--node-ip-address={HOST}"),
            f"--object-store-memory={_STORE_BYTES}",
        ]
        if self.sessions:
            words.append(f"--address={self.address}")
        else:
            words += ["--head", f"--port={self.port}", f"--temp-dir={self.place}"]
            words.append("--include-dashboard=false")
        process = subprocess.Popen(
            [Path(sys.executable).with_name("ray"), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | JOINING,
            start_new_session=True,
        )
        self.sessions.append(process.pid)
        if process.wait(_UP_S) != 0:
            raise RuntimeError(f"node {len(self.sessions)} did not start")

    def kill(self, number: int) -> None:
        """Kill all of a node at once, as a machine without power is."""
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(int(path.name)) == self.sessions[number]:
                    os.kill(int(path.name), signal.SIGKILL)


@contextlib.contextmanager
def ray_nodes(n_nodes: int = 2) -> Iterator[RayNodes]:
    """Start nodes, and kill those that are left."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    # Ray's sockets lie there: their names have to be short.
    place = tempfile.mkdtemp(prefix="ray")
    nodes = RayNodes(port, Path(place))
    try:
        for _ in range(n_nodes):
            nodes.start()
        yield nodes
    finally:
        for number in reversed(range(len(nodes.sessions))):
            nodes.kill(number)
        shutil.rmtree(place, ignore_errors=True)
