"""Long clips that are filmed in parts: the film of one piece, whoever made its parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano.errors import MediaError
from pano.media import MediaWriter, open_media
from pano_jobs.batch import part_run
from pano_jobs.batch.clip_run import ELSEWHERE
from pano_jobs.batch.lock import held
from pano_jobs.batch.part_run import JoinTask, PartTask, run_task
from pano_jobs.batch.run import BatchOptions, Listener, batch
from pano_jobs.batch.stages.state import STATE_FOLDER, ClipState
from pano_jobs.batch.stages.work import PanWork
from pano_jobs.cli import main
from pano_jobs.settings import EncoderSettings, LensSettings, PanSettings
from pano_jobs.video.parts import PartPlan
from tests.pipelines.batch import red_batch
from tests.pipelines.batch.quick_work import made, options, statuses
from tests.synthetic import Clip, SoundTrack, sine, write_clip

RATE = Fraction(15)
SECONDS = 4.5
N_PICTURES = round(SECONDS * RATE)
PART_S = 1.0  # the last half is filmed with the part before
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
    **settings,
) -> PanWork:
    lens = LensSettings(64, 36, encoder=EncoderSettings(preset=preset))
    return PanWork(PanSettings(lens=lens, **settings), has_page, part_s)


@pytest.fixture
def one(tmp_path, hearing):
    write_long(tmp_path / "in/a.mp4")
    return tmp_path


def go(folder: Path, output: str, some: PanWork, asked=None, listener=None):
    return batch(folder / "in", folder / output, some, asked, listener)


def packets(path: Path, kind: str) -> list[tuple[int, int, bytes]]:
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
