"""Batches on a Ray cluster: as on one machine, whatever becomes of the others."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from pano.errors import MediaError, SettingsError
from pano_jobs.batch.clip_run import ClipTask, Rules
from pano_jobs.batch.clips import find_clips
from pano_jobs.batch.cluster import RayCluster, Share, connected
from pano_jobs.batch.lock import held
from pano_jobs.batch.run import BatchOptions, batch
from pano_jobs.batch.signals import TERMINATED
from pano_jobs.batch.stages.state import STATE_FOLDER
from pano_jobs.cli import main
from pano_jobs.cli.main import INTERRUPTED
from pano_jobs.settings import EncoderSettings, LocalizeSettings
from tests.pipelines.batch import cluster_batch, red_batch
from tests.pipelines.batch.quick_work import QuickWork, made, statuses, touch
from tests.pipelines.batch.ray_nodes import JOINING, RayNodes, ray_nodes
from tests.pipelines.batch.test_kills import write_clips

_WAIT_S = 60.0
COMMAND = (sys.executable, cluster_batch.__file__, "batch")
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="needs ray (pip install 'pano[ray]')",
)


class FakeRay:
    """A cluster that runs tasks when they are waited for, and loses some of them."""

    class LostError(Exception):
        pass

    class TaskError(Exception):
        def __init__(self, cause):
            self.cause = cause

    exceptions = SimpleNamespace(
        WorkerCrashedError=LostError,
        LocalRayletDiedError=LostError,
        NodeDiedError=LostError,
        OutOfMemoryError=LostError,
        ObjectLostError=LostError,
        RayTaskError=TaskError,
    )

    def __init__(self, losses: dict[str, int] | None = None) -> None:
        self.losses = losses or {}
        self.n_most = 0
        self.waits_s: list[float] = []
        self.cancelled: list[int] = []
        self.calls: list[tuple] = []
        self.open: set[int] = set()

    def remote(self, function):
        self.function = function
        return self

    def options(self, **asked):
        self.asked = asked
        return SimpleNamespace(remote=self.hand_in)

    def hand_in(self, *call):
        self.calls.append(call)
        self.waits_s.append(call[-1])
        self.open.add(len(self.calls) - 1)
        self.n_most = max(self.n_most, len(self.open))
        return len(self.calls) - 1

    def wait(self, running, num_returns=1, timeout=None):
        return running[:num_returns], running[num_returns:]

    def get(self, number):
        self.open.remove(number)
        task, *_ = self.calls[number]
        name = task.clip.source.name
        if self.losses.get(name, 0) > 0:
            self.losses[name] -= 1
            raise self.LostError
        try:
            return self.function(*self.calls[number])
        except MediaError as error:
            raise self.TaskError(error) from error

    def cancel(self, number, force=False):
        self.cancelled.append(number)


@pytest.fixture
def three(tmp_path, monkeypatch):
    touch(*(tmp_path / f"in/{name}.mp4" for name in "abc"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def go(folder, ray, n_jobs=None):
    engine = RayCluster(ray, Share(), n_jobs).run
    options = BatchOptions(engine=engine)
    return batch(folder / "in", folder / "out", QuickWork(), options)


def test_a_clip_whose_machine_is_lost_is_tried_again_and_waits_for_its_lock(three):
    ray = FakeRay({"b.mp4": 2})
    assert statuses(go(three, ray)) == ["done"] * 3
    assert ray.waits_s[:3] == [0.0] * 3
    assert len(ray.waits_s) == 5
    assert min(ray.waits_s[3:]) > 30.0
    assert made(three / "out") == [["maps", "path", "film"]] * 3


def test_a_clip_that_loses_every_process_fails_alone(three):
    result = go(three, FakeRay({"b.mp4": 100}))
    assert statuses(result) == ["done", "failed", "done"]
    assert "b.mp4 was lost 4 times" in result.clips[1].reason
    assert statuses(go(three, FakeRay())) == ["skipped", "done", "skipped"]


def test_no_more_clips_are_handed_in_than_are_asked_for(three):
    ray = FakeRay()
    go(three, ray, n_jobs=2)
    assert ray.n_most == 2


def test_clips_that_are_left_are_cancelled(three):
    ray = FakeRay()
    tasks = (
        ClipTask(clip, QuickWork(), Rules())
        for clip in find_clips(three / "in", three / "out")
    )
    with contextlib.closing(RayCluster(ray, Share(), None).run(tasks)) as outcomes:
        next(outcomes)
    assert ray.cancelled == [1, 2]


def test_a_machine_without_the_folder_ends_the_batch_in_a_sentence(three, monkeypatch):
    monkeypatch.setattr("pano_jobs.batch.cluster._FOLDER_WAIT_S", 0.0)
    monkeypatch.setattr("pano_jobs.batch.cluster._LOOK_AGAIN_S", 0.01)
    ray = FakeRay()
    tasks = (
        ClipTask(clip, QuickWork(), Rules())
        for clip in find_clips(three / "in", three / "out")
    )
    mkdir = Path.mkdir
    monkeypatch.setattr(
        Path,
        "mkdir",
        lambda self, *a, **k: (
            None if self.name == STATE_FOLDER else mkdir(self, *a, **k)
        ),
    )
    with pytest.raises(MediaError, match=r"does not see .*need the same folders"):
        list(RayCluster(ray, Share(), None).run(tasks))


def test_relative_paths_mean_the_same_there(three):
    class Elsewhere(FakeRay):
        def get(self, number):
            os.chdir("/")
            return super().get(number)

    engine = RayCluster(Elsewhere(), Share(), None).run
    result = batch(Path("in"), Path("out"), QuickWork(), BatchOptions(engine=engine))
    assert statuses(result) == ["done"] * 3
    assert (three / "out/a.mp4").is_file()


@pytest.mark.parametrize(
    ("encoder", "compute", "cuda", "n_gpus"),
    [
        ("libx264", "auto", False, 0.0),
        ("libx264", "auto", True, 0.25),
        ("libx264", "openvino", True, 0.0),
        ("h264_nvenc", "openvino", False, 0.25),
    ],
)
def test_a_clip_asks_for_a_graphics_card_if_it_uses_one(
    monkeypatch, encoder, compute, cuda, n_gpus
):
    monkeypatch.setattr("pano_jobs.batch.cluster.has_cuda", lambda: cuda)
    share = Share.of(LocalizeSettings(compute=compute), EncoderSettings(name=encoder))
    assert share.n_gpus == n_gpus
    machine = {"CPU": 2.0, "memory": 4e9}
    assert share.fits(machine) == (n_gpus == 0.0)
    assert share.fits(machine | {"GPU": 1.0})
    assert not share.fits(machine | {"GPU": 1.0, "memory": 1e9})


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1"),
        ("127.0.0.1:99999", "no Ray cluster answers at 127.0.0.1:99999"),
        ("somewhere", "an address of a Ray cluster is HOST:PORT, not somewhere"),
    ],
)
def test_an_address_where_nobody_answers_is_refused(address, words):
    with pytest.raises(SettingsError, match=words), connected(address, Share()):
        raise AssertionError("nobody is there")


@needs_ray
@pytest.mark.slow
def test_an_address_where_something_silent_listens_is_refused_soon():
    begun_s = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        told = f"what listens at {address} does not answer as a Ray cluster"
        with pytest.raises(SettingsError, match=told), connected(address, Share()):
            raise AssertionError("nobody answers")
    assert time.monotonic() - begun_s < 20.0


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize(
    "joining",
    [
        {"RAY_AUTH_TOKEN": "0" * 64},
        {"RAY_AUTH_MODE": "disabled"},
        {"RAY_AUTH_TOKEN": ""},
    ],
    ids=["wrong", "disabled", "missing"],
)
def test_a_wrong_token_is_refused_in_one_sentence(tmp_path, nodes, joining):
    environment = os.environ | JOINING | joining | {"HOME": str(tmp_path)}
    (tmp_path / "in").mkdir()
    begun_s = time.monotonic()
    refused = subprocess.run(
        [*COMMAND, "in", "-o", "out", *on(nodes)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_WAIT_S,
    )
    assert time.monotonic() - begun_s < 20.0
    assert refused.returncode == 1
    assert refused.stderr == (
        f"pano: cannot join the Ray cluster at {nodes.address}: its token is another "
        "one, or none is set here; copy the head's to RAY_AUTH_TOKEN, with "
        "RAY_AUTH_MODE=token\n"
    )
    assert not (tmp_path / "out").exists()


def run(*words):
    return CliRunner().invoke(main, ["batch", "in", "-o", "out", *words])


def test_without_ray_a_sentence_says_how_to_get_it(three, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run("--engine", "ray")
    assert result.exit_code == 1
    assert result.stderr == (
        "pano: this needs ray, which is not installed; pip install 'pano[ray]'\n"
    )
    assert not (three / "out").exists()


def test_an_address_is_for_ray_alone(three):
    result = run("--address", "127.0.0.1:6379")
    assert result.exit_code == 2
    assert "--address needs --engine ray" in result.stderr


@pytest.fixture(scope="module")
def nodes():
    with ray_nodes() as both:
        yield both


def start(folder: Path, output: str, *words: str, lasts_s: float = 0.0):
    (folder / "lasts.txt").write_text(str(lasts_s))
    command = [*COMMAND, "in", "-o", output]
    return subprocess.Popen(
        [
            *command,
            "--size",
            "64x36",
            "--preset",
            red_batch.REPEATABLE,
            "--keep",
            "--json",
            *words,
        ],
        cwd=folder,
        env=os.environ | JOINING,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def on(nodes: RayNodes) -> tuple[str, ...]:
    return "--engine", "ray", "--address", nodes.address


def products(output: Path) -> dict[str, bytes]:
    """Return films and kept paths; what else there is tells times."""
    found = [*output.glob("*.mp4"), *(output / STATE_FOLDER).glob("*/*")]
    return {str(path.relative_to(output)): path.read_bytes() for path in found}


def begun(folder: Path) -> list[tuple[str, int]]:
    """Return the clips that were begun, and the session of each one's node."""
    noted = folder / "begun.txt"
    lines = noted.read_text().splitlines() if noted.exists() else []
    return [(one.split()[0], int(one.split()[1])) for one in lines]


