"""Drawn 360° clips for the jobs: a red disc on grey, and a tone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pano.sphere import angles_deg_to_pixel
from tests.synthetic import Clip, SoundTrack, sine, write_clip

WIDTH_PX, HEIGHT_PX = 480, 240
RATE_HZ = 15


def red_disc(yaw_deg: float, pitch_deg: float, ground: int = 90):
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), ground, np.uint8)
    x, y = angles_deg_to_pixel(yaw_deg, pitch_deg, WIDTH_PX, HEIGHT_PX)
    for turn in (-WIDTH_PX, 0, WIDTH_PX):
        place = (round(float(x)) + turn, round(float(y)))
        cv2.circle(image, place, 16, (255, 0, 0), -1)
    return image


@pytest.fixture
def clip_of_disc(tmp_path) -> Callable[..., Path]:
    """Write a clip whose red disc is at `yaw_deg(time_s)`."""

    def write(
        yaw_deg,
        *,
        pitch_deg: float = 0.0,
        duration_s: float = 3.0,
        sound_s: float | None = None,
        silent: bool = False,
        rate_hz: int = RATE_HZ,
        ground: Callable[[float], int] = lambda _: 90,
        name: str = "clip.mp4",
    ) -> Path:
        track = SoundTrack(sine(duration_s if sound_s is None else sound_s))
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        return write_clip(
            tmp_path / name,
            Clip(
                WIDTH_PX,
                HEIGHT_PX,
                rate=Fraction(rate_hz),
                n_pictures=round(duration_s * rate_hz),
                sound=None if silent else track,
                paint=lambda k: red_disc(
                    yaw_deg(k / rate_hz), pitch_deg, ground(k / rate_hz)
                ),
            ),
        )

    return write


@pytest.fixture(autouse=True)
def _few_noises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hear four synthetic noises per split, not 240: nothing here depends on more."""
    monkeypatch.setattr("soundloc.data.feature_cache.N_NOISES", 4)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start the Chromium of this machine, driven by Playwright, where both are."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=program,
            args=(
                "--no-sandbox",
                "--use-angle=swiftshader",
                "--enable-unsafe-swiftshader",
                "--ignore-gpu-blocklist",
            ),
        )
        yield chromium
        chromium.close()
