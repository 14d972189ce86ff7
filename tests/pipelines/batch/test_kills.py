"""A batch that is killed at any moment and started again: as if nothing had been."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pano_jobs.batch.stages.state import STATE_FOLDER
from tests.pipelines.batch import kill_batches
from tests.pipelines.batch.quick_work import made
from tests.synthetic import Clip, SoundTrack, sine, write_clip

N_CLIPS = 2


def red_disc(k: int):
    image = np.full((60, 120, 3), 90, np.uint8)
    cv2.circle(image, (30 + 4 * k, 30), 6, (255, 0, 0), -1)
    return image


def write_clips(folder: Path, n_clips: int = N_CLIPS, n_pictures: int = 9) -> None:
    folder.mkdir()
    sound = SoundTrack(sine(n_pictures / 15))
    clip = Clip(120, 60, Fraction(15), n_pictures, sound=sound, paint=red_disc)
    for name in "abcdef"[:n_clips]:
        write_clip(folder / f"{name}.mp4", clip)


def products(output: Path) -> dict[str, bytes]:
    """Return all that a batch leaves, but for the times in it."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.suffix not in (".json", ".html")
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks")
@pytest.mark.parametrize(
    ("n_kills", "options", "n_products"),
    [
        (6, ["--aspect", "1:1", "--aspect", "16:9"], 2),
        pytest.param(50, [], 1, marks=pytest.mark.slow),
        pytest.param(6, ["--why"], 2, marks=pytest.mark.slow),
        pytest.param(6, ["--job", "saliency"], 1, marks=pytest.mark.slow),
        pytest.param(12, ["--part", "1"], 1, marks=pytest.mark.slow),
    ],
    ids=["aspects", "often", "page", "heat map", "parts"],
)
def test_a_killed_batch_goes_on_as_if_it_had_not_been(
    tmp_path, n_kills, options, n_products
):
    write_clips(tmp_path / "in", n_pictures=40 if "--part" in options else 9)
    ran = subprocess.run(
        [sys.executable, kill_batches.__file__, tmp_path, "0", str(n_kills), *options],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    kills = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(kills) == n_kills
    calm = products(tmp_path / "calm")
    assert len(calm) == n_products * N_CLIPS
    for kill in kills:
        assert kill["code"] == 0, (kill, ran.stderr)
        output = Path(kill["output"])
        assert products(output) == calm  # and nothing else: no part, no lock
        assert kill["heard"] == N_CLIPS - kill["done"]
        stages = ["maps", "film"] if "saliency" in options else ["maps", "path", "film"]
        assert made(output) == [stages] * N_CLIPS
        left = {path.suffix for path in (output / STATE_FOLDER).iterdir()}
        assert left == {".json"}
    assert any(kill["killed"] for kill in kills)
