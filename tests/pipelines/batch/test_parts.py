"""Long clips that are filmed in parts: the film of one piece, whoever made them."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano.errors import MediaError
from pano.media import MediaWriter, probe
from pano.media.stretch import read_picture_times
from pano_jobs.batch import part_run
from pano_jobs.batch.clip_run import ELSEWHERE
from pano_jobs.batch.cluster import RayCluster, Share
from pano_jobs.batch.lock import held
from pano_jobs.batch.part_run import JoinTask, PartTask, run_task
from pano_jobs.batch.run import BatchOptions, Listener, batch
from pano_jobs.batch.stages.state import STATE_FOLDER, ClipState
from pano_jobs.batch.stages.work import PanWork
from pano_jobs.cli import main
from pano_jobs.settings import (
    EncoderSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)
from pano_jobs.video.parts import PartPlan
from tests.pipelines.batch import red_batch
from tests.pipelines.batch.quick_work import made, options, statuses
from tests.pipelines.batch.test_cluster import FakeRay
from tests.pipelines.video.test_camera_files import gopro
from tests.synthetic import Clip, SoundTrack, sine, write_clip

RATE = Fraction(15)
SECONDS = 4.5
N_PICTURES = round(SECONDS * RATE)
PART_S = 1.0  # the last half is filmed with the part before
DEAF = LocalizeSettings(require_sound=False)
BEGINS = (0, 15, 30, 45)


def red_disc(k: int) -> np.ndarray:
    rng = np.random.default_rng(k // 4)
    image = np.asarray(rng.integers(60, 120, (60, 120, 3)), np.uint8)
    cv2.circle(image, (20 + k, 30), 6, (255, 0, 0), -1)
    return image


def write_long(path: Path, **settings) -> Path:
    path.parent.mkdir(exist_ok=True)
    clip = Clip(
        *(120, 60, RATE, N_PICTURES),
        options={"preset": "medium", "qp": "8", "g": "12"},
        sound=SoundTrack(sine(SECONDS)),
        paint=red_disc,
    )
    return write_clip(path, dataclasses.replace(clip, **settings))


def work(
    preset: str = red_batch.REPEATABLE,
    *,
    part_s: float | None = PART_S,
    has_page: bool = False,
    **settings: Any,
) -> PanWork:
    lens = LensSettings(64, 36, encoder=EncoderSettings(preset=preset))
    return PanWork(PanSettings(lens=lens, **settings), has_page, part_s)


@pytest.fixture
def one(tmp_path, hearing):
    write_long(tmp_path / "in/a.mp4")
    return tmp_path


def go(folder: Path, output: str, some: PanWork, asked=None, listener=None):
    return batch(folder / "in", folder / output, some, asked, listener)


def packets(
    path: Path, kind: Literal["video", "audio"]
) -> list[tuple[int, int, bytes]]:
    with av.open(str(path)) as container:
        stream = container.streams.best(kind)
        return [
            (packet.pts, packet.duration, bytes(packet))
            for packet in container.demux(stream)
            if packet.size
        ]


def pictures(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def psnr_db(film: Path, rendered: list[np.ndarray]) -> float:
    pairs = zip(pictures(film), rendered, strict=True)
    errors = [
        np.mean((picture.to_ndarray()[: len(luma)].astype(float) - luma) ** 2)
        for picture, luma in pairs
    ]
    return float(10.0 * np.log10(255.0**2 / np.mean(errors)))


@pytest.fixture
def rendered(monkeypatch):
    """Collect the luma of all pictures that are written, as they were rendered."""
    collected: list[np.ndarray] = []
    write = MediaWriter.write_planes

    def collect(writer, planes, pts):
        collected.append(np.array(planes.y))
        write(writer, planes, pts)

    monkeypatch.setattr(MediaWriter, "write_planes", collect)
    return collected


def left(output: Path) -> list[str]:
    return sorted(path.suffix for path in (output / STATE_FOLDER).rglob("*"))


@pytest.mark.parametrize("preset", [red_batch.REPEATABLE, "medium"])
def test_a_film_in_parts_is_as_good_as_one_in_one_piece(one, rendered, preset):
    told: list[tuple[Path, int, int]] = []
    listener = Listener(filmed=lambda *words: told.append(words))
    result = go(one, "parts", work(preset), None, listener)
    assert statuses(result) == ["done"]
    assert "filmed in 4 parts" in result.clips[0].reason
    assert told == [(one / "in/a.mp4", number, 4) for number in (1, 2, 3, 4)]
    assert statuses(go(one, "whole", work(preset, part_s=None))) == ["done"]
    film, whole = one / "parts/a.mp4", one / "whole/a.mp4"
    raw = rendered[:N_PICTURES]
    assert len(rendered) == 2 * N_PICTURES
    assert np.array_equal(rendered[N_PICTURES:], raw)
    shown = [(one.pts, one.time_base, one.duration) for one in pictures(film)]
    assert len(shown) == N_PICTURES
    assert shown == [(one.pts, one.time_base, one.duration) for one in pictures(whole)]
    assert packets(film, "audio") == packets(whole, "audio")
    keys = [k for k, picture in enumerate(pictures(film)) if picture.key_frame]
    assert set(BEGINS) <= set(keys)
    assert psnr_db(film, raw) > psnr_db(whole, raw) - 0.2
    assert made(one / "parts") == made(one / "whole") == [["maps", "path", "film"]]
    assert left(one / "parts") == [".json"]


@pytest.mark.parametrize(
    ("length_s", "part_s", "n_parts"),
    [(4.4, 3.0, 1), (4.5, 3.0, 2), (7.4, 3.0, 2), (7.5, 3.0, 3), (9.0, 3.0, 3)],
)
def test_what_is_left_at_the_end_is_no_small_part(length_s, part_s, n_parts):
    pts = range(5, 5 + round(length_s * 10))  # the last is shown for a tenth
    plan = PartPlan.of([*pts, pts[-1] + 1], Fraction(1, 10), part_s)
    assert (plan.n_parts if plan else 1) == n_parts
    if plan:
        told = [pts for number in range(plan.n_parts) for pts in plan.pts_of(number)]
        assert told == list(plan.pts)


def test_a_hole_in_a_clip_makes_no_empty_part():
    plan = PartPlan.of([0, 5, 10, 15, 65, 70, 75, 80], Fraction(1, 10), 1.0)
    assert plan is not None
    assert [plan.pts_of(n) for n in range(plan.n_parts)] == [
        *((0, 5), (10, 15), (65,)),
        (70, 75, 80),
    ]


def test_a_damaged_plan_is_a_sentence(tmp_path):
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(MediaError, match="plan of the parts is gone"):
        PartPlan.load(tmp_path / "plan.json")


class EndError(Exception):
    pass


def end_after(n_parts: int) -> Listener:
    """Return who ends a batch once so many parts are filmed."""

    def tell(source: Path, n_filmed: int, n_all: int) -> None:
        if n_filmed == n_parts:
            raise EndError

    return Listener(filmed=tell)


def test_parts_that_are_filmed_are_not_filmed_again(one, rendered):
    go(one, "calm", work())
    rendered.clear()
    with pytest.raises(EndError):
        go(one, "out", work(), None, end_after(3))
    assert len(rendered) == 3 * 15
    with held(next((one / "out" / STATE_FOLDER).glob("*.json")).with_suffix(".lock")):
        pass  # and it is free
    rendered.clear()
    assert statuses(go(one, "out", work())) == ["done"]
    assert len(rendered) == N_PICTURES - 3 * 15
    assert (one / "out/a.mp4").read_bytes() == (one / "calm/a.mp4").read_bytes()
    assert left(one / "out") == [".json"]


@pytest.mark.parametrize("other", [{"part_s": 2.0}, {"preset": "superfast"}])
def test_parts_of_other_settings_are_cleared(one, rendered, other):
    with pytest.raises(EndError):
        go(one, "out", work(), None, end_after(3))
    rendered.clear()
    assert statuses(go(one, "out", work(**other))) == ["done"]
    assert len(rendered) == N_PICTURES
    assert left(one / "out") == [".json"]


def test_force_films_every_part_anew(one, rendered):
    with pytest.raises(EndError):
        go(one, "out", work(), None, end_after(3))
    rendered.clear()
    go(one, "out", work(), options(overwrite=True))
    assert len(rendered) == N_PICTURES


def test_other_parts_are_no_reason_to_film_a_finished_clip_again(one):
    go(one, "out", work())
    assert statuses(go(one, "out", work(part_s=2.0))) == ["skipped"]
    assert statuses(go(one, "out", work(part_s=None))) == ["skipped"]


@pytest.mark.slow
def test_pages_and_all_films_are_those_of_one_piece(one, rendered):
    aspects: dict[str, Any] = {"aspects": (Fraction(1), Fraction(16, 9))}
    go(one, "parts", work(has_page=True, **aspects))
    n_rendered = len(rendered)
    go(one, "whole", work(has_page=True, part_s=None, **aspects))
    assert n_rendered == 2 * N_PICTURES == len(rendered) - n_rendered
    names = sorted(path.name for path in (one / "whole").glob("a*"))
    assert len(names) == 3
    assert sorted(path.name for path in (one / "parts").glob("a*")) == names
    for name in names:
        film = one / "parts" / name
        if film.suffix == ".html":
            pages = (film.read_text(), (one / "whole" / name).read_text())
            assert pages[0] == pages[1]
            continue
        whole = [picture.pts for picture in pictures(one / "whole" / name)]
        assert [picture.pts for picture in pictures(film)] == whole


def slow(*values: object):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("suffix", "settings", "n_parts"),
    [
        slow(".ts", {}, 4),  # decoded from its beginning, part by part
        slow(".mkv", {}, 4),
        (".mkv", {"codec": "libx265", "options": {"preset": "ultrafast"}}, 4),
        (".mp4", {"options": {"preset": "medium", "x264-params": "tff=1"}}, 4),
        slow(".avi", {}, 1),  # does not say when pictures are shown
        (".mp4", {"n_pictures": 20}, 1),
    ],
)
def test_every_kind_of_clip_becomes_the_film_of_one_piece(
    tmp_path, hearing, rendered, suffix, settings, n_parts
):
    write_long(tmp_path / f"in/a{suffix}", **settings)
    parted = go(tmp_path, "parts", work()).clips[0].reason.split("; ")
    raw = list(rendered)
    rendered.clear()
    whole_piece = go(tmp_path, "whole", work(part_s=None)).clips[0].reason.split("; ")
    assert np.array_equal(rendered, raw[-len(rendered) :])
    told = ["filmed in 4 parts"] if n_parts == 4 else []
    assert sorted(filter(None, parted)) == sorted(filter(None, whole_piece + told))
    film, whole = (pictures(tmp_path / name / "a.mp4") for name in ("parts", "whole"))
    times = [(one.pts, one.time_base) for one in whole]
    assert [(one.pts, one.time_base) for one in film] == times
    sounds = (
        packets(tmp_path / name / "a.mp4", "audio") for name in ("parts", "whole")
    )
    assert next(sounds) == next(sounds)
    assert left(tmp_path / "parts") == [".json"]


@pytest.mark.slow
def test_a_camera_file_of_two_tracks_is_filmed_in_parts(tmp_path, hearing, rendered):
    (tmp_path / "in").mkdir()
    gopro(tmp_path / "in/GS010001.360", 30)
    seconds = float(probe(tmp_path / "in/GS010001.360").duration_from_header_s or 0.0)
    for name, part_s in (("parts", seconds / 3), ("whole", None)):
        result = go(tmp_path, name, work(part_s=part_s, localize=DEAF))
        assert statuses(result) == ["done"]
        assert ("filmed in 3 parts" in result.clips[0].reason) == (name == "parts")
    assert len(rendered) == 2 * 30
    assert np.array_equal(rendered[:30], rendered[30:])


def test_hdr_in_parts_says_what_one_piece_says(tmp_path, hearing):
    words = (
        "log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:"
        "colormatrix=bt2020nc:max-cll=1000,400:master-display=G(13250,34500)"
        "B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    )
    write_long(
        tmp_path / "in/a.mp4",
        codec="libx265",
        pixel_format="yuv420p10le",
        options={"preset": "ultrafast", "x265-params": words},
    )
    lens = LensSettings(64, 36, encoder=EncoderSettings("libx265", preset="ultrafast"))
    films = []
    for name, part_s in (("parts", PART_S), ("whole", None)):
        go(tmp_path, name, PanWork(PanSettings(lens=lens), part_s=part_s))
        films.append(tmp_path / name / "a.mp4")
    parted, whole = map(probe, films)
    assert parted.signal == whole.signal
    assert parted.signal.max_cll_nit == 1000
    assert parted.signal.mastering is not None
    assert packets(films[0], "audio") == packets(films[1], "audio")


def test_a_steady_film_in_parts_is_that_of_one_piece(one, rendered):
    lens = dataclasses.replace(work().settings.lens, is_stabilized=True)
    parted = go(one, "parts", PanWork(PanSettings(lens=lens), part_s=PART_S))
    assert "filmed in 4 parts" in parted.clips[0].reason
    go(one, "whole", PanWork(PanSettings(lens=lens)))
    go(one, "shaken", work(part_s=None))
    steady, whole, shaken = np.split(np.array(rendered), 3)
    assert np.array_equal(steady, whole)
    assert not np.array_equal(steady, shaken)


def test_a_clip_whose_packets_promise_other_pictures_is_filmed_in_one_piece(
    one, monkeypatch
):
    def lie(info):
        told = read_picture_times(info)
        return None if told is None else told[:40] + told[41:]

    monkeypatch.setattr("pano_jobs.video.parts.read_picture_times", lie)
    result = go(one, "out", work())
    assert statuses(result) == ["done"]
    assert "parts" not in result.clips[0].reason
    assert len(pictures(one / "out/a.mp4")) == N_PICTURES
    assert left(one / "out") == [".json"]


def test_chapters_are_filmed_in_parts_that_reach_over_their_joint(tmp_path, hearing):
    for name in ("GS010001.mp4", "GS020001.mp4"):
        write_long(tmp_path / "in" / name, n_pictures=30)
    joined = BatchOptions(join=True)
    parted = go(tmp_path, "parts", work(part_s=1.5), joined)
    go(tmp_path, "whole", work(part_s=None), joined)
    assert "filmed in 3 parts" in parted.clips[0].reason
    film, whole = (
        pictures(tmp_path / name / "GS010001.mp4") for name in ("parts", "whole")
    )
    assert [one.pts for one in film] == [one.pts for one in whole]
    assert len(film) == 60


def test_a_part_that_fails_fails_its_clip_and_a_second_time_clears_it(one, monkeypatch):
    write_long(one / "in/b.mp4", n_pictures=20)
    film = PanWork.film_part
    numbers = []

    def fail(work, source, room, number, progress):
        numbers.append(number)
        if number == 2:
            raise MediaError("the disk is full")
        film(work, source, room, number, progress)

    monkeypatch.setattr(PanWork, "film_part", fail)
    first = go(one, "out", work())
    assert statuses(first) == ["failed", "done"]
    assert first.clips[0].reason == "the disk is full"
    assert numbers == [0, 1, 2]  # and no more
    assert left(one / "out").count(".mp4") == 2
    state = ClipState.load(next((one / "out" / STATE_FOLDER).glob("a-*.json")))
    assert state.failure is not None
    go(one, "out", work())
    assert numbers == [0, 1, 2, 2]
    assert left(one / "out") == [".json", ".json"]
    assert go(one, "out", work(), options(retries_failed=False)).count("failed") == 1


def test_a_clip_that_vanishes_between_its_parts_fails_alone(one):
    write_long(one / "in/b.mp4", n_pictures=20)
    remove = Listener(filmed=lambda source, *_: source.unlink(missing_ok=True))
    result = go(one, "out", work(), None, remove)
    assert statuses(result) == ["failed", "done"]
    assert "cannot be read" in result.clips[0].reason
    assert not list((one / "out" / STATE_FOLDER).glob("*.lock"))


def test_a_clip_that_another_batch_takes_before_its_parts_is_left_to_it(
    one, monkeypatch
):
    @contextlib.contextmanager
    def taken(*_, **__) -> Iterator[bool]:
        yield False

    monkeypatch.setattr("pano_jobs.batch.parted.held", taken)
    result = go(one, "out", work())
    assert [clip.reason for clip in result.clips] == [ELSEWHERE]


def test_a_clip_is_locked_while_its_parts_are_filmed(one):
    locks = []

    def look(*_):
        (lock,) = (one / "out" / STATE_FOLDER).glob("a-*.lock")
        with held(lock) as is_ours:
            locks.append(is_ours)

    go(one, "out", work(), None, Listener(filmed=look))
    assert locks == [False] * 4


def test_a_process_that_was_given_up_may_still_end(one, monkeypatch):
    tasks = []

    def note(task, *words, **more):
        outcome = run_task(task, *words, **more)
        tasks.append(task)
        return outcome

    monkeypatch.setattr("pano_jobs.batch.run.run_task", note)
    go(one, "out", work(), options(keep=True))
    assert [type(task).__name__ for task in tasks] == [
        *("ClipTask", *["PartTask"] * 4, "JoinTask")
    ]
    film = (one / "out/a.mp4").read_bytes()
    late_part, late_join = tasks[1], tasks[-1]
    assert isinstance(late_part, PartTask)
    assert isinstance(late_join, JoinTask)
    assert run_task(late_part).status == "failed"
    assert run_task(late_join).status == "failed"
    assert (one / "out/a.mp4").read_bytes() == film
    monkeypatch.setattr(part_run, "_LOCK_WAIT_S", 0.0)
    parts = work().parts(late_part.room())
    parts.folder.mkdir()
    with held(parts.lock(late_part.number)):
        assert "was given up" in run_task(late_part).reason


def test_the_command_tells_of_parts(one):
    command = ["batch", str(one / "in"), "-o", str(one / "out"), "--size", "64x36"]
    ran = CliRunner().invoke(main, [*command, "--part", "1"])
    assert ran.exit_code == 0, ran.output
    assert "filmed 3 of 4 parts of a.mp4\n" in ran.stderr
    assert "filmed in 4 parts" in ran.stdout
    for words, told in [
        (["--part", "0.5"], "x>=1"),
        (["--part", "1", "--job", "saliency"], "--part needs --job pan"),
    ]:
        refused = CliRunner().invoke(main, [*command, *words])
        assert refused.exit_code == 2
        assert told in refused.stderr


class LosesAPart(FakeRay):
    """A cluster that loses who films the third part, once."""

    def get(self, number):
        task, *_ = self.calls[number]
        if isinstance(task, PartTask) and task.number == 2 and not self.losses:
            self.losses["a part"] = 0
            self.open.remove(number)
            raise self.LostError
        return super().get(number)


def test_parts_whose_machine_is_lost_are_filmed_elsewhere(one):
    go(one, "here", work())
    ray = LosesAPart()
    asked = BatchOptions(engine=RayCluster(ray, Share(), None).run)
    assert statuses(go(one, "there", work(), asked)) == ["done"]
    numbers = [task.number for task, *_ in ray.calls if isinstance(task, PartTask)]
    assert sorted(numbers) == [0, 1, 2, 2, 3]
    film = (one / "here/a.mp4").read_bytes()
    assert (one / "there/a.mp4").read_bytes() == film


@pytest.mark.slow
def test_parts_at_once_are_those_one_after_another(one):
    command = [sys.executable, red_batch.__file__, "batch", one / "in", "-o"]
    words = ["--size", "64x36", "--preset", red_batch.REPEATABLE, "--part", "1"]
    for jobs in ("1", "2"):
        subprocess.run([*command, one / jobs, *words, "--jobs", jobs], check=True)
    assert (one / "1/a.mp4").read_bytes() == (one / "2/a.mp4").read_bytes()