def is_free(lock: Path) -> bool:
    with held(lock) as is_ours:
        return is_ours


def wait_for(condition):
    until_s = time.monotonic() + _WAIT_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@needs_ray
@pytest.mark.slow
def test_two_machines_make_what_one_makes_and_say_the_same(tmp_path, nodes):
    write_clips(tmp_path / "in", 4)
    (tmp_path / "in/d.mp4").write_text("no film")
    here = start(tmp_path, "here", lasts_s=0.5)
    said, lines = here.communicate(timeout=_WAIT_S)
    (tmp_path / "begun.txt").unlink()
    there = start(tmp_path, "there", *on(nodes), lasts_s=0.5)
    said_there, lines_there = there.communicate(timeout=_WAIT_S)
    assert (here.returncode, there.returncode) == (1, 1), lines_there
    films = products(tmp_path / "here")
    assert len(films) == 3 * 3
    assert products(tmp_path / "there") == films
    assert {session for _, session in begun(tmp_path)} == set(nodes.sessions)
    assert len(said.splitlines()) == len(said_there.splitlines()) == 1

    def ends(text):
        return sorted(one.split(";")[0] for one in text.splitlines())

    assert ends(lines) == ends(lines_there)
    assert len(ends(lines)) == 4


@needs_ray
@pytest.mark.slow
def test_a_machine_that_is_killed_costs_no_clip(tmp_path):
    write_clips(tmp_path / "in", 6)
    here = start(tmp_path, "here")
    here.communicate(timeout=_WAIT_S)
    assert here.returncode == 0
    (tmp_path / "begun.txt").unlink()
    with ray_nodes() as nodes:
        there = start(tmp_path, "there", *on(nodes), lasts_s=2.0)
        second = nodes.sessions[1]
        wait_for(lambda: second in [session for _, session in begun(tmp_path)])
        nodes.kill(1)
        _, lines = there.communicate(timeout=_WAIT_S)
    assert there.returncode == 0, lines
    names = [name for name, _ in begun(tmp_path)]
    (lost,) = {name for name in names if names.count(name) == 2}
    first, again = (session for name, session in begun(tmp_path) if name == lost)
    assert (first, again) == (second, nodes.sessions[0])
    assert products(tmp_path / "there") == products(tmp_path / "here")
    assert not list((tmp_path / "there" / STATE_FOLDER).glob("*.lock"))


