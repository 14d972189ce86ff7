"""`pano batch` on clips that are films, with a localizer that hears what is red."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano_jobs.analysis import audio_track, localizer
from pano_jobs.batch.run import batch
from pano_jobs.batch.stages.state import STATE_FOLDER
from pano_jobs.batch.stages.work import HeatMapWork, PanWork
from pano_jobs.batch.thumbnail import thumbnail
from pano_jobs.cli import main
from pano_jobs.settings import (
    EncoderSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)
from tests.pipelines.batch import cluster_batch, kill_batches, red_batch
from tests.pipelines.batch.quick_work import made, options, states, statuses
from tests.pipelines.batch.test_kills import write_clips
from tests.synthetic import Clip, write_clip

ENCODER = EncoderSettings(preset=red_batch.REPEATABLE)
SETTINGS = PanSettings(lens=LensSettings(64, 36, encoder=ENCODER))
LARGER = PanSettings(lens=LensSettings(128, 72, encoder=ENCODER))
HEAT = HeatMapWork(LocalizeSettings(), ENCODER)


@pytest.fixture
def one(tmp_path, hearing):
    write_clips(tmp_path / "in", 1)
    return tmp_path


def film(folder, work, *, output="out", **rules) -> bytes:
    result = batch(folder / "in", folder / output, work, options(**rules))
    assert statuses(result) == ["done"]
    return (folder / output / "a.mp4").read_bytes()


def test_another_size_is_filmed_from_what_was_kept_and_the_same(one, hearing):
    film(one, PanWork(SETTINGS), keep=True)
    again = film(one, PanWork(LARGER), keep=True)
    assert len(hearing) == 1
    assert again == film(one, PanWork(LARGER), output="anew")
    assert made(one / "out") == [["maps", "path", "film", "film"]]
    assert made(one / "anew") == [["maps", "path", "film"]]


def test_programs_that_hear_red_leave_who_imports_them_alone():
    imported = (red_batch, kill_batches, cluster_batch)
    assert all(module.__name__.startswith("tests.") for module in imported)
    heard = vars(audio_track)
    assert heard["load_localizer"] is localizer.load_localizer


def test_chapters_go_on_from_what_was_kept(one, hearing):
    first, second = (one / f"in/GH0{number}0007.mp4" for number in (1, 2))
    (one / "in/a.mp4").rename(first)
    shutil.copyfile(first, second)
    how = dataclasses.replace(options(keep=True), join=True)
    films = []
    for work in (PanWork(SETTINGS), PanWork(LARGER), PanWork(SETTINGS)):
        assert statuses(batch(one / "in", one / "out", work, how)) == ["done"]
        films.append((one / "out/GH010007.mp4").read_bytes())
    assert len(hearing) == 1
    assert films[0] == films[2] != films[1]
    second.write_bytes(second.read_bytes() + b"x")
    assert statuses(batch(one / "in", one / "out", PanWork(SETTINGS), how)) == ["done"]
    assert len(hearing) == 2


def test_another_encoder_paints_the_same_maps_again(one, hearing):
    film(one, HEAT, keep=True)
    other = dataclasses.replace(HEAT, encoder=EncoderSettings(preset="superfast"))
    again = film(one, other, keep=True)
    assert len(hearing) == 1
    assert again == film(one, other, output="anew")
    assert made(one / "out") == [["maps", "film", "film"]]


def test_damaged_maps_do_not_fail_a_clip_for_ever(one):
    film(one, PanWork(SETTINGS), keep=True)
    (maps,) = (one / "out" / STATE_FOLDER).rglob("*.npz")
    maps.write_bytes(maps.read_bytes()[:1000])
    results = [
        batch(one / "in", one / "out", PanWork(LARGER), options(keep=True))
        for _ in range(2)
    ]
    assert [statuses(result) for result in results] == [["failed"], ["done"]]


def test_a_page_that_is_asked_for_later_is_made(one, hearing):
    film(one, PanWork(SETTINGS), keep=True)
    film(one, PanWork(SETTINGS, has_page=True), keep=True)
    assert (one / "out/a-why.png").is_file()
    assert len(hearing) == 1
    result = batch(one / "in", one / "out", PanWork(SETTINGS), options(keep=True))
    assert statuses(result) == ["skipped"]


def test_a_finished_clip_knows_how_long_it_took_and_how_it_looks(one):
    film(one, PanWork(SETTINGS))
    (state,) = states(one / "out")
    assert state.summary.duration_s == pytest.approx(0.6, abs=0.1)
    assert state.stages["maps"].seconds > 0.0
    assert state.stages["film"].seconds > 0.0
    data = np.frombuffer(base64.b64decode(state.summary.thumbnail), np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_COLOR).shape == (72, 128, 3)


def test_a_thumbnail_shows_the_middle_of_a_film(tmp_path):
    def paint(k):
        return np.full((36, 64, 3), (255, 0, 0) if 8 <= k <= 12 else 90, np.uint8)

    film = write_clip(tmp_path / "film.mp4", Clip(64, 36, n_pictures=20, paint=paint))
    data = np.frombuffer(base64.b64decode(thumbnail(film)), np.uint8)
    blue, green, red = cv2.imdecode(data, cv2.IMREAD_COLOR).mean(axis=(0, 1))
    assert red > 200.0 > 60.0 > max(green, blue)


def run(folder, *words):
    where = ["batch", str(folder / "in"), "-o", str(folder / "out")]
    return CliRunner().invoke(main, [*where, "--size", "64x36", *words])


def test_one_line_tells_what_became_of_each_clip(tmp_path, hearing):
    write_clips(tmp_path / "in", 2)
    (tmp_path / "in/b.mp4").write_text("no film")
    result = run(tmp_path)
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first.startswith("pano: done a.mp4; in ")
    assert "1 to do; about" in first
    assert second.startswith("pano: failed b.mp4; ")
    again = run(tmp_path, "--no-retry-failed")
    assert again.exit_code == 1
    assert again.stderr.splitlines()[0] == "pano: skipped a.mp4"


def test_a_dry_run_films_nothing(one, hearing):
    result = run(one, "--dry-run", "--json")
    assert result.exit_code == 0
    (clip,) = json.loads(result.stdout)["clips"]
    assert clip["status"] == "planned"
    assert clip["reason"].startswith("maps, path, film; a clip of ")
    assert not hearing
    assert not (one / "out").exists()


@pytest.mark.slow
def test_clips_at_once_are_the_same_as_one_after_another(one):
    write_clips(one / "more", 3)
    films = []
    for n_jobs in ("1", "2"):
        output = one / f"out{n_jobs}"
        words = ["batch", one / "more", "-o", output, "--size", "64x36", "--quiet"]
        words += ["--preset", red_batch.REPEATABLE]
        subprocess.run(
            [sys.executable, red_batch.__file__, *words, "--jobs", n_jobs],
            check=True,
            env=os.environ | {"HEARD": str(output.with_suffix(".heard"))},
        )
        films.append([(output / f"{name}.mp4").read_bytes() for name in "abc"])
        assert len(output.with_suffix(".heard").read_text().splitlines()) == 3
    assert films[0] == films[1]