@needs_ray
@pytest.mark.slow
def test_a_machine_that_is_killed_costs_no_part_of_a_clip(tmp_path):
    write_clips(tmp_path / "in", 1, n_pictures=90)
    in_parts = ("--part", "1")
    here = start(tmp_path, "here", *in_parts)
    _, lines = here.communicate(timeout=_WAIT_S)
    assert here.returncode == 0, lines
    assert "filmed 6 of 6 parts of a.mp4" in lines
    (tmp_path / "begun.txt").unlink()
    with ray_nodes() as nodes:
        there = start(tmp_path, "there", *in_parts, *on(nodes), lasts_s=2.0)
        second = nodes.sessions[1]
        wait_for(lambda: second in [session for _, session in begun(tmp_path)])
        nodes.kill(1)
        _, lines = there.communicate(timeout=_WAIT_S)
    assert there.returncode == 0, lines
    assert "filmed 6 of 6 parts of a.mp4" in lines
    names = [name for name, _ in begun(tmp_path)]
    assert set(names) == {f"a.mp4#{number}" for number in range(6)}
    (lost,) = {name for name in names if names.count(name) == 2}
    first, again = (session for name, session in begun(tmp_path) if name == lost)
    assert (first, again) == (second, nodes.sessions[0])
    assert products(tmp_path / "there") == products(tmp_path / "here")
    assert len(products(tmp_path / "here")) == 3
    assert not list((tmp_path / "there" / STATE_FOLDER).glob("**/*.lock"))


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, INTERRUPTED),
        (signal.SIGTERM, TERMINATED),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_a_batch_that_is_ended_leaves_nothing_half_written(
    tmp_path, nodes, number, code
):
    write_clips(tmp_path / "in", 3)
    process = start(tmp_path, "out", *on(nodes), lasts_s=_WAIT_S)
    states = tmp_path / "out" / STATE_FOLDER
    wait_for(lambda: len(list(states.rglob("half.part.mp4"))) == 2)
    process.send_signal(number)
    _, lines = process.communicate(timeout=_WAIT_S)
    assert process.returncode == code, lines
    if number == signal.SIGKILL:
        # Ray kills the processes of a batch that is gone; their locks go with them.
        wait_for(lambda: all(map(is_free, states.glob("*.lock"))))
    else:
        assert not list(states.glob("*.lock"))
        assert not list(states.rglob("half.part.mp4"))
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {STATE_FOLDER}
    assert len(begun(tmp_path)) == 2
    again = start(tmp_path, "out", *on(nodes))
    _, lines = again.communicate(timeout=_WAIT_S)
    assert again.returncode == 0, lines
    assert not list(states.rglob("half.part.mp4"))
